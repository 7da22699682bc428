/** `--baseline` and `--update-baseline`: read before the run, so that a bad file costs nothing; held against the result after it. */
import { existsSync } from 'node:fs';
import { Option } from 'commander';
import type { Baseline } from '../domain/baseline.ts';
import { UsageError } from '../domain/errors.ts';
import type { Result } from '../domain/result.ts';
import { counted } from '../domain/words.ts';
import { baselineOf, heldAgainst } from '../explain/baseline.ts';
import { isCi } from '../machine/ci.ts';
import { BASELINE, readJsonFile } from './json-file.ts';
import { flag } from './options.ts';
import type { Output } from './output.ts';
import { writableFile, writeResult } from './writable-destination.ts';

export interface BaselineFlags {
  readonly baseline?: string;
  readonly updateBaseline: boolean;
  readonly bail: boolean;
}

export const baselineOptions = (): Option[] => [
  new Option('--baseline <file>', 'causes that are known: the run fails by new ones, by wider ones, and by those that are mended'),
  flag('--update-baseline', 'write that file from what this run finds; refused in CI'),
];

/** What is to be done with a result. Throws UsageError. `env`: where CI says that it is CI. */
export function openBaseline(
  { baseline: file, updateBaseline: updates, bail }: BaselineFlags,
  env: NodeJS.ProcessEnv,
  output: Output,
): (result: Result) => Promise<Result> {
  if (file === undefined) {
    if (updates)
      throw new UsageError('--update-baseline needs --baseline', 'For example: --baseline crash-baseline.json --update-baseline');
    return async (result) => result;
  }
  if (bail) throw new UsageError('--bail stops at a broken claim, also at one that the baseline knows', 'Leave out one of the two.');
  if (updates && isCi(env))
    throw new UsageError('--update-baseline is refused in CI: nobody would see what became known', 'Run it where you can commit the file.');
  if (updates) writableFile('--baseline', file);
  const isThere = existsSync(file);
  if (!isThere && !updates) throw new UsageError(`--baseline ${file}: there is no such file`, '--update-baseline makes it.');
  const known: Baseline | undefined = isThere ? readJsonFile('--baseline', file, BASELINE) : undefined;
  return async (result) => {
    if (!updates) return heldAgainst(result, known ?? baselineOf(result), file);
    const next = baselineOf(result, known);
    await writeResult(file, `${JSON.stringify(next, null, 2)}\n`);
    output.note(`wrote ${file}: ${counted(next.causes.length, 'known cause')}`);
    return heldAgainst(result, next, file);
  };
}
