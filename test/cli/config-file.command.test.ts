/** `--config`, and the configuration in the working directory. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MatrixConfig } from '../../harness/api/options.ts';
import { runCommand } from '../../harness/cli/run-command.ts';
import { expectNothingLeft, openPlace, type Place, TEN_LINES } from '../lab/command.ts';
import { HOW_OPTIONS } from '../lab/how-options.ts';

let place: Place;
beforeAll(() => {
  place = openPlace();
  place.write({ 'ten.cjs': TEN_LINES });
});
afterAll(() => place.close());

/** The cells that `run --list` names in a directory with these files. */
async function listed(files: { readonly [path: string]: string }, args: readonly string[] = []) {
  const name = `in-${Object.keys(files).join('-')}-${args.join('')}`.replace(/[^\w-]/g, '-');
  mkdirSync(join(place.root, name));
  symlinkSync(join(place.root, 'ten.cjs'), join(place.root, name, 'ten.cjs'));
  place.write(Object.fromEntries(Object.entries(files).map(([path, text]) => [join(name, path), text])));
  const tmp = place.tmp();
  const ended = await place.run(['run', '--list', ...args], { cwd: join(place.root, name), tmp });
  await expectNothingLeft(tmp);
  return ended;
}

const CONFIG = `import { defineConfig } from 'crash-matrix';
  const model: string = 'process-kill';
  export default defineConfig({ store: './ten.cjs', scenario: ['replace', 'first-save'], model });`;

test('the file in the working directory says what runs, and the command line goes before it', async () => {
  expect((await listed({ 'crash-matrix.config.ts': CONFIG })).stdout.split('\n')).toEqual([
    'ten/first-save/process-kill',
    'ten/replace/process-kill',
  ]);
  const { stdout } = await listed({ 'crash-matrix.config.ts': CONFIG }, ['--scenario', 'reset', '--model', 'io-error']);
  expect(stdout).toBe('ten/reset/io-error');
});

test('--config names another, which may be plain JavaScript', async () => {
  const other = `export default { store: ['./ten.cjs'], scenario: 'reset', model: 'power-loss:xfs' };`;
  const { stdout } = await listed({ 'crash-matrix.config.ts': CONFIG, 'other.mjs': other }, ['--config', 'other.mjs']);
  expect(stdout).toBe('ten/reset/power-loss:xfs');
});

test.each<[string, string, readonly string[]]>([
  ['an unknown key', `export default { modle: 'race' };`, ['crash-matrix.config.js: unknown option "modle"; did you mean model?']],
  [
    'a value that cannot be',
    `export default { effort: 'fast' };`,
    ['the option effort cannot be "fast"', 'Allowed choices are quick, standard, deep.'],
  ],
  ['what is of one run', `export default { shard: '1/2' };`, ['unknown option "shard"']],
  ['no default export', `export const store = './ten.cjs';`, ['crash-matrix.config.js has no options', 'Export them as default']],
  ['a syntax error', `export default {`, ['crash-matrix.config.js does not build']],
  [
    'an error',
    `throw new Error('no configuration today');`,
    ['crash-matrix.config.js threw while it was loaded', 'no configuration today'],
  ],
  [
    'a wait for ever',
    `export default { store: './ten.cjs' }; await new Promise(() => {});`,
    ['crash-matrix.config.js does not come to its end', 'must not wait'],
  ],
  ['the end of the process', `process.exit(0);`, ['crash-matrix.config.js ends the process', 'Leave out process.exit']],
])('%s is refused', async (what, text, messages) => {
  const { stdout, stderr, exitCode } = await listed({ 'crash-matrix.config.js': text, [what.replaceAll(' ', '-')]: '' });
  for (const message of messages) expect(stderr).toContain(message);
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
});

test('an exit code that a configuration sets is not that of the command', async () => {
  const cell = ['--scenario', 'replace', '--model', 'process-kill', '--observe', '--depth', '1'];
  place.write({ 'coded.mjs': `process.exitCode = 0; export default { store: './ten.cjs' };` });
  const { exitCode, stdout } = await place.run(['run', '--config', 'coded.mjs', ...cell]);
  expect([exitCode, stdout]).toEqual([1, expect.stringContaining('1 claim broken')]);
});

test('a file that is not there is refused', async () => {
  const { stderr, exitCode } = await listed({}, ['--config', './none.ts']);
  expect(stderr).toContain('--config ./none.ts: there is no such file');
  expect(exitCode).toBe(2);
});

/** Each name once: the compiler compares them with the type. */
const NAMES = {
  ...HOW_OPTIONS,
  store: 0,
  bail: 0,
  allCases: 0,
  reporter: 0,
  outputDir: 0,
  baseline: 0,
  redact: 0,
  timings: 0,
} satisfies { readonly [name in keyof MatrixConfig]-?: 0 };

test('the types name each option of `run` that a file may have', () => {
  const ofOneRun = ['config', 'list', 'shard', 'updateBaseline', 'watch', 'dir', 'setup', 'check', 'init', 'trace'];
  const options = runCommand.options.map((option) => option.attributeName());
  expect(options.sort()).toEqual([...Object.keys(NAMES), ...ofOneRun].sort());
});
