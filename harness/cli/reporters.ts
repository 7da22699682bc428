/** From `--reporter` and `--output-dir` to reports. */
import { join } from 'node:path';
import { UnavailableError, UsageError } from '../domain/errors.ts';
import { didYouMean } from '../domain/nearest.ts';
import type { Result } from '../domain/result.ts';
import { replaceFile } from '../machine/replace-file.ts';
import { REPORTERS, type Reporter } from '../report/all.ts';
import type { Output } from './output.ts';

interface Wanted {
  /** As on the command line. */
  readonly reporter: readonly string[];
  readonly outputDir?: string;
}

export const REPORTER_NAMES: readonly string[] = REPORTERS.map(({ name }) => name);
/** Names of the reporters that can write to `--output-dir`. */
export const NAMES_WITH_FILE: readonly string[] = REPORTERS.flatMap(({ name, file }) => (file === undefined ? [] : [name]));

/** In the order of the list. Throws `UsageError` for a name that is not in it, and where what was asked for has no place to go. */
export function chosenReporters({ reporter: names, outputDir }: Wanted): readonly Reporter[] {
  for (const name of names) if (!REPORTER_NAMES.includes(name)) throw new UsageError(didYouMean('reporter', name, REPORTER_NAMES));
  if (names.length > 1 && outputDir === undefined)
    throw new UsageError('several reporters need --output-dir', 'Say where the files go: --output-dir crash-matrix-report');
  const chosen = names.length === 0 ? [REPORTERS[0]] : REPORTERS.filter(({ name }) => names.includes(name));
  if (outputDir !== undefined && chosen.every(({ file }) => file === undefined))
    throw new UsageError('--output-dir has nothing to hold', `Say what is written there: --reporter ${REPORTER_NAMES.join(',')}`);
  return chosen;
}

/** Throws `UnavailableError` if the file of a report cannot be written. */
export async function report({ file: name, render }: Reporter, result: Result, { outputDir }: Wanted, output: Output): Promise<void> {
  const text = render(result, output);
  if (name === undefined || outputDir === undefined) {
    output.print(name === undefined ? text : text.trimEnd());
    return;
  }
  const file = join(outputDir, name);
  await replaceFile(file, text).catch((error: Error) => {
    throw new UnavailableError(error.message, { cause: error });
  });
  output.note(`wrote ${file}`);
}
