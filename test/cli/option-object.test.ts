import { expect, test } from 'vitest';
import type { MatrixOptions } from '../../harness/api/options.ts';
import { matrixOptions } from '../../harness/cli/matrix-options.ts';
import { flagsOf } from '../../harness/cli/option-object.ts';
import { parseProgram } from '../../harness/cli/program.ts';
import { runCommand } from '../../harness/cli/run-command.ts';
import { HOW_OPTIONS } from '../lab/how-options.ts';

const options = matrixOptions();
const flags = (given: { readonly [name: string]: unknown }): { [name: string]: unknown } => flagsOf({ given, options });

/** What the command line makes of its arguments, without the options that only it has. */
async function ofCommandLine(args: readonly string[]): Promise<object> {
  let parsed: object = {};
  const output = { columns: 80, colors: false, print: () => {}, note: () => {} };
  await parseProgram(['run', ...args], output, async (_, __, found) => {
    parsed = found;
  });
  const names = options.map((option) => option.attributeName());
  return Object.fromEntries(Object.entries(parsed).filter(([name]) => names.includes(name)));
}

test.each<[string, { readonly [name: string]: unknown }, string[]]>([
  ['nothing', {}, []],
  ['one name for a list', { store: './a.ts' }, ['--store', './a.ts']],
  ['lists', { store: ['a', 'b'], model: ['race'] }, ['--store', 'a', '--store', 'b', '--model', 'race']],
  ['numbers', { timeout: 2.5, seed: -3, histories: 7, depth: 1 }, ['--timeout', '2.5', '--seed', '-3', '--histories', '7', '--depth', '1']],
  ['a choice', { effort: 'deep' }, ['--effort', 'deep']],
  ['flags', { strict: true, bail: false }, ['--strict']],
  ['what is on by default', { cache: false, cacheDir: 'kept' }, ['--no-cache', '--cache-dir', 'kept']],
  ['a part', { shard: '2/3' }, ['--shard', '2/3']],
  ['undefined', { effort: undefined, cache: undefined }, []],
])('%s: the flags are those of the command line', async (_, given, args) => {
  expect(flags(given)).toEqual(await ofCommandLine(args));
});

test.each<[{ readonly [name: string]: unknown }, string, string]>([
  [{ modle: 'race' }, 'unknown option "modle"; did you mean model?', ''],
  [{ cache_dir: 'x' }, 'did you mean cacheDir?', ''],
  [{ effort: 'fast' }, 'the option effort cannot be "fast"', 'Allowed choices are quick, standard, deep.'],
  [{ timeout: 0 }, 'the option timeout cannot be 0', 'It must be a number greater than 0.'],
  [{ depth: 10 }, 'the option depth cannot be 10', 'It must be a whole number from 1 to 9.'],
  [{ depth: 2.5 }, 'the option depth cannot be 2.5', 'It must be a whole number from 1 to 9.'],
  [{ seed: 1.5 }, 'the option seed cannot be 1.5', 'It must be a whole number.'],
  [{ strict: 'yes' }, 'the option strict cannot be "yes"', 'It must be true or false.'],
  [{ cache: 0 }, 'the option cache cannot be 0', 'It must be true or false.'],
  [{ model: [1] }, 'the option model cannot be [1]', 'It must be a text, or a list of texts.'],
  [{ recorder: {} }, 'the option recorder cannot be {}', 'It must be a text or a number.'],
])('%j is refused', (given, message, detail) => {
  expect(() => flags(given)).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringContaining(message) }));
  if (detail !== '') expect(() => flags(given)).toThrow(expect.objectContaining({ detail }));
});

/** Each name once: the compiler compares them with the type. */
const NAMES = {
  ...HOW_OPTIONS,
  store: 0,
  shard: 0,
  bail: 0,
  allCases: 0,
} satisfies { readonly [name in Exclude<keyof MatrixOptions, 'cwd' | 'signal'>]: 0 };

test('every option of a program is one of `run`, and the types name them all', () => {
  expect(options.map((option) => option.attributeName()).sort()).toEqual(Object.keys(NAMES).sort());
  const others = runCommand.options.map((option) => option.attributeName()).filter((name) => !(name in NAMES));
  const reporting = ['baseline', 'config', 'list', 'outputDir', 'redact', 'reporter', 'timings', 'updateBaseline', 'watch'];
  expect(others.sort()).toEqual([...reporting, 'check', 'dir', 'init', 'setup', 'trace'].sort());
});
