/** The guide's debounced store from the command line: found, replayed, in each report; and its mend. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findInstallation } from '../../../harness/machine/installation.ts';
import { openPlace, type Place } from '../../lab/command.ts';

const guide = readFileSync(join(findInstallation(import.meta.url).root, 'docs/guide/quits.md'), 'utf8');
const [store = '', mend = ''] = [...guide.matchAll(/```js\n(.*?)```/gs)].map(([, text]) => text ?? '');

let place: Place;
beforeAll(() => {
  place = openPlace();
  place.write({ 'debounced.mjs': store, 'mended.mjs': store.replace('export default', `${mend}\nexport default`) });
});
afterAll(() => place.close());

const QUIT = ['--model', 'quit', '--scenario', 'replace'];

test('the guide shows what is found, and each report knows it', async () => {
  const reporters = ['terminal', 'json', 'junit', 'sarif', 'html'].flatMap((name) => ['--reporter', name]);
  const { exitCode, stdout } = await place.run(['run', '--store', './debounced.mjs', ...QUIT, ...reporters, '--output-dir', 'reports']);
  expect(exitCode).toBe(1);
  const [, shown = ''] = /```\n(1 {2}debounced: .*?)```/s.exec(guide) ?? [];
  expect(stdout).toContain(shown);
  const report = (file: string): string => readFileSync(join(place.root, 'reports', file), 'utf8');
  const { cells, causes, cases } = JSON.parse(report('crash-matrix.json'));
  expect(cells).toMatchObject([{ model: 'quit', grade: 'lossy', tried: { kind: 'quits', asked: 0, asKills: 5 } }]);
  expect(causes).toMatchObject([{ mechanism: 'promised-unwritten', site: { file: 'debounced.mjs', line: 8 } }]);
  expect(cases[0]).toMatchObject({ quitBy: expect.stringContaining('SIGTERM, which nothing handles') });
  for (const file of ['crash-matrix.junit.xml', 'crash-matrix.sarif', 'crash-matrix.html'])
    expect(report(file), file).toContain(file.endsWith('html') ? '<script' : 'comes only after it was promised');
});

test('a case is replayed', async () => {
  const { exitCode, stdout } = await place.run(['replay', 'debounced/replace/quit@0~SIGTERM', '--store', './debounced.mjs']);
  expect(exitCode).toBe(1);
  expect(stdout).toContain('── step 1 (save) resolved ──\n  ── SIGTERM here, before op 1 ──');
  const other = await place.run(['replay', 'mended/replace/quit@0~SIGINT', '--store', './mended.mjs']);
  expect(other.exitCode).toBe(0);
  expect(other.stdout).toMatch(
    /then, until the process ended\n[\s\S]*rename notes.json.tmp -> notes.json[\s\S]*the process ended here, after op 4/,
  );
});

test('the mend of the guide is enough', async () => {
  const { exitCode, stdout } = await place.run(['run', '--store', './mended.mjs', ...QUIT]);
  expect(stdout).toContain('every claim was kept');
  expect(exitCode).toBe(0);
});

test('--help and doctor know it', async () => {
  expect((await place.run(['run', '--help'])).stdout).toContain('process-kill, quit,');
  expect((await place.run(['doctor'])).stdout).toMatch(/model quit +the process ends .*SIGTERM/);
});
