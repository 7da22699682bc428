/**
 * Redundant barriers: removing them from the trace causes no new failure.
 *
 * Each is judged alone, by exploring the trace without it and judging the trees that become possible. Of two barriers that are each
 * redundant, one may still be needed, so a set that can be removed together is built one by one, the latest first. The result
 * depends on the claim: a barrier that is redundant under `atomic` may be needed under `durable`.
 */

import { CALLS } from '../../../domain/calls.ts';
import type { Op, Trace } from '../../../domain/trace.ts';
import { powerLossStates } from '../../../persistence/power-loss.ts';
import { forcedBy } from './candidates.ts';
import type { LossQuestion } from './question.ts';
import { type PlacedBarrier, withBarriers, withoutOps } from './trace-edits.ts';
import type { VerdictCache } from './verdict-cache.ts';

export interface BarrierUse {
  readonly op: Op;
  /** `undecided`: without it, there are too many new trees, or not all states could be explored. */
  readonly use: 'needed' | 'redundant' | 'undecided';
}

export interface Redundancy {
  /** Every successful barrier of the trace, in order, judged alone. */
  readonly barriers: readonly BarrierUse[];
  /** A maximal set of redundant barriers that can be removed together, in order. */
  readonly together: readonly Op[];
}

/** New trees to judge at most for all barriers of a cell; each barrier gets the same share. */
const NEW_TREES_FOR_ALL = 2000;

/**
 * `mend`: barriers added before judging, after which nothing fails; they can make
 * other barriers redundant, or needed.
 */
export async function redundantBarriers(
  question: LossQuestion,
  mend: readonly PlacedBarrier[],
  verdicts: VerdictCache,
): Promise<Redundancy> {
  const { trace, oldIndex } = withBarriers(question.trace, mend);
  const all = question.trace.ops.filter(({ call, error }) => CALLS[call].forces && error === undefined);
  const useWithout = async (dropped: readonly Op[]): Promise<BarrierUse['use']> => {
    const without = withoutOps(
      trace,
      dropped.map(({ index }) => oldIndex.indexOf(index)),
    );
    const search = await verdicts.search(
      without.trace,
      mend.length > 0 ? 'any' : 'besides known',
      Math.ceil(NEW_TREES_FOR_ALL / all.length),
    );
    if (search.kind === 'found') return 'needed';
    return search.kind === 'none' && search.coverage === 'exhaustive' ? 'redundant' : 'undecided'; // a sample proves no absence
  };
  const forcesNothing = idleBarriers(question, trace);
  const barriers: BarrierUse[] = [];
  for (const op of all) barriers.push({ op, use: forcesNothing(oldIndex.indexOf(op.index)) ? 'redundant' : await useWithout([op]) });
  let together: readonly Op[] = [];
  for (const { op, use } of [...barriers].reverse()) {
    if (use !== 'redundant') continue;
    const more = [op, ...together];
    if (together.length === 0 || (await useWithout(more)) === 'redundant') together = more;
  }
  return { barriers, together };
}

/** Whether a barrier, by its number in the trace, forces nothing: without it, the states are the same. */
function idleBarriers({ profile, options }: LossQuestion, trace: Trace): (index: number) => boolean {
  const { history } = powerLossStates(trace, profile, options);
  return (index) => (history.actions[index - 1]?.events ?? []).every((event) => !forcedBy(history, profile, index - 1, event).includes(1));
}
