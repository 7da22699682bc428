/** What was found by letting the ops of several tasks happen in many orders: the same for the fake file system and for real processes. */

import type { Recovery } from '../../domain/recovery.ts';
import type { ScheduleEnd } from '../../domain/schedule.ts';
import type { Outcome } from '../../domain/store.ts';
import type { ConcurrentPromise } from '../../judge/concurrent.ts';
import type { ConcurrentHistory } from './histories.ts';

export interface ScheduleVerdict {
  /** What the tasks did, where that was drawn at random. */
  readonly history?: ConcurrentHistory;
  readonly end: ScheduleEnd;
  readonly promise: ConcurrentPromise;
  readonly recovery: Recovery;
  readonly outcome: Outcome;
}

export interface ScheduleFindings {
  readonly kind: 'exhaustive' | 'bounded' | 'sampled';
  /** Switches from a task that could have gone on, at most; of `bounded`. */
  readonly bound?: number;
  /** Runs. */
  readonly tried: number;
  /** Different orders among them, or different states that were passed. */
  readonly distinct: number;
  /** Crashes, or kills of one task, that were judged. */
  readonly crashes: number;
  /** Outcome -> ends of schedules. */
  readonly outcomes: { readonly [outcome in Outcome]?: number };
  /** Every failing one, and others that are told. */
  readonly verdicts: readonly ScheduleVerdict[];
  /** Of the failing ones the shortest. */
  readonly minimal?: ScheduleVerdict;
  /** Different trees that were recovered, where more were than `verdicts` tells. */
  readonly trees?: number;
  /** Random histories that were interleaved. */
  readonly histories?: number;
  /** Why something could not be judged. */
  readonly doubts?: readonly string[];
  readonly notes: readonly string[];
}
