/** `crash-matrix merge`: the reports of one run, from the results of its shards. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../domain/errors.ts';
import { failsGate } from '../explain/baseline.ts';
import { mergeShards } from '../explain/merge.ts';
import { redactedResult } from '../explain/redacted.ts';
import { type BaselineFlags, baselineOptions, openBaseline } from './baseline.ts';
import type { CliCommand } from './command.ts';
import { RESULT, readJsonFile } from './json-file.ts';
import { group } from './options.ts';
import { chosenReporters, mustBeWritable, report, reportOptions } from './reporters.ts';

interface MergeFlags extends Omit<BaselineFlags, 'bail'> {
  readonly reporter: readonly string[];
  readonly outputDir?: string;
  readonly redact: boolean;
}

export const mergeCommand: CliCommand<MergeFlags> = {
  name: 'merge',
  description: 'make the reports of one run from the results of its shards',
  arguments: [{ name: 'results', description: 'a crash-matrix.json of each shard, or directories with them', several: true }],
  options: [...group('Gate:', baselineOptions()), ...group('Reports:', reportOptions())],
  examples: ['crash-matrix merge shard-1 shard-2 shard-3 --reporter terminal,html --output-dir report'],
  run: async (given, flags, output) => {
    const reporters = chosenReporters(flags);
    const held = openBaseline({ ...flags, bail: false }, process.env, output);
    mustBeWritable(reporters, flags.outputDir);
    const parts = given.flatMap(filesIn).map((name) => ({ name, result: readJsonFile('merge', name, RESULT) }));
    const result = await held(mergeShards(parts));
    const shown = flags.redact ? redactedResult(result) : result;
    for (const chosen of reporters) await report(chosen, shown, output, process.env.GITHUB_STEP_SUMMARY);
    return failsGate(result) ? 1 : 0;
  },
};

/** Of a directory, every JSON file in it. */
function filesIn(path: string): string[] {
  if (!isDirectory(path)) return [path];
  const found = readdirSync(path)
    .filter((name) => name.endsWith('.json'))
    .sort();
  if (found.length === 0)
    throw new UsageError(`merge ${path}: there is no result in it`, 'Shards write one: --reporter json --output-dir.');
  return found.map((name) => join(path, name));
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
