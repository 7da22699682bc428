/**
 * A piece: one or more micro-ops that a profile keeps or loses together, and is not on disk for sure.
 *
 * Which sets of pieces a power cut can take is one rule, `lostWith`: a kept piece has those that it requires, and those in the log
 * up to its place, or up to what it comes `after`; and a log that reached some point has brought the pieces that are needed by then.
 */
import type { Inodes } from './disk.ts';
import type { Inode } from './inode.ts';
import { applied, type InodeEffect, type MicroOp, type NameChange } from './micro-op.ts';

export const NEVER = Number.POSITIVE_INFINITY;

interface AnyPiece {
  /** What is lost with it. Empty for a flush, which changes nothing. */
  readonly microOps: readonly MicroOp[];
  /** Its place in the log, from 1; 0: not in the log. */
  readonly place: number;
  /** The place up to which the log must be on disk before it, unless it is forced. */
  readonly after: number;
  /** The first place in the log that cannot be on disk without it. */
  neededBy: number;
  /** On disk for sure, though a piece before it may not be. */
  forced: boolean;
}

export interface NamePiece extends AnyPiece {
  readonly kind: 'names';
  /** Those that no later forced piece has overwritten. */
  changes: readonly NameChange[];
}

export interface FilePiece extends AnyPiece {
  readonly kind: 'file';
  readonly inode: number;
  readonly effects: readonly InodeEffect[];
  /** Earlier pieces of the same inode. */
  readonly requires: readonly FilePiece[];
  /** Whether a flush of its file waits for it: it gives data, or a size, a place on disk. */
  readonly allocates: boolean;
  /** Its number in its inode's list. */
  at: number;
}

interface FlushPiece extends AnyPiece {
  readonly kind: 'flush';
}

export type Piece = NamePiece | FilePiece | FlushPiece;

/** The pieces that are lost when these are, by themselves or because they need what is lost. Forced pieces are never lost. */
export function lostWith(all: readonly Piece[], chosen: ReadonlySet<Piece>): Set<Piece> {
  const lost = new Set([...chosen].filter(({ forced }) => !forced));
  for (let before = -1; before !== lost.size; ) {
    before = lost.size;
    let end = NEVER; // how far the log can have come
    for (const { place, neededBy } of lost) end = Math.min(end, (place === 0 ? NEVER : place) - 1, neededBy - 1);
    for (const piece of all) {
      if (piece.forced || lost.has(piece)) continue;
      const unmet = piece.kind === 'file' && piece.requires.some((other) => lost.has(other));
      if (unmet || piece.place > end || piece.after > end) lost.add(piece);
    }
  }
  return lost;
}

export function inodeAfter(inode: Inode, { effects }: FilePiece, unit: Inodes['unit']): Inode {
  return effects.reduce((state, effect) => applied(state, effect, unit), inode);
}
