/**
 * What a power cut at one boundary may take and leave: the pieces that are not certainly on disk, which others each takes with it, and the
 * trees of their combinations.
 *
 * `lostWith` looks at one lost piece at a time, so what several take with them is what each of them takes.
 */
import type { Trace, Tree } from '../domain/trace.ts';
import type { MicroOp, Unit } from './micro-op.ts';
import { historyOf } from './micro-op-history.ts';
import { lostWith, type Piece } from './piece.ts';
import { Pieces } from './pieces.ts';
import type { Profile } from './profile.ts';

/**
 * Combinations that are worked out: those that lose fewest pieces by themselves first.
 * @internal
 */
export const COMBINATIONS_KEPT = 128;

interface PendingPiece {
  readonly microOps: readonly MicroOp[];
  /** The places in the list of what is lost with it, itself among them. */
  readonly takes: readonly number[];
}

interface Combination {
  /** The places of the pieces that are lost. */
  readonly lost: ReadonlySet<number>;
  readonly tree: Tree;
}

export interface Pending {
  readonly pieces: readonly PendingPiece[];
  /** Micro-ops up to the boundary that are on disk for certain. */
  readonly certain: number;
  readonly combinations: readonly Combination[];
  /** Whether there are no others. */
  readonly isWhole: boolean;
}

/** Throws NotReplayable. */
export function pendingAt(trace: Trace, profile: Profile, boundary: number, unit: Unit): Pending {
  const history = historyOf(trace, unit);
  const actions = history.actions.slice(0, boundary);
  const pieces = new Pieces(history.start, profile);
  for (const action of actions) for (const _ of pieces.carryOut(action));
  const shown = pieces.all.filter(({ forced, microOps }) => !forced && microOps.length > 0);
  const places = new Map(shown.map((piece, place): [Piece, number] => [piece, place]));
  const closures = shown.map((piece) => lostWith(pieces.all, new Set([piece])));
  const placesIn = (lost: Iterable<Piece>): number[] =>
    [...lost].flatMap((piece) => places.get(piece) ?? []).sort((one, other) => one - other);
  const takes = closures.map(placesIn);
  const { sets, isWhole } = combinationsOf(takes);
  return {
    pieces: shown.map(({ microOps }, place) => ({ microOps, takes: takes[place] ?? [] })),
    certain:
      actions.reduce((sum, { microOps }) => sum + microOps.length, 0) - shown.reduce((sum, { microOps }) => sum + microOps.length, 0),
    combinations: sets.map((lost) => ({
      lost,
      tree: pieces.diskWithout(new Set([...lost].flatMap((place) => [...(closures[place] ?? [])]))).toTree(),
    })),
    isWhole,
  };
}

/** Each union of what pieces take, once. */
function combinationsOf(takes: readonly (readonly number[])[]): {
  readonly sets: readonly ReadonlySet<number>[];
  readonly isWhole: boolean;
} {
  const sets: ReadonlySet<number>[] = [new Set()];
  const known = new Set(['']);
  for (const lost of sets) {
    for (const [place, taken] of takes.entries()) {
      if (lost.has(place)) continue;
      const more = new Set([...lost, ...taken]);
      const key = [...more].sort((one, other) => one - other).join();
      if (known.has(key)) continue;
      if (sets.length === COMBINATIONS_KEPT) return { sets, isWhole: false };
      known.add(key);
      sets.push(more);
    }
  }
  return { sets, isWhole: true };
}
