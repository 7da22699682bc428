/** What the recorder and its tracer process say to each other: JSON lines, requests on standard input, reports on standard output. */

import type { RawEvent } from '../../domain/events.ts';
import type { NameRule } from '../../domain/trace.ts';
import type { FaultRun } from '../fault.ts';
import type { ImageRequest } from '../image/live-image.ts';
import type { Matching } from '../order.ts';
import type { RaceReport, RaceRequest } from '../race.ts';
import type { CutReport, ForcePoint, KillPoint } from '../recorder.ts';

export type TracerPlan =
  | { readonly kind: 'observe' }
  | { readonly kind: 'follow'; readonly order: number; readonly matching: Matching }
  | { readonly kind: 'kill'; readonly order: number; readonly at: KillPoint }
  | { readonly kind: 'cut'; readonly order: number; readonly image: ImageRequest; readonly force?: ForcePoint }
  | { readonly kind: 'fault'; readonly order: number; readonly runs: readonly FaultRun[] };

export interface TracerRun {
  readonly kind: 'run';
  readonly run: number;
  readonly node: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly directory: string;
  readonly spool: string;
  readonly plan: TracerPlan;
  readonly timeoutMs: number;
}

/** A recorded order, sent once and named by its number in the runs that follow it. */
export interface TracerOrder {
  readonly kind: 'order';
  readonly order: number;
  readonly keys: readonly string[];
  readonly names: readonly NameRule[];
}

export interface TracerRace extends Omit<RaceRequest, 'env'> {
  readonly kind: 'race';
  readonly run: number;
  readonly node: string;
  readonly env: readonly string[];
}

export type TracerRequest = TracerRun | TracerRace | TracerOrder;

export interface TracerReport {
  readonly run: number;
  readonly pid: number;
  readonly events: readonly RawEvent[];
  readonly overlaps?: boolean;
  readonly cuts?: CutReport;
  /** Of a race; its events are in here. */
  readonly race?: RaceReport;
  /** The run could not be carried out: why. */
  readonly refused?: string;
}

/** The workload shows a settled step by asking for this path, which never exists: a syscall that the tracer can put in order with the ops. */
export const MARK_PREFIX = '/crash-matrix-mark/';

/** The tracer's first line: it may trace. */
export const READY = 'ready';
