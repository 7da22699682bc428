/**
 * The pipeline: scenario × store → record → trace → explore → states → recover → judge → verdicts.
 */
import { UsageError } from './errors.ts';
import { type Killed, kill } from './explore/kill.ts';
import { type CrashState, killStates } from './explore/process-kill.ts';
import { exposedAt } from './judge/exposed.ts';
import { isLoss, judgeRecovery, type OracleOptions } from './judge/outcome.ts';
import { promisedAfter, valuesAfter } from './judge/promise.ts';
import type { Progress } from './progress.ts';
import { type NotRecorded, type Recording, record } from './record/record.ts';
import type { Recorder, RunRequest } from './record/recorder.ts';
import type { Recovery } from './recover/recovery.ts';
import type { StoreRecovery } from './recover/recovery-of.ts';
import type { Scenario } from './scenario/define.ts';
import type { Model, Outcome } from './store/define.ts';
import type { LoadedStore } from './store/loaded.ts';
import type { Json, Promised } from './trace.ts';
import { buildTree, listFiles } from './tree.ts';

export interface Cell {
  readonly store: LoadedStore;
  readonly scenario: Scenario;
  readonly model: Model;
}

/** What a cell needs from the run that it is part of. */
export interface Bench {
  readonly recorder: Recorder;
  readonly recovery: StoreRecovery;
  /** Take the states from one run by copying, instead of killing a child for each. */
  readonly observe: boolean;
  readonly onProgress: (progress: Progress) => void;
  /** Makes a run of the cell's workload: an empty store directory with a spool beside it. */
  readonly prepare: () => Omit<RunRequest, 'plan'>;
  readonly makeDirectory: () => string;
  /** What the workload that ran in this directory complained of. */
  readonly complaint: (directory: string) => string | undefined;
}

/** One crash state, with what had been promised, what was found, and the word for it. */
export interface Verdict {
  readonly state: CrashState;
  readonly promised: Promised;
  readonly recovery: Recovery;
  readonly outcome: Outcome;
  /** Files in the directory after recovery's save. */
  readonly left: readonly string[];
  /** The file that other users could read, where that is the outcome. */
  readonly exposed?: string;
}

/** A state that could not be judged, and why. */
interface Doubt {
  readonly state: CrashState;
  readonly doubt: string;
}

export interface Findings {
  readonly recording: Recording;
  readonly points: number;
  readonly inside: { readonly tried: number; readonly of: number };
  readonly verdicts: readonly Verdict[];
  readonly doubts: readonly Doubt[];
}

/** Runs one cell. `only` picks states (replay wants one); a cell that cannot be recorded gives the reason. */
export async function check(cell: Cell, bench: Bench, only: (state: CrashState) => boolean = () => true): Promise<Findings | NotRecorded> {
  const recording = await record(bench.recorder, bench);
  if ('reason' in recording) return recording;
  const { states, points, inside } = killStates(recording.trace);
  const chosen = states.filter(only);
  bench.onProgress({ kind: 'cell-recorded', points, states: chosen.length });

  const judge = oracleFor(cell, bench, recording);
  const judgeAll = (reach: Reach): Promise<(Verdict | Doubt)[]> => {
    const tally = { done: 0, violations: 0 };
    return Promise.all(
      chosen.map(async (state) => {
        const reached = await reach(state);
        const verdict = reached.kind === 'killed' ? await judge(state, reached.directory) : { state, doubt: reached.reason };
        tally.done += 1;
        if ('outcome' in verdict && isLoss(verdict.outcome)) tally.violations += 1;
        bench.onProgress({ kind: 'state-judged', of: chosen.length, ...tally });
        return verdict;
      }),
    );
  };
  const copied: Reach = async ({ tree }) => {
    const directory = bench.makeDirectory();
    buildTree(tree, directory);
    return { kind: 'killed', directory };
  };
  const killed: Reach = async (state) =>
    state.how === 'ended'
      ? { kind: 'killed', directory: recording.endDirectory }
      : kill(bench.recorder, recording, state, bench.prepare, caseId(cell, state));
  let judged = await judgeAll(bench.observe ? copied : killed);
  if (!(await bench.recovery.warmIsTrue())) judged = await judgeAll(copied);
  return {
    recording,
    points,
    inside,
    verdicts: judged.filter((item) => 'outcome' in item),
    doubts: judged.filter((item) => 'doubt' in item),
  };
}

/** Brings a crash state about and says in which directory. */
type Reach = (state: CrashState) => Promise<Killed>;

/** Recovers a directory and judges what was found; every loss is confirmed by a process that has done nothing else. */
function oracleFor(cell: Cell, { recovery }: Bench, { trace }: Recording): (state: CrashState, directory: string) => Promise<Verdict> {
  const { store, scenario } = cell;
  const before = valuesAfter(scenario.before, undefined).at(-1);
  const steps = valuesAfter(scenario.steps, before);
  const exposed = exposedAt(trace);
  const options: OracleOptions = {
    next: scenario.next,
    throwsWhenFresh: recovery.whenFresh.kind === 'threw',
    ...(store.empty !== undefined && { empty: store.empty as Json }),
  };
  return async (state, directory) => {
    const promised = promisedAfter(trace, state.promisedAt, before, steps);
    let found = await recovery.recover(directory, scenario.next);
    if (found.load.kind === 'not-json') {
      throw new UsageError(
        `load of store ${store.name} returned ${found.load.what}, which is not JSON`,
        'It must return a value like the one that save was given.',
      );
    }
    const left = listFiles(directory);
    let outcome = judgeRecovery(promised, found, options);
    if (isLoss(outcome)) {
      found = await recovery.confirm(state.tree, scenario.next);
      outcome = judgeRecovery(promised, found, options);
    }
    const readable = exposed[state.at.op];
    if (!isLoss(outcome) && readable !== undefined)
      return { state, promised, recovery: found, outcome: 'exposed', left, exposed: readable };
    return { state, promised, recovery: found, outcome, left };
  };
}

/** The id of a case: stable from run to run, and safe in a shell. */
export function caseId(cell: Cell, { at }: Pick<CrashState, 'at'>): string {
  return `${cell.store.name}/${cell.scenario.name}/${cell.model}@${at.op}${at.bytes === undefined ? '' : `~torn=${at.bytes}`}`;
}
