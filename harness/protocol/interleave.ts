/** Request and answer of the program that interleaves tasks, both as JSON. */

import type { Likeness } from '../domain/alike.ts';
import type { Schedule, ScheduleEnd } from '../domain/schedule.ts';
import type { Contract, Outcome } from '../domain/store.ts';
import type { Entry, Json, Step, Task, Tree } from '../domain/trace.ts';

/** One end of one schedule. */
export interface NamedSchedule {
  readonly schedule: Schedule;
  /** Ops after which everything crashes; absent: it ends by itself. */
  readonly crashAfter?: number;
  /** What each task does, where that was drawn at random. */
  readonly history?: readonly (readonly string[])[];
}

export interface InterleaveRequest {
  /** The store with its packages, as CommonJS. */
  readonly bundle: string;
  /** Start of the fake's clocks, in ms since the epoch. */
  readonly now: number;
  readonly before: readonly Step[];
  /** Workloads: each is a list of tasks, and is interleaved by itself. */
  readonly plays: readonly (readonly Task[])[];
  readonly next: Json;
  readonly empty?: Json;
  /** Default: `value`. */
  readonly contract?: Contract;
  readonly likeness?: Likeness;
  readonly throwsWhenFresh: boolean;
  /** One process with all tasks, or one process for each task. */
  readonly instances: 'shared' | 'own';
  /** Limit for runs that enumerate schedules; beyond it, schedules are sampled. */
  readonly runs: number;
  /** Number of sampled runs, if not all schedules could be enumerated. */
  readonly samples: number;
  readonly seed: number;
  /** Evaluate the store once for all recoveries, and fork each: where evaluating takes long. */
  readonly forks?: boolean;
  /** Run only this schedule, with the first workload. */
  readonly named?: NamedSchedule;
}

export type InterleaveAnswer =
  /** The result of each workload, in their order. */
  { readonly kind: 'interleaved'; readonly results: readonly Interleaved[] } | Refusal;

/** Nothing could be judged, or no run goes as the named schedule does. */
export interface Refusal {
  readonly kind: 'refused' | 'no-such-schedule';
  readonly reason: string;
}

/** The result of interleaving one workload. */
export interface Interleaved {
  readonly kind: 'exhaustive' | 'bounded' | 'sampled';
  readonly bound?: number;
  readonly runs: number;
  readonly states: number;
  readonly crashes: number;
  readonly trees: number;
  readonly outcomes: { readonly [outcome in Outcome]?: number };
  /** Tasks of one process communicated through memory alone. */
  readonly memory: boolean;
  /** One end for each kind of failure, or the end of the named schedule. */
  readonly ends: readonly InterleavedEnd[];
}

/** How a schedule ended, and its outcome on the fake. */
export interface InterleavedEnd {
  readonly end: Omit<ScheduleEnd, 'tree' | 'timeOf'>;
  readonly tree: readonly (readonly [path: string, entry: EncodedEntry])[];
  /** When its files were last changed, larger for later. */
  readonly times: readonly (readonly [path: string, time: number])[];
  readonly outcome: Outcome;
}

type EncodedEntry =
  | Exclude<Entry, { kind: 'file' }>
  | { readonly kind: 'file'; readonly mode: number; readonly hash: string; readonly base64: string };

export function encodeTree(tree: Tree): InterleavedEnd['tree'] {
  return [...tree].map(([path, entry]) => {
    if (entry.kind !== 'file') return [path, entry];
    const { mode, hash, bytes } = entry;
    return [path, { kind: 'file', mode, hash, base64: Buffer.from(bytes).toString('base64') }];
  });
}

export function decodeTree(encoded: InterleavedEnd['tree']): Tree {
  return new Map(
    encoded.map(([path, entry]): [string, Entry] => {
      if (entry.kind !== 'file') return [path, entry];
      const { mode, hash, base64 } = entry;
      return [path, { kind: 'file', mode, hash, bytes: Buffer.from(base64, 'base64') }];
    }),
  );
}
