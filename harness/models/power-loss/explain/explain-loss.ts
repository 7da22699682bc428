/**
 * Why a cell fails under power loss, as data: the smallest loss that fails, the barriers that would mend it, and the barriers
 * that buy nothing. `words.ts` tells it.
 */
import type { PowerLossState } from '../../../persistence/state.ts';
import { type Mend, missingBarriers } from './missing-barriers.ts';
import type { LossQuestion } from './question.ts';
import { type Redundancy, redundantBarriers } from './redundant-barriers.ts';
import { type SmallestLoss, smallestLoss } from './smallest-loss.ts';
import { type Enumerated, VerdictCache } from './verdict-cache.ts';

export interface LossExplanation {
  /** Undefined where nothing fails. */
  readonly smallest: SmallestLoss | undefined;
  readonly mend: Mend;
  /** Judged with the mend put in, where there is one. */
  readonly redundant: Redundancy;
}

/** `enumerated`: all of `powerLossStates(trace, profile, options)`; `failing`: every state of it that fails. */
export async function explainLoss(
  question: LossQuestion,
  enumerated: Enumerated,
  failing: readonly PowerLossState[],
): Promise<LossExplanation> {
  const verdicts = new VerdictCache(question, enumerated, failing);
  const smallest = failing.length === 0 ? undefined : await smallestLoss(question, failing, verdicts);
  const mend: Mend = smallest === undefined ? { kind: 'nothing-to-mend' } : await missingBarriers(question, failing, smallest, verdicts);
  const redundant = await redundantBarriers(question, mend.kind === 'mended' ? mend.barriers : [], verdicts);
  return { smallest, mend, redundant };
}
