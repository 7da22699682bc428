/**
 * The input of an explanation: the trace and profile of a power-loss cell, and a function that says whether states break the claim.
 *
 * Judging is a parameter: nothing in this folder loads a store or touches a disk.
 */
import type { Trace } from '../../../domain/trace.ts';
import type { PowerLossOptions } from '../../../persistence/power-loss.ts';
import type { Profile } from '../../../persistence/profile.ts';
import type { PowerLossState } from '../../../persistence/state.ts';

/** A state, and how many steps were acknowledged before the power failed. */
export interface AskedState {
  readonly state: PowerLossState;
  readonly acknowledged: number;
}

export interface LossQuestion {
  readonly trace: Trace;
  readonly profile: Profile;
  readonly options: PowerLossOptions;
  /**
   * For each state, whether what a fresh process finds in its tree breaks the claim after that many acknowledged steps. The
   * implementation caches by tree: asking again about a known tree is almost free.
   */
  readonly fails: (asked: readonly AskedState[]) => Promise<readonly boolean[]>;
}

/** How many steps were acknowledged right after an op. */
export function marksAt({ marks }: Trace, boundary: number): number {
  return marks.filter(({ kind, afterOp }) => kind === 'resolved' && afterOp === boundary).length;
}
