/**
 * Why a cell fails under power loss, as data: the smallest failing loss, the missing barriers that would mend it, and the redundant
 * barriers. `words.ts` puts it into words.
 */
import type { PowerLossState } from '../../../persistence/state.ts';
import { type Mend, missingBarriers } from './missing-barriers.ts';
import type { LossQuestion } from './question.ts';
import { type Redundancy, redundantBarriers } from './redundant-barriers.ts';
import { type SmallestLoss, smallestLoss } from './smallest-loss.ts';
import { type Enumerated, VerdictCache } from './verdict-cache.ts';

export interface LossExplanation {
  /** Undefined if nothing fails. */
  readonly smallest: SmallestLoss | undefined;
  readonly mend: Mend;
  /** Judged with the mend applied, if there is one. */
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
