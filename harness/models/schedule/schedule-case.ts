/** One order in which the ops of several tasks happened, as a case: the same for the fake file system and for real processes. */
import type { TasksSubject } from '../../bench/subject.ts';
import type { ScheduleEnd } from '../../domain/schedule.ts';
import { FRESH } from '../../domain/sighting.ts';
import type { Outcome } from '../../domain/store.ts';
import { type ConcurrentPromise, judgeConcurrent, promisedBy } from '../../judge/concurrent.ts';
import type { OracleOptions } from '../../judge/outcome.ts';
import { valuesAfter } from '../../judge/promise.ts';
import type { CarriedOut, Verdict } from '../../recover/believe.ts';
import type { Case, Explored } from '../model.ts';

/** It has been carried out: which orders there are shows only in the runs. */
export interface ScheduleCase extends Case<TasksSubject> {
  readonly end: ScheduleEnd;
  /** What the fake file system made of it. */
  readonly faked?: Outcome;
}

export interface ScheduleRun {
  readonly promise: ConcurrentPromise;
}

export type ScheduleVerdict = Verdict<ScheduleCase, ScheduleRun>;

export interface ScheduleExplored extends Explored<ScheduleCase, ScheduleRun> {
  /** Of the failing ones the one to report first. */
  readonly minimal?: ScheduleVerdict;
}

/** `kind`: losses that share it are believed together. */
export function sightedSchedule(one: ScheduleCase, kind: string, options: OracleOptions): CarriedOut<ScheduleCase, ScheduleRun> {
  const { end, subject } = one;
  const before = valuesAfter(subject.before, undefined).at(-1);
  const promise = promisedBy(before, subject.tasks, end.events, options);
  return {
    case: one,
    run: { promise },
    kind,
    sightings: [
      {
        tree: end.tree,
        ...(end.timeOf && { timeOf: end.timeOf }),
        looker: FRESH,
        judge: ({ recovery }) => ({ promised: promise.promised, outcome: judgeConcurrent(promise, end, recovery, options) }),
      },
    ],
  };
}
