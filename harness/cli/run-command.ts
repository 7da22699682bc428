/** `crash-matrix run`. */

import { Option } from 'commander';
import { cellName } from '../domain/case-id.ts';
import { EFFORT_NAMES, GATING_EFFORT } from '../domain/effort.ts';
import { UsageError } from '../domain/errors.ts';
import { failsGate } from '../explain/baseline.ts';
import { redactedResult } from '../explain/redacted.ts';
import { timings } from '../report/timings.ts';
import { checkAvailable } from './available.ts';
import { type BaselineFlags, baselineOptions, openBaseline } from './baseline.ts';
import type { CliCommand } from './command.ts';
import { withLiveLine } from './live-line.ts';
import { type MatrixFlags, withMatrix } from './matrix.ts';
import { modelsInHelp, onlyShown } from './model-list.ts';
import { atLeastOne, byEffort, flag, group, list, recorder, seed, shard, states, timeout } from './options.ts';
import type { Output } from './output.ts';
import { chosenReporters, mustBeWritable, report, reportOptions } from './reporters.ts';

interface RunFlags extends MatrixFlags, BaselineFlags {
  readonly reporter: readonly string[];
  readonly outputDir?: string;
  readonly list: boolean;
  readonly timings: boolean;
  readonly redact: boolean;
}

export const runCommand: CliCommand<RunFlags> = {
  name: 'run',
  description: 'run stores through scenarios: crash them at every boundary, fail each call, let tasks race',
  arguments: [],
  options: [
    ...group('What runs:', [
      list('--store <name or file>', 'a built-in store, or a file with your own', 'all built-in ones'),
      list('--scenario <name>', 'what the store goes through', 'all that the store supports'),
      list('--model <name>', `${modelsInHelp()}; a profile that is named is also held to the claim`, 'all that need no root'),
      new Option('--shard <i/n>', 'only the i-th of n parts, which take about the same time; merge makes one report of all').argParser(
        shard,
      ),
      flag('--list', 'print the cells and run nothing'),
    ]),
    ...group('How:', [
      recorder(),
      timeout(),
      list('--fault <call>', 'fail only these calls: call[:path][=ERRNO], as in rename:*.tmp or write=ENOSPC', 'all'),
      flag('--observe', 'take the states from one run by copying, instead of killing a child for each'),
      flag('--strict', `hold every claim where it is only shown unless --model names it: ${onlyShown().join(', ')}`),
      flag('--bail', 'after a broken claim start no further cell'),
      ...baselineOptions(),
      new Option('--no-cache', 'run also the cells that nothing has changed for since an earlier run'),
      new Option(
        '--cache-dir <dir>',
        'where cells are kept (default: node_modules/.cache/crash-matrix, or the cache directory of the user)',
      ),
    ]),
    ...group('How much:', [
      new Option('--effort <name>', 'quick finds the likeliest losses and proves nothing, standard is the gate, deep is for the night')
        .choices(EFFORT_NAMES)
        .default(GATING_EFFORT),
      states(byEffort('states')),
      new Option('--depth <crashes>', 'crashes in a row: with 2, what recovers from the first is crashed as well')
        .choices(['1', '2'])
        .default('2'),
      new Option(
        '--preemptions <number>',
        `race: switches from a process that could go on, in one run (default: ${byEffort('preemptions')})`,
      ).argParser(atLeastOne),
      new Option(
        '--histories <number>',
        `random histories per cell (default: ${byEffort('histories')}; fewer where each costs more)`,
      ).argParser(atLeastOne),
      seed(),
    ]),
    ...group('Reports:', [
      ...reportOptions(),
      flag('--all-cases', 'every case in the JSON, not only violations'),
      flag('--timings', 'where the time went, by model and stage'),
    ]),
  ],
  examples: [
    'crash-matrix run --store rename-away --scenario replace',
    'crash-matrix run --store ./notes.ts --model power-loss:ext4 --model power-loss:xfs',
    'sudo crash-matrix run --store ./notes.ts --model power-cut',
    'crash-matrix run --store ./notes.ts --model io-error,interleaving,race',
    "crash-matrix run --store ./notes.ts --fault 'rename:*.tmp' --fault write=ENOSPC",
    'crash-matrix run --store ./notes.ts --effort deep',
    'crash-matrix run --store ./notes.ts --scenario histories --histories 500 --seed 7',
    'crash-matrix run --store ./notes.ts --reporter terminal,json --output-dir report',
    'crash-matrix run --store ./notes.ts --shard 1/3 --reporter json --output-dir shard-1',
    'crash-matrix run --store ./notes.ts --baseline crash-baseline.json --update-baseline',
  ],
  surplus: (argument) =>
    new UsageError(
      `run takes no arguments, and was given "${argument}"`,
      `A store is named by an option: crash-matrix run --store ${argument}`,
    ),
  run: (_, flags, output) => run(flags, output),
};

/** Returns the exit code: 0 if every claim was kept and every known bug found, 1 otherwise. */
async function run(flags: RunFlags, output: Output): Promise<number> {
  const reporters = chosenReporters(flags);
  const held = openBaseline(flags, process.env, output);
  return withMatrix(flags, output, async ({ session, cells, leftOut, run: runSome }) => {
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
