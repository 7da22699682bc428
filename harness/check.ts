/**
 * The pipeline, for every model: scenario × store ─▶ record ─▶ explore ─▶ carry out ─▶ recover and judge ─▶ explain ─▶ findings.
 *
 * A model explores in as many rounds as it likes: it asks `judge` for verdicts on its cases, and what they are may lead to further cases (a
 * second fault, a crash in recovery). `only` names one case, and makes the same pipeline a replay.
 */
import type { Bench } from './bench/bench.ts';
import { isNotMeasured, type NotMeasured } from './domain/sighting.ts';
import type { Case, Cell, Explored, Findings, Judge } from './models/model.ts';
import { tallyOf } from './models/tally.ts';
import { type CarriedOut, recoverAndBelieve, type Unmeasured } from './recover/believe.ts';

export async function check(cell: Cell, bench: Bench, only?: unknown): Promise<Findings | NotMeasured> {
  const { model, store, scenario } = cell;

  const subjects = await model.subjects(cell, bench, only); // record
  if (isNotMeasured(subjects)) return subjects;

<<<<<<< HEAD
  const judge: Judge<Case, unknown> = async (cases, options) => {
    const { onDone, onRecovered } = progressOf(bench, cases.length);
    const carriedOut: readonly CaseOrDoubt[] = await model.carryOut(cases, bench, cell, onDone); // carry out
    const sighted = carriedOut.filter((one): one is CarriedOut<Case, unknown> => !isNotMeasured(one));
    const unmeasured = carriedOut.filter((one): one is Unmeasured<Case> => isNotMeasured(one));
    const believing = { store: store.name, next: scenario.next, ...options, onProgress: onRecovered };
    const judged = await recoverAndBelieve(bench.recovery, sighted, believing); // recover, judge, believe
    return { verdicts: judged.verdicts, unmeasured: [...unmeasured, ...judged.unmeasured] };
=======
/** True for the models in which something dies. */
export function isCrashCell(cell: Cell): cell is CrashCell {
  return cell.model === 'process-kill' || cell.model === 'power-loss' || cell.model === 'power-cut';
}

/** What recovery does in a tree, recorded once for all models. */
export interface RecoveryRecordings {
  readonly record: (tree: Tree, recording: Recording) => Promise<Trace | NotRecorded>;
  readonly isRecorded: (tree: Tree) => boolean;
}

/** Runs in which calls fail, without what fails. */
export interface FaultRequest extends Pick<RunRequest, 'args' | 'env' | 'timeoutMs'> {
  readonly directories: readonly string[];
  readonly spool: string;
}

/** What the cells of one store and scenario need from the run that they are part of. */
export interface Bench extends LossOptions, CutBench {
  readonly recorder: Recorder;
  readonly recovery: StoreRecovery;
  /** Take the states of kills from one run by copying, instead of killing a child for each. */
  readonly observe: boolean;
  /** Crashes in a row: with 2, what recovers from the first is crashed in its turn. */
  readonly depth: 1 | 2;
  readonly onProgress: (progress: Progress) => void;
  /** Makes a run of the workload: an empty store directory with a spool beside it. */
  readonly prepare: () => Omit<RunRequest, 'plan'>;
  /** Makes runs of the workload in one process: an empty directory for each, and one spool for all. */
  readonly prepareFaults: (runs: number, platform?: 'win32') => FaultRequest;
  readonly makeDirectory: () => string;
  /** What the workload that ran in this directory complained of. */
  readonly complaint: (directory: string) => string | undefined;
  readonly recoveries: RecoveryRecordings;
  /** The same in a copy of a tree that other processes left, with these calls. */
  readonly prepareOn: (tree: Tree, calls: readonly CellStep[]) => Omit<RunRequest, 'plan'>;
  /** Makes a run of the scenario's tasks, one process for each, in a copy of a tree. */
  readonly prepareRace: (tree: Tree) => Omit<RaceRequest, 'schedule' | 'kill' | 'fresh'>;
  /** Runs of a process of a history: all its calls but the last come before the recorded part. */
  readonly prepareLast: (last: LastCall) => Pick<Bench, 'prepare' | 'prepareFaults'>;
  /** Random histories, carried out once for all models. */
  readonly courses: Courses;
  /** How often a task of a race is made to wait although it could have gone on. Default: 1. */
  readonly preemptions?: number | undefined;
  /** The fake file system for this store. */
  readonly fake: FakeBench;
  /** How many are drawn for a cell. Default: `HISTORIES_PER_CELL`. */
  readonly histories?: number | undefined;
}

/** A state that could not be judged, and why. */
export interface Doubt {
  readonly state: CrashState;
  readonly doubt: string;
}

export interface Findings extends Omit<Explored, 'states'> {
  readonly recording: Recording;
  readonly verdicts: readonly Verdict[];
  readonly doubts: readonly Doubt[];
  /** Ways to recover that were found, and how many of these recoveries were crashed again. */
  readonly recoveries: { readonly crashed: number; readonly of: number };
  readonly notes: readonly string[];
}

/** Runs one cell of a recorded scenario: all its states, or the one that is named. */
export async function check(cell: CrashCell, bench: Bench, recording: Recording, named?: NamedState): Promise<Findings | NotRecorded> {
  const explored = await exploreOrReason(cell, bench, recording, named);
  if ('reason' in explored) return explored;
  const { states, ...rest } = explored;
  bench.onProgress({ kind: 'cell-recorded', points: rest.points, states: states.length });

  const oracle = oracleFor(cell, bench.recovery, recording.trace);
  const judgeAll = cell.model === 'process-kill' ? judgeKills : judgeTrees;
  const judged = await judgeAll(cell, bench, oracle, states, recording);
  const verdicts = judged.filter((item) => 'outcome' in item);
  const goesOn = cell.model !== 'power-cut' && (named === undefined ? bench.depth === 2 : named.second !== undefined);
  const again = goesOn ? await judgeRecoveries(cell, bench, recording, oracle, verdicts, named?.second) : NO_RECOVERIES;
  return {
    ...rest,
    recording,
    verdicts: named?.second === undefined ? [...verdicts, ...again.verdicts] : again.verdicts,
    doubts: [...judged.filter((item) => 'doubt' in item), ...again.doubts],
    recoveries: again.recoveries,
    notes: [...(recording.late === undefined ? [] : [recording.late]), ...again.notes],
>>>>>>> fixes
  };
  const exploration = { cell, bench, judge, only };
  const explored = await model.explore(subjects, exploration); // explore
  if (isNotMeasured(explored)) return explored;

  const explained: Explored = only === undefined && model.explain !== undefined ? await model.explain(explored, exploration) : explored;
  return { cell, subjects, explored: explained, tally: explained.tally ?? tallyOf(cell, explained.verdicts) };
}

/** Cases are done when they were carried out or, if nothing had to run for them, when their trees were recovered. */
function progressOf(
  { onProgress }: Bench,
  of: number,
): { readonly onDone: (done: number) => void; readonly onRecovered: (done: number) => void } {
  onProgress({ kind: 'cell-recorded', points: of, states: of });
  let most = 0;
  const report = (done: number): void => {
    most = Math.max(most, Math.min(done, of));
    onProgress({ kind: 'state-judged', done: most, of });
  };
  return { onDone: report, onRecovered: report };
}

type CaseOrDoubt = CarriedOut<Case, unknown> | Unmeasured<Case>;
