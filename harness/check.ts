/**
 * The pipeline: scenario × store → record → trace → explore → states → recover → judge → verdicts.
 */
import type { CellStep } from './child/cell-file.ts';
import { type CrashState, stateId } from './explore/crash-state.ts';
import type { CutBench } from './explore/cut-states.ts';
import { type Explored, explore, type NamedState } from './explore/explore.ts';
import type { LossOptions } from './explore/loss-states.ts';
import { NotReplayable } from './explore/power-loss/actions.ts';
import type { FakeBench } from './fake/fake-bench.ts';
import type { Courses } from './judge/histories/course.ts';
import type { LastCall } from './judge/histories/last-call.ts';
import { judgeRecoveries, NO_RECOVERIES } from './judge/in-recovery.ts';
import { oracleFor, type Verdict } from './judge/oracle.ts';
import { judgeKills, judgeTrees } from './judge/states.ts';
import { type CrashChoice, type FaultChoice, type ModelChoice, modelName, type ScheduleChoice } from './models.ts';
import type { Progress } from './progress.ts';
import type { RaceRequest } from './record/race.ts';
import type { NotRecorded, Recording } from './record/record.ts';
import type { Recorder, RunRequest } from './record/recorder.ts';
import type { StoreRecovery } from './recover/recovery-of.ts';
import type { Scenario } from './scenario/define.ts';
import type { LoadedStore } from './store/loaded.ts';
import type { Trace, Tree } from './trace.ts';

interface Checked {
  readonly store: LoadedStore;
  readonly scenario: Scenario;
  /** Held to its claim under every profile, also where the store does not name it. */
  readonly strict: boolean;
}

export type Cell = ModelChoice & Checked;
export type CrashCell = CrashChoice & Checked;
export type FaultCell = FaultChoice & Checked;
export type ScheduleCell = ScheduleChoice & Checked;

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
  };
}

/** A trace that the model of power loss cannot follow is nothing that could be judged. */
async function exploreOrReason(cell: CrashCell, bench: Bench, recording: Recording, named?: NamedState): Promise<Explored | NotRecorded> {
  try {
    return await explore(cell, recording, bench, named);
  } catch (error) {
    const [unmeasured] = recording.trace.unmeasured;
    if (error instanceof NotReplayable)
      return { reason: unmeasured ?? `power loss cannot be worked out from this trace: ${error.message}` };
    throw error;
  }
}

/** What all case ids of a cell begin with. */
export function cellName(cell: Cell): string {
  return `${cell.store.name}/${cell.scenario.name}/${modelName(cell)}`;
}

/** The id of a case: stable from run to run, and safe in a shell. */
export function caseId(cell: Cell, state: CrashState): string {
  return `${cellName(cell)}${stateId(state)}`;
}
