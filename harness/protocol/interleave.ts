/** What the program that interleaves is asked, and what it answers: JSON both ways. */

import type { Schedule, ScheduleEnd } from '../domain/schedule.ts';
import type { Outcome } from '../domain/store.ts';
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
  /** In ms since the epoch: where the clocks of the fake start. */
  readonly now: number;
  readonly before: readonly Step[];
  /** Each is interleaved by itself. */
  readonly plays: readonly (readonly Task[])[];
  readonly next: Json;
  readonly empty?: Json;
  readonly throwsWhenFresh: boolean;
  /** One process with all tasks, or one for each. */
  readonly instances: 'shared' | 'own';
  /** Runs, after which the rest is drawn at random. */
  readonly runs: number;
  /** Runs that are drawn, where not all orders could be told. */
  readonly samples: number;
  readonly seed: number;
  /** This schedule and nothing else, of the first play. */
  readonly named?: NamedSchedule;
}

export type InterleaveAnswer =
  /** One for each play. */
  | { readonly kind: 'told'; readonly told: readonly Told[] }
  /** Nothing could be judged, and why. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface Told {
  readonly kind: 'exhaustive' | 'bounded' | 'sampled';
  readonly bound?: number;
  readonly runs: number;
  readonly states: number;
  readonly crashes: number;
  readonly trees: number;
  readonly outcomes: { readonly [outcome in Outcome]?: number };
  /** Tasks of one process told each other something by its memory alone. */
  readonly memory: boolean;
  /** One of each kind of failure, or what was named. */
  readonly ends: readonly ToldEnd[];
}

/** How a schedule ended, and what the fake made of it. */
export interface ToldEnd {
  readonly end: Omit<ScheduleEnd, 'tree'>;
  readonly tree: readonly (readonly [path: string, entry: ToldEntry])[];
  readonly outcome: Outcome;
}

type ToldEntry =
  | Exclude<Entry, { kind: 'file' }>
  | { readonly kind: 'file'; readonly mode: number; readonly hash: string; readonly base64: string };

export function tellTree(tree: Tree): ToldEnd['tree'] {
  return [...tree].map(([path, entry]) => {
    if (entry.kind !== 'file') return [path, entry];
    const { mode, hash, bytes } = entry;
    return [path, { kind: 'file', mode, hash, base64: Buffer.from(bytes).toString('base64') }];
  });
}

export function treeTold(told: ToldEnd['tree']): Tree {
  return new Map(
    told.map(([path, entry]): [string, Entry] => {
      if (entry.kind !== 'file') return [path, entry];
      const { mode, hash, base64 } = entry;
      return [path, { kind: 'file', mode, hash, bytes: Buffer.from(base64, 'base64') }];
    }),
  );
}
