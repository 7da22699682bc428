/** A tree that a case left on disk, and what recovery found in it. */

import type { TimeOf } from './file-times.ts';
import type { Recovery } from './recovery.ts';
import type { Outcome } from './store.ts';
import type { Json, Promised, Tree } from './trace.ts';

/** What recovery found in one tree. */
export interface Found {
  readonly recovery: Recovery;
  /** Paths in the directory after recovery's save. */
  readonly left: readonly string[];
}

/** What an oracle says of it. */
export interface Judgement {
  readonly outcome: Outcome;
  readonly promised: Promised;
  /** The file that other users could read, if the outcome is `exposed`. */
  readonly exposed?: string;
}

/**
 * Who looks at a tree: a fresh process at the end or right after a step settled (`step` counts from 1), one that carries out the save under way
 * once more, or the process that lived on: it is asked for the save that failed, and for the next one.
 */
export type Looker =
  | { readonly who: 'a fresh process' }
  | { readonly who: 'a fresh process after a step'; readonly step: number }
  | { readonly who: 'a fresh process that tries again' }
  | { readonly who: 'the same process' }
  | { readonly who: 'the same process that tries again' }
  /** It looks at what that left. */
  | { readonly who: 'a fresh process after a second try' };

/** One tree of one case, and the oracle that knows what had been promised when it was on disk. */
export interface Sighting {
  readonly tree: Tree;
  /** When its files were last changed. Absent where nobody knows. */
  readonly timeOf?: TimeOf;
  /** A directory that holds the tree already. Recovery changes it. */
  readonly directory?: string;
  /** What the process that lived on found: no other process looks. */
  readonly seen?: Recovery;
  readonly looker: Looker;
  /** What the process that looks saves, in place of the next value. */
  readonly saves?: Json;
  readonly judge: (found: Found) => Judgement;
}

const NOTHING_FOUND: Found = { recovery: { load: { kind: 'loaded' } }, left: [] };

/** What had been promised of a tree: the same, whatever is found in it. */
export const promisedOf = ({ judge }: Sighting): Promised => judge(NOTHING_FOUND).promised;

/** Why something could not be measured, in words. */
export interface NotMeasured {
  readonly reason: string;
}

export function isNotMeasured<Item extends object>(item: Item | NotMeasured): item is NotMeasured {
  return 'reason' in item;
}

/** The answer of a fresh process that looks once, at the end. */
export const FRESH: Looker = { who: 'a fresh process' };
