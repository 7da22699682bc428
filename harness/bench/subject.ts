/** What the cases of a cell happen to: a recorded run, the execution of a random history, or tasks at the same time. */

import type { Json, Op, SiteMatch, Step, Task, Trace } from '../domain/trace.ts';
import type { ConcurrentHistory } from '../generate/concurrent.ts';
import type { History } from '../generate/history.ts';
import type { Oracle } from '../judge/oracle.ts';
import type { Recording, TraceOfRun } from '../record/record.ts';
import type { WorkloadRuns } from './workload-runs.ts';

/** One run of a scenario, or all processes of a random history as one trace. */
export interface RecordedSubject {
  readonly kind: 'recorded';
  readonly trace: Trace;
  /** What was stored before the first step. */
  readonly before: Json | undefined;
  /** The steps that the marks of the trace count. */
  readonly steps: readonly Step[];
  readonly oracle: Oracle;
  /** A program's: its steps are what it promised, and recovery saves nothing. */
  readonly isProgram?: boolean;
  /** How the run is made again. Absent where several processes made the trace: their states are observed. */
  readonly again?: Again;
  /** What is to be said of the run, in words. */
  readonly notes?: readonly string[];
  readonly history?: DrawnHistory;
  /** Which line of the store asked for each op; worked out at the first call. */
  readonly sites: () => Promise<SiteMatch>;
}

export interface Again extends WorkloadRuns {
  readonly recording: Recording;
}

/** A recovery, recorded by itself. */
export interface RecordedRecovery extends TraceOfRun {
  readonly sites: RecordedSubject['sites'];
}

/** A random history, as it was executed. */
export interface DrawnHistory {
  readonly steps: History;
  /** The steps up to the one that was under way after `op` ops. */
  readonly upTo: (op: number) => History;
  /** Boundaries at which calls that promise something resolved. */
  readonly ends: readonly number[];
  /** Only later boundaries are looked at, those of the last process. Absent: all of them. */
  readonly since?: number;
  /** Boundaries at which its processes began. */
  readonly begins: readonly number[];
  /** Why it ended early although nothing failed beneath the store, in words. */
  readonly trouble?: string;
}

/** Tasks at the same time. */
export interface TasksSubject {
  readonly kind: 'tasks';
  readonly before: readonly Step[];
  readonly tasks: readonly Task[];
  readonly history?: ConcurrentHistory;
  /** The task that goes through its steps twice, which are in `tasks`. */
  readonly twice?: number;
  /**
   * The ops of all tasks where one process does their steps one after the other, with the lines of the store's source that asked for them; worked
   * out at the first call. None where they have no lines.
   */
  readonly ops: () => Promise<readonly Op[]>;
}

export type Subject = RecordedSubject | TasksSubject;
