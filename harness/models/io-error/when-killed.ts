/** What a kill in the undisturbed run loses: a call that fails at the same place only comes too late, and is not to blame. */
import type { Bench } from '../../bench/bench.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
import { groupedBy } from '../../domain/grouped.ts';
import type { Outcome } from '../../domain/store.ts';
import type { Json } from '../../domain/trace.ts';
import { timesAt, treeFor } from '../../domain/tree-times.ts';
import { isLoss } from '../../judge/outcome.ts';
import { promisedAfter, valuesAfter } from '../../judge/promise.ts';
import { BY_OUTCOME } from '../crash/blame.ts';
import { savedAgain } from '../second-tries.ts';

/** Whether a kill at each boundary loses a value, or makes it impossible to save the same again. */
export async function lostWhenKilled(
  { trace, oracle, before, steps }: RecordedSubject,
  { recovery, scenario }: Bench,
): Promise<readonly boolean[]> {
  const trees = trace.trees.map((tree, op) => treeFor(recovery, tree, timesAt(trace, op)));
  const values = valuesAfter(steps, before);
  const outcomesOf = async (ops: readonly number[], saves: Json): Promise<Outcome[]> => {
    const some = ops.map((op) => trees[op] ?? new Map());
    const found = await recovery.recoverTrees(some, saves);
    return found.map((answer, at) => oracle(ops[at] ?? 0, some[at] ?? new Map(), answer, saves).outcome);
  };
  const all = [...trees.keys()];
  const outcomes = await outcomesOf(all, scenario.next);
  const lost = outcomes.map((outcome) => isLoss(outcome) && BY_OUTCOME[outcome] === undefined);
  const savedAt = (op: number): Json | undefined => {
    const step = trace.marks.filter(({ kind, afterOp }) => kind === 'resolved' && afterOp <= op).length;
    return savedAgain(steps[step], promisedAfter(trace, op, before, values));
  };
  const fine = all.filter((op) => !isLoss(outcomes[op] ?? 'original'));
  for (const ops of groupedBy(fine, (op) => JSON.stringify(savedAt(op))).values()) {
    const saves = savedAt(ops[0]);
    if (saves === undefined) continue;
    for (const [at, outcome] of (await outcomesOf(ops, saves)).entries()) lost[ops[at] ?? 0] = isLoss(outcome);
  }
  return lost;
}
