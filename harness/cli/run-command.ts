/** `crash-matrix run`. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Option } from 'commander';
import { cellName } from '../domain/case-id.ts';
import { UsageError } from '../domain/errors.ts';
import type { Program } from '../domain/program.ts';
import { failsGate } from '../explain/baseline.ts';
import { redactedResult } from '../explain/redacted.ts';
import { programFile } from '../init/program-file.ts';
import { isCi } from '../machine/ci.ts';
import { timings } from '../report/timings.ts';
import { programStore } from '../store/program-store.ts';
import { checkAvailable } from './available.ts';
import { type BaselineFlags, baselineOptions, openBaseline } from './baseline.ts';
import type { CliCommand } from './command.ts';
import { configOption } from './config-file.ts';
import { exitCodeOf } from './exit-code.ts';
import { withLiveLine } from './live-line.ts';
import { type MatrixFlags, withMatrix } from './matrix.ts';
import { allCases, how, howMuch, whatRuns } from './matrix-options.ts';
import { flag, group } from './options.ts';
import type { Output } from './output.ts';
import { COMMAND_WORDS, type ProgramFlags, programOptions } from './program-options.ts';
import { chosenReporters, mustBeWritable, report, reportOptions } from './reporters.ts';
import { type TraceFlags, traceOption, workloadIn } from './trace-options.ts';
import { type WatchedRun, watchAndRun } from './watch.ts';

interface RunFlags extends MatrixFlags, BaselineFlags, ProgramFlags, TraceFlags {
  readonly reporter: readonly string[];
  readonly outputDir?: string;
  readonly list: boolean;
  readonly timings: boolean;
  readonly redact: boolean;
  readonly watch: boolean;
  readonly init: boolean;
}

export const runCommand: CliCommand<RunFlags> = {
  name: 'run',
  description: 'run stores through scenarios: crash them at every boundary, fail each call, let tasks race',
  arguments: [COMMAND_WORDS],
  options: [
    ...group('What runs:', [
      ...whatRuns(),
      traceOption(),
      configOption(),
      flag('--list', 'print the cells and run nothing'),
      watchOption(),
    ]),
    ...group('A program:', [...programOptions(), flag('--init', 'write the program with its options as a store file, and run nothing')]),
    ...group('How:', [...how(), ...baselineOptions()]),
    ...group('How much:', howMuch()),
    ...group('Reports:', [...reportOptions(), allCases(), flag('--timings', 'where the time went, by model and stage')]),
  ],
  examples: [
    'crash-matrix run --store rename-away --scenario replace',
    'crash-matrix run --store ./notes.ts --model power-loss:ext4 --model power-loss:xfs',
    'sudo crash-matrix run --store ./notes.ts --model power-cut',
    'crash-matrix run --store ./notes.ts --model io-error,interleaving,race',
    "crash-matrix run --store ./notes.ts --fault 'rename:*.tmp' --fault write=ENOSPC",
    'crash-matrix run --store ./notes.ts --watch',
    'crash-matrix run --store ./notes.ts --effort deep',
    'crash-matrix run --store ./notes.ts --scenario histories --histories 500 --seed 7',
    'crash-matrix run --store ./notes.ts --reporter terminal,json --output-dir report',
    'crash-matrix run --store ./notes.ts --shard 1/3 --reporter json --output-dir shard-1',
    "crash-matrix run --dir data --check 'python3 check.py data' -- python3 save.py data",
    'crash-matrix run --trace crash-matrix.trace.json --store ./notes.ts',
    "crash-matrix run --trace save.trace.json --check 'python3 check.py data' --model power-loss:xfs",
    'crash-matrix run --store ./notes.ts --baseline crash-baseline.json --update-baseline',
  ],
  run: async (words, given, output) => {
    const { program, trace } = workloadIn(words, given, { cwd: process.cwd(), env: process.env });
    const flags = { ...given, program, given: trace };
    return flags.watch ? runAgain(flags, output) : run(flags, output);
  },
};

/** A loop of edits wants the likeliest losses first. */
function watchOption(): Option {
  return flag('--watch', 'run again when a file of a store changes, at quick effort unless another is named')
    .conflicts(['list', 'updateBaseline', 'dir', 'trace'])
    .implies({ effort: 'quick' });
}

async function runAgain(flags: RunFlags, output: Output): Promise<never> {
  if (isCi(process.env)) throw new UsageError('--watch is refused in CI: it would never end', 'Leave it out.');
  const once = async (watched: WatchedRun): Promise<void> => {
    try {
      await run(flags, output, watched);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      exitCodeOf(error, output); // the next change may mend it
    }
  };
  return watchAndRun(once, flags.store.filter(existsSync), output.note);
}

/** Returns the exit code: 0 if every claim was kept and every known bug found, 1 otherwise. */
async function run(flags: RunFlags, output: Output, watched?: WatchedRun): Promise<number> {
  if (flags.init) return writeStoreFile(flags.program, output);
  const reporters = chosenReporters(flags);
  const held = openBaseline(flags, process.env, output);
  return withMatrix(flags, { note: output.note, ...watched }, async ({ session, cells, leftOut, run: runSome }) => {
    for (const what of leftOut) output.note(what);
    checkAvailable(cells, session.machine);
    if (flags.list) {
      output.print(cells.map(cellName).join('\n'));
      return 0;
    }
    mustBeWritable(reporters, flags.outputDir);
    const evidence = reporters.some(({ reporter }) => reporter.evidence === true);
    const live = { stream: process.stderr, colors: output.colors, now: () => performance.now() };
    const { result: found, notes } = await withLiveLine(live, (line) => runSome(cells, { evidence, onProgress: line.update }));
    const result = await held(found);
    for (const what of notes) output.note(what);
    const shown = flags.redact ? redactedResult(result) : result;
    for (const chosen of reporters) await report(chosen, shown, output, process.env.GITHUB_STEP_SUMMARY);
    if (flags.timings) output.note(timings(result.cells).join('\n'));
    return failsGate(result) ? 1 : 0;
  });
}

/** Writes over nothing. Throws `UsageError`. */
function writeStoreFile(program: Program | undefined, output: Output): number {
  if (program === undefined)
    throw new UsageError(
      '--init is for a program, and none is given',
      'Give it after --: crash-matrix run --dir data --init -- python3 save.py data\nFor a store of your own: crash-matrix init',
    );
  const { path, text } = programFile(programStore(program), program);
  try {
    writeFileSync(join(program.cwd, path), text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new UsageError(`${path} cannot be written: ${(error as Error).message}`);
    throw new UsageError(`there is a file ${path} already`, 'Move it, or delete it: --init writes over nothing.');
  }
  output.print(`written  ${path}\n\nnext: crash-matrix run --store ./${path}`);
  return 0;
}
