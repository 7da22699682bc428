/** What a kill in the undisturbed run loses: a call that fails at the same place only comes too late, and is not to blame. */
import type { Bench } from '../../bench/bench.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
import { groupedBy } from '../../domain/grouped.ts';
import type { Json } from '../../domain/trace.ts';
import { isLoss } from '../../judge/outcome.ts';
import { acknowledgedAt, promisedAfter, valuesAfter } from '../../judge/promise.ts';
import { BY_OUTCOME } from '../crash/blame.ts';
import { outcomesAt, savedAgain } from '../second-tries.ts';

/** Whether a kill at each boundary loses a value, or makes it impossible to save the same again. */
export async function lostWhenKilled(subject: RecordedSubject, bench: Bench): Promise<readonly boolean[]> {
  const { trace, before, steps } = subject;
  const boundaries = [...trace.trees.keys()];
  const values = valuesAfter(steps, before);
  const savedAt = (op: number): Json | undefined =>
    savedAgain(steps[acknowledgedAt(trace, op)], () => promisedAfter(trace, op, before, values));
  const outcomes = await outcomesAt(subject, bench, boundaries);
  const lost = outcomes.map((outcome) => isLoss(outcome) && BY_OUTCOME[outcome] === undefined);
  const fine = boundaries.filter((_, at) => !isLoss(outcomes[at] ?? 'original'));
  for (const ops of groupedBy(fine, (op) => JSON.stringify(savedAt(op))).values()) {
    const saves = savedAt(ops[0]);
    if (saves === undefined) continue;
    for (const [at, outcome] of (await outcomesAt(subject, bench, ops, saves)).entries()) lost[ops[at] ?? 0] = isLoss(outcome);
  }
  return lost;
}
