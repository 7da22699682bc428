/** What a store saved is in no report that `--redact` wrote. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { openPlace, TEN_LINES } from '../lab/command.ts';

const place = openPlace();
afterAll(() => place.close());

const SECRET = 'correct horse battery';
/** It quotes what it cannot read, and its file names what is saved. */
const STORE = TEN_LINES.replace(
  'module.exports = {',
  `const value = { password: '${SECRET}', list: ['${SECRET}'] };
module.exports = {
  scenarios: [{ name: 'own', history: () => ({ before: [{ kind: 'save', value: '${SECRET}' }], steps: [{ kind: 'save', value }] }) }],`,
).replace(
  "return JSON.parse(fs.readFileSync(join(dir, 'value.json'), 'utf8'));",
  `const text = fs.readFileSync(join(dir, 'value.json'), 'utf8');
    try {
      return JSON.parse(text);
    } catch {
      throw new Error('this is no JSON: ${SECRET} ' + text);
    }`,
);

const unpacked = (text: string): string =>
  text.replaceAll(/<script type="[^"]*" id="[^"]*">([^<]*)<\/script>/g, (_, data: string) =>
    gunzipSync(Buffer.from(data, 'base64')).toString(),
  );

function holding(directory: string): string[] {
  const root = join(place.root, directory);
  return readdirSync(root).filter((name) => unpacked(readFileSync(join(root, name), 'utf8')).includes(SECRET));
}

test('run and merge', async () => {
  place.write({ 'own.cjs': STORE });
  const run = ['run', '--store', './own.cjs', '--scenario', 'own', '--model', 'process-kill,power-loss:ext4', '--depth', '1'];
  const reporters = ['--reporter', 'terminal,json,markdown,junit,sarif,html'];
  const shown = await place.run([...run, '--shard', '1/1', ...reporters, '--output-dir', 'open']);
  expect(holding('open')).toContain('crash-matrix.html');
  expect(shown.stdout).toContain(SECRET.slice(0, 24));
  const redacted = await place.run([...run, ...reporters, '--output-dir', 'redacted', '--redact']);
  const merged = await place.run(['merge', 'open', ...reporters, '--output-dir', 'merged', '--redact']);
  expect([holding('redacted'), holding('merged')]).toEqual([[], []]);
  for (const { exitCode, stdout } of [redacted, merged]) {
    expect(exitCode).toBe(1);
    expect(stdout).not.toContain(SECRET);
    expect(stdout).toMatch(/threw Error: <\d+ characters, sha256 [0-9a-f]{16}>/);
  }
});

test('show; a page is refused, because it cannot be redacted', async () => {
  await place.run(['show', 'open/crash-matrix.json', '--redact'], { env: { PATH: '' } });
  expect(holding('open')).not.toContain('crash-matrix.html');
  const { exitCode, stderr } = await place.run(['show', 'open/crash-matrix.html', '--redact']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('a page cannot be redacted');
});
