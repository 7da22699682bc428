/** From `--reporter` and `--output-dir` to reports. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Option } from 'commander';
import { UsageError } from '../domain/errors.ts';
import { didYouMean, oneOf } from '../domain/nearest.ts';
import type { Result } from '../domain/result.ts';
import { counted, printable } from '../domain/words.ts';
import { REPORTERS, type Reporter } from '../report/all.ts';
import { list, redact } from './options.ts';
import type { Output } from './output.ts';
import { writableDirectory, writableFile, writeResult } from './writable-destination.ts';

interface Wanted {
  /** As on the command line. */
  readonly reporter: readonly string[];
  readonly outputDir?: string;
}

const REPORTER_NAMES: readonly string[] = REPORTERS.map(({ name }) => name);
/** Names of the reporters that can write to `--output-dir`. */
const NAMES_WITH_FILE: readonly string[] = REPORTERS.flatMap(({ name, file }) => (file === undefined ? [] : [name]));

/** The options of every command that reports. */
export const reportOptions = (): Option[] => [
  list('--reporter <name>', `${oneOf(REPORTER_NAMES)}; as ${NAMES_WITH_FILE[0]}=<file> it writes that file`, REPORTERS[0].name),
  new Option('--output-dir <dir>', `where the files of ${NAMES_WITH_FILE.join(', ')} are written`),
  redact(),
];

/** A reporter, and where its text goes; printed where no file is named. */
export interface Chosen {
  readonly reporter: Reporter;
  readonly path?: string;
}

/** In the order of the list. Throws `UsageError` for a name that is not in it, and where what was asked for has no place to go. */
export function chosenReporters({ reporter: wanted, outputDir }: Wanted): readonly Chosen[] {
  const asked = wanted.map(nameAndFile);
  for (const { name, path } of asked) {
    const known = REPORTERS.find((one) => one.name === name);
    if (known === undefined) throw new UsageError(didYouMean('reporter', name, REPORTER_NAMES));
    if (path !== undefined && known.file === undefined)
      throw new UsageError(`the reporter ${name} prints, and writes no file`, `These write one: ${NAMES_WITH_FILE.join(', ')}`);
    if (path === '') throw new UsageError(`--reporter ${name}= names no file`, `For example: --reporter ${name}=report/${known.file}`);
  }
  const names = asked.map(({ name }) => name);
  const inDirectory = ({ file }: Reporter): string | undefined =>
    file === undefined || outputDir === undefined ? undefined : join(outputDir, file);
  const chosen = (names.length === 0 ? [REPORTERS[0]] : REPORTERS.filter(({ name }) => names.includes(name))).map((reporter): Chosen => {
    const path = asked.find(({ name, path: named }) => name === reporter.name && named !== undefined)?.path ?? inDirectory(reporter);
    return { reporter, ...(path !== undefined && { path }) };
  });
  const printed = chosen.filter(({ path }) => path === undefined);
  if (printed.length > 1 && printed.some(({ reporter: { file } }) => file !== undefined))
    throw new UsageError('several reporters need --output-dir', 'Say where the files go: --output-dir crash-matrix-report');
  if (outputDir !== undefined && chosen.every(({ reporter, path }) => path === undefined || path !== inDirectory(reporter)))
    throw new UsageError('--output-dir has nothing to hold', `Say what is written there: --reporter ${REPORTER_NAMES.join(',')}`);
  return chosen;
}

/** Before the work, not after it: throws UsageError where a report could not be written. */
export function mustBeWritable(reporters: readonly Chosen[], outputDir: string | undefined): void {
  if (outputDir !== undefined) writableDirectory('--output-dir', outputDir);
  for (const { path } of reporters) if (path !== undefined) writableFile('--reporter', path);
}

/** `markdown=reports/deep.md` -> `markdown` and `reports/deep.md`. */
function nameAndFile(text: string): { readonly name: string; readonly path?: string } {
  const at = text.indexOf('=');
  return at < 0 ? { name: text } : { name: text.slice(0, at), path: text.slice(at + 1) };
}

/** `jobSummary`: the file of a CI job's summary, if there is one. Throws `UnavailableError` if the file of a report cannot be written. */
export async function report({ reporter, path }: Chosen, result: Result, output: Output, jobSummary?: string): Promise<void> {
  const text = reporter.render(result, output);
  if (reporter.summary !== undefined && jobSummary) await addTo(jobSummary, (taken) => reporter.summary?.(result, taken) ?? '', output);
  if (path === undefined) {
    if (text !== '') output.print(text.trimEnd());
    return;
  }
  await writeResult(path, text);
  output.note(`wrote ${path}`);
}

/** What a summary lacks is no reason to fail a run: the report itself was printed, or is in its file. */
async function addTo(path: string, summary: (taken: number) => string, output: Output): Promise<void> {
  try {
    const handle = await open(path, 'a');
    try {
      const { size } = await handle.stat();
      const text = summary(size);
      if (text === '') throw new Error(`it has ${counted(size, 'byte')} already, and holds no more`);
      await handle.appendFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    output.note(printable(`nothing was added to the job summary: ${error instanceof Error ? error.message : error}`));
  }
}
