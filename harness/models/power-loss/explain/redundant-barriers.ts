/**
 * Barriers that buy nothing: fsyncs of the trace without which nothing fails that did not fail before.
 *
 * Each is judged alone, by exploring the trace without it; trees that only then may be left are judged like any other. Two that
 * can each be spared may need each other, so those that can go together are found one by one, the latest first. The claim is in
 * the judging: what is redundant under `atomic` may be needed under `durable`.
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
  /** `undecided`: without it, too many trees are new, or not all could be explored. */
  readonly use: 'needed' | 'redundant' | 'undecided';
}

export interface Redundancy {
  /** Every barrier of the trace that succeeded, in order, judged alone. */
  readonly barriers: readonly BarrierUse[];
  /** Redundant ones that can go together, in order: no other of them can go as well. */
  readonly together: readonly Op[];
}

/** New trees that may be judged for all barriers of a cell together; each gets the same share. */
const NEW_TREES_FOR_ALL = 2000;

/**
 * `mend`: barriers that are put in before judging, and after which nothing
 * fails any more; what is missing may make another needless, or needed.
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

/** Barriers after which no more is on disk than before, by their numbers in the trace: without them, the states are the same. */
function idleBarriers({ profile, options }: LossQuestion, trace: Trace): (index: number) => boolean {
  const { history } = powerLossStates(trace, profile, options);
  return (index) => (history.actions[index - 1]?.events ?? []).every((event) => !forcedBy(history, profile, index - 1, event).includes(1));
}
