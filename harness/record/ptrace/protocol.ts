/** Messages between the recorder and its tracer process: JSON lines, requests on standard input, reports on standard output. */

import type { RawEvent } from '../../domain/events.ts';
import type { NameRule } from '../../domain/trace.ts';
import type { FaultRun } from '../fault.ts';
import type { ImageRequest } from '../image/live-image.ts';
import type { Matching } from '../order.ts';
import type { Outside } from '../outside.ts';
import type { RaceReport, RaceRequest } from '../race.ts';
import type { CutReport, ForcePoint, KillPoint, ProgramStart, Warm } from '../recorder.ts';

export type TracerPlan =
  | { readonly kind: 'observe' }
  | { readonly kind: 'follow'; readonly order: number; readonly matching: Matching }
  | { readonly kind: 'kill'; readonly order: number; readonly at: KillPoint }
  | { readonly kind: 'asked'; readonly order: number; readonly at: number; readonly signal?: NodeJS.Signals }
  | { readonly kind: 'cut'; readonly order: number; readonly image: ImageRequest; readonly force?: ForcePoint }
  | { readonly kind: 'fault'; readonly order: number; readonly runs: readonly FaultRun[] };

export interface TracerRun {
  readonly kind: 'run';
  readonly run: number;
  readonly node: string;
  readonly args: readonly string[];
  readonly program?: ProgramStart;
  readonly env: readonly string[];
  readonly directory: string;
  readonly spool: string;
  readonly plan: TracerPlan;
  readonly timeoutMs: number;
  readonly warm?: Warm;
}

/** A recorded order, sent once; the runs that follow it refer to it by number. */
export interface TracerOrder {
  readonly kind: 'order';
  readonly order: number;
  readonly keys: readonly string[];
  readonly names: readonly NameRule[];
}

export interface TracerRace extends Omit<RaceRequest, 'env'> {
  readonly kind: 'tasks';
  readonly run: number;
  readonly node: string;
  readonly env: readonly string[];
}

/** Ends the processes that are kept for further races of these tasks. It is reported when they are gone. */
export interface TracerEndTasks {
  readonly kind: 'end-tasks';
  readonly run: number;
  readonly tasks: readonly string[];
  readonly env: readonly string[];
}

export type TracerRequest = TracerRun | TracerRace | TracerEndTasks | TracerOrder;

export interface TracerReport {
  readonly run: number;
  readonly pid: number;
  readonly events: readonly RawEvent[];
  readonly forked?: boolean;
  readonly overlaps?: boolean;
  readonly cuts?: CutReport;
  readonly outside?: Outside;
  /** Set for a race; it holds the events. */
  readonly race?: RaceReport;
  /** Why the run could not be carried out. */
  readonly refused?: string;
}

/** A fork server refused: runs of this store are started. */
export interface TracerNotice {
  readonly notForked: { readonly store: string; readonly why: string };
}

/** The workload reports a settled step by accessing this path, which never exists: the tracer orders that syscall with the ops. */
export const MARK_PREFIX = '/crash-matrix-mark/';

/** The tracer's first line: ptrace works here. */
export const READY = 'ready';
