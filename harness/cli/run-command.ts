/** `crash-matrix run`. */

import { Option } from 'commander';
import type { Path } from '../domain/alike.ts';
import { cellName } from '../domain/case-id.ts';
import { EFFORT_NAMES, GATING_EFFORT, limitsSchema } from '../domain/effort.ts';
import { UsageError } from '../domain/errors.ts';
import { parseFaultPattern } from '../domain/fault-pattern.ts';
import { oneOf } from '../domain/nearest.ts';
import type { Result } from '../domain/result.ts';
import { counted } from '../domain/words.ts';
import { failsGate } from '../explain/baseline.ts';
import { joinedEvidence } from '../explain/evidence.ts';
import { redactedResult } from '../explain/redacted.ts';
import { VARIANTS } from '../models/all.ts';
import type { Cell } from '../models/model.ts';
import { placesOf, type Shard } from '../models/shards.ts';
import { timings } from '../report/timings.ts';
import { foundIn, type RunOptions, runCells } from '../run.ts';
import { checkAvailable } from './available.ts';
import { type BaselineFlags, baselineOptions, openBaseline } from './baseline.ts';
import { type CacheFlags, cacheNotes, openCellCache } from './cell-cache.ts';
import type { CliCommand } from './command.ts';
import { withLiveLine } from './live-line.ts';
import { modelsInHelp, onlyShown } from './model-list.ts';
import { atLeastOne, byEffort, flag, group, list, recorder, seed, shard, states, timeout } from './options.ts';
import type { Output } from './output.ts';
import { chosenReporters, mustBeWritable, report, reportOptions } from './reporters.ts';
import { type HowFlags, runOptions } from './run-options.ts';
import { type Session, withSession } from './session.ts';
import { filesNamed, sourcesIn } from './sources.ts';
import { selectCells } from './stores.ts';

interface RunFlags extends CacheFlags, BaselineFlags, HowFlags {
  readonly shard?: Shard;
  readonly store: readonly string[];
  readonly scenario: readonly string[];
  readonly model: readonly string[];
  readonly reporter: readonly string[];
  readonly outputDir?: string;
  readonly strict: boolean;
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
  const models = modelsFor(flags);
  const held = openBaseline(flags, process.env, output);
  const notes = new Map<string, Set<string>>();
  const onNote = (store: string, what: string): void => void notes.set(store, (notes.get(store) ?? new Set()).add(what));
  const onAdded = (store: string, added: readonly Path[]): void =>
    onNote(
      store,
      `load adds ${counted(added.length, 'member')} to what was saved, which ${added.length === 1 ? 'does' : 'do'} not count: ${added.map((path) => path.join('.')).join(', ')}`,
    );
  const onNotForked = (store: string, why: string): void => onNote(store, `Node is started again for each run, because ${why}`);
  const onNotForkedRecovery = (store: string, why: string): void =>
    onNote(store, `it is evaluated again for each recovery, because ${why}`);
  const work = async (session: Session): Promise<number> => {
    if (session.refused.length > 0) output.note(whyThisRecorder(session));
    const timeoutMs = flags.timeout * 1000;
    const selection = {
      stores: flags.store,
      scenarios: flags.scenario,
      models,
      holds: flags.strict ? 'all' : 'named',
      timeoutMs,
    } as const;
    const now = Date.now();
    const { cells: all, leftOut } = await selectCells(session, selection, now);
    const places = flags.shard && placesOf(all, flags.shard);
    const cells = places === undefined ? all : places.flatMap((place) => all[place] ?? []);
    for (const what of leftOut) output.note(what);
    checkAvailable(cells, session.machine);
    if (flags.list) {
      output.print(namesOf(cells));
      return 0;
    }
    mustBeWritable(reporters, flags.outputDir);
    const options = runOptions(
      session,
      flags,
      reporters.some(({ reporter }) => reporter.evidence === true),
    );
    const cache = openCellCache(session, flags, { ...options, now, notesOf: (store) => [...(notes.get(store) ?? [])], onNote }, output);
    const found = await withLiveLine({ stream: process.stderr, colors: output.colors, now: () => performance.now() }, (line) =>
      runAll(session, cells, { ...options, cache, onProgress: line.update, onNotForked: onNotForkedRecovery, onAdded }),
    );
    const result = await held(flags.shard && places ? { ...found, shard: { ...flags.shard, places } } : found);
    for (const [store, several] of notes) for (const what of several) output.note(`${store}: ${what}`);
    if (cache !== undefined) for (const what of cacheNotes(cache, result.cells.length, session.cwd)) output.note(what);
    const shown = flags.redact ? redactedResult(result) : result;
    for (const chosen of reporters) await report(chosen, shown, output, process.env.GITHUB_STEP_SUMMARY);
    if (flags.timings) output.note(timings(result.cells).join('\n'));
    return failsGate(result) ? 1 : 0;
  };
  return withSession(flags.recorder, work, { onNotForked });
}

/** With `--fault`, models in which calls fail, and no others. Throws UsageError. */
function modelsFor({ model, fault }: RunFlags): readonly string[] {
  for (const text of fault) parseFaultPattern(text);
  if (fault.length === 0) return model;
  const failing = VARIANTS.filter((one) => one.model.tries === 'faults');
  const others = model.filter((name) => !failing.some((one) => one.name === name));
  if (others.length > 0)
    throw new UsageError(
      `--fault chooses failing calls, and in ${others.join(', ')} no call fails`,
      `Give it with ${oneOf(failing.map(({ name }) => `--model ${name}`))}, or with no --model.`,
    );
  return model.length > 0 ? model : failing.filter(({ profile }) => profile.byDefault).map(({ name }) => name);
}

function whyThisRecorder({ recorder, refused }: Session): string {
  const because = refused.map((better) => `${better.name} does not work here: ${better.because}`).join('; ');
  return `recorder: ${recorder.name}, because ${because}`;
}

function namesOf(cells: readonly Cell[]): string {
  return cells.map(cellName).join('\n');
}

async function runAll(session: Session, chosen: readonly Cell[], options: RunOptions): Promise<Result> {
  const started = performance.now();
  const checked = await runCells(chosen, options);
  const { allCases, effort } = options;
  const found = foundIn(checked, allCases);
  const evidence = joinedEvidence(checked.map((one) => one.evidence));
  return {
    schema: 'crash-matrix/1',
    version: session.installation.version,
    recorder: session.recorder.name,
    observed: effort.kills === 'observed',
    effort: effort.name,
    limits: limitsSchema.parse(effort),
    ...(effort.faults && { faults: [...effort.faults] }),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    seed: effort.seed,
    durationMs: performance.now() - started,
    ...found,
    ...(evidence && { evidence: { ...evidence, sources: sourcesIn(session.cwd, filesNamed(evidence, found.causes)) } }),
  };
}
