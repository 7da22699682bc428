/**
 * What is asked of a cell of power loss: its trace, its profile, and a way to learn whether a state is below the claim.
 *
 * Judging is a parameter: nothing in this folder loads a store or touches a disk.
 */

import type { Trace } from '../../../domain/trace.ts';
import type { PowerLossOptions } from '../../../persistence/power-loss.ts';
import type { Profile } from '../../../persistence/profile.ts';
import type { PowerLossState } from '../../../persistence/state.ts';

/** A state, and how many steps had been acknowledged when the power went. */
export interface AskedState {
  readonly state: PowerLossState;
  readonly acknowledged: number;
}

export interface LossQuestion {
  readonly trace: Trace;
  readonly profile: Profile;
  readonly options: PowerLossOptions;
  /**
   * For each tree, whether what a fresh process finds there is below the claim, when so many steps had been acknowledged. Whoever
   * answers remembers by tree: to ask again about a known tree costs next to nothing.
   */
  readonly fails: (asked: readonly AskedState[]) => Promise<readonly boolean[]>;
}

/** How many steps resolve right after an op. */
export function marksAt({ marks }: Trace, boundary: number): number {
  return marks.filter(({ kind, afterOp }) => kind === 'resolved' && afterOp === boundary).length;
}

/** How many steps had resolved at a boundary: a mark between two ops belongs to the boundary where it stands. */
export function acknowledgedAt({ marks }: Trace, boundary: number): number {
  return marks.filter(({ kind, afterOp }) => kind === 'resolved' && afterOp <= boundary).length;
}
