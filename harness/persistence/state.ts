/** One tree that a power cut may leave, and what was lost. */
import type { Tree } from '../domain/trace.ts';
import type { Disk } from './disk.ts';
import type { MicroOp } from './micro-op.ts';

export interface PowerLossState {
  /** The power failed after this op: the first one after which this tree is possible with the same acknowledged steps. */
  readonly boundary: number;
  /** The micro-ops up to there that are not on disk, in order. */
  readonly lost: readonly MicroOp[];
  /** 16 hex digits; equal for equal trees. */
  readonly hash: string;
  /** For a case id, as in `~lost=7.2+9`; empty if nothing is lost. See `state-id.ts`. */
  readonly detail: string;
  readonly disk: Disk;
  toTree(): Tree;
}
