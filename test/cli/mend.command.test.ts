/** A store is mended for real: the edit is printed, written, and nothing is found any more. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findInstallation } from '../../harness/machine/installation.ts';
import { openPlace } from '../lab/command.ts';

const place = openPlace();
afterAll(() => place.close());

const readme = readFileSync(join(findInstallation(import.meta.url).root, 'README.md'), 'utf8');
const blockIn = (language: string, start: string): string =>
  [...readme.matchAll(/^```(?<is>\w*)\n(?<text>[\s\S]*?)\n```$/gm)].find(
    ({ groups }) => groups?.is === language && groups.text?.startsWith(start),
  )?.groups?.text ?? '';
const NOTES = `${blockIn('ts', 'import { readFileSync, writeFileSync }')}\n`;
const FEW = ['--store', './notes.ts', '--scenario', 'replace', '--model', 'process-kill,power-loss:xfs'];

test('the store of the README is mended by the diff that it shows, and --write writes it', async () => {
  place.write({ 'notes.ts': NOTES });
  const [, ...args] = blockIn('', 'crash-matrix mend').split(' ');
  expect(args).toEqual(['mend', ...FEW]);
  const shown = await place.run(args);
  expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('checked: the cause is gone in all 2 cells') });
  expect(shown.stdout).toContain(blockIn('diff', '--- a/notes.ts'));
  expect(readFileSync(join(place.root, 'notes.ts'), 'utf8')).toBe(NOTES);

  const written = await place.run([...args, '--write']);
  expect(written).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('wrote notes.ts') });
  const text = readFileSync(join(place.root, 'notes.ts'), 'utf8');
  const added = blockIn('diff', '--- a/notes.ts')
    .split('\n')
    .filter((line) => /^\+[^+]/.test(line));
  for (const line of added) expect(text).toContain(line.slice(1));
  expect(readdirSync(place.root).filter((name) => !name.startsWith('tmp-'))).toEqual(['notes.ts']);
});

test('nothing is written into a file that is changed while its store runs', async () => {
  const touches = NOTES.replace('import { readFileSync,', 'import { appendFileSync, readFileSync,')
    .replace('=> writeFileSync(', "=> {\n    appendFileSync(__filename, '//');\n    writeFileSync(")
    .replace('JSON.stringify(notes)),', 'JSON.stringify(notes));\n  },');
  place.write({ 'touches.ts': touches });
  const { exitCode, stderr } = await place.run([
    'mend',
    '--store',
    './touches.ts',
    '--scenario',
    'replace',
    '--model',
    'process-kill',
    '--write',
  ]);
  expect(stderr).toContain('touches.ts was changed while its store ran; nothing was written');
  expect(exitCode).toBe(2);
  expect(readFileSync(join(place.root, 'touches.ts'), 'utf8')).not.toContain('renameSync');
});

test('a cause that no rule can edit has a hint, said to be one, and the exit code says so', async () => {
  const { exitCode, stdout } = await place.run(['mend', '--store', 'rename-away', '--scenario', 'replace', '--model', 'process-kill']);
  expect(stdout).toContain('no edit is made, because it takes more than a barrier, and no rule rewrites such code');
  expect(stdout).toContain('a hint, not tried: link or copy the backup');
  expect(exitCode).toBe(1);
});

test.each([
  ['no store', ['mend'], 'mend needs --store'],
  ['a cause that no run gives', ['mend', 'notes/written-in-place/00000000', ...FEW], 'unknown cause "notes/written-in-place/00000000"'],
])('%s is usage', async (_, args, message) => {
  place.write({ 'notes.ts': NOTES });
  const { exitCode, stderr } = await place.run(args);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});
