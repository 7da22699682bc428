/**
 * A piece: one or more micro-ops that a profile keeps or loses together, and that a power cut may lose.
 *
 * One rule, `lostWith`, defines which sets of pieces can be lost. If a piece is on disk, so are the pieces that it requires, and the
 * log up to its position, or up to `after`. If the log is on disk up to some position, so are the pieces needed by that position.
 */
import type { InodeTable } from './disk.ts';
import type { Inode } from './inode.ts';
import { applied, type InodeEffect, type MicroOp, type NameChange } from './micro-op.ts';

export const NEVER = Number.POSITIVE_INFINITY;

interface AnyPiece {
  /** What is lost with the piece. Empty for a flush, which changes nothing. */
  readonly microOps: readonly MicroOp[];
  /** Its position in the log, from 1; 0: not in the log. */
  readonly position: number;
  /** The log up to this position must be on disk before the piece, unless the piece is forced. */
  readonly after: number;
  /** The first log position that cannot be on disk without the piece. */
  neededBy: number;
  /** Certainly on disk, even if an earlier piece is not. */
  forced: boolean;
}

export interface NamePiece extends AnyPiece {
  readonly kind: 'names';
  /** The changes that no later forced piece has overwritten. */
  changes: readonly NameChange[];
}

export interface FilePiece extends AnyPiece {
  readonly kind: 'file';
  readonly inode: number;
  readonly effects: readonly InodeEffect[];
  /** Earlier pieces of the same inode. */
  readonly requires: readonly FilePiece[];
  /** Whether a flush of the file includes the piece, because the piece allocates blocks or grows the file. */
  readonly allocates: boolean;
  /** Its index in its inode's list. */
  at: number;
}

interface FlushPiece extends AnyPiece {
  readonly kind: 'flush';
}

export type Piece = NamePiece | FilePiece | FlushPiece;

/** The chosen pieces, and those that cannot be on disk without them. Forced pieces are never lost. */
export function lostWith(all: readonly Piece[], chosen: ReadonlySet<Piece>): Set<Piece> {
  const lost = new Set([...chosen].filter(({ forced }) => !forced));
  for (let before = -1; before !== lost.size; ) {
    before = lost.size;
    let end = NEVER; // the last log position that can be on disk
    for (const { position, neededBy } of lost) end = Math.min(end, (position === 0 ? NEVER : position) - 1, neededBy - 1);
    for (const piece of all) {
      if (piece.forced || lost.has(piece)) continue;
      const unmet = piece.kind === 'file' && piece.requires.some((required) => lost.has(required));
      if (unmet || piece.position > end || piece.after > end) lost.add(piece);
    }
  }
  return lost;
}

export function inodeAfter(inode: Inode, { effects }: FilePiece, unit: InodeTable['unit']): Inode {
  return effects.reduce((state, effect) => applied(state, effect, unit), inode);
}
