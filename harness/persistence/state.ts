/**
 * One tree that a power cut may leave, and what was lost with it.
 */
import type { Tree } from '../domain/trace.ts';
import type { Disk } from './disk.ts';
import type { MicroOp } from './micro-op.ts';

export interface PowerLossState {
  /** The power went after this op: the earliest at which this tree, under the same promise, may be left. */
  readonly boundary: number;
  /** What of the ops up to there is not on disk, in order. */
  readonly lost: readonly MicroOp[];
  /** 16 hex digits; the same for the same tree. */
  readonly hash: string;
  /** For a case id, as in `~lost=7.2+9`; empty when nothing is lost. See `state-id.ts`. */
  readonly detail: string;
  readonly disk: Disk;
  toTree(): Tree;
}
