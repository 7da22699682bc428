/** What a kill in the undisturbed run loses: a call that fails at the same place only comes too late, and is not to blame. */
import type { Bench } from '../../bench/bench.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
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
  const given = trace.trees.map((_, op) => {
    const step = trace.marks.filter(({ kind, afterOp }) => kind === 'resolved' && afterOp <= op).length;
    return savedAgain(steps[step], promisedAfter(trace, op, before, values));
  });
  const found = await recovery.recoverTrees(trees, scenario.next);
  return Promise.all(
    trace.trees.map(async (tree, op) => {
      const [answer, saves] = [found[op], given[op]];
      const outcome = answer && oracle(op, tree, answer).outcome;
      if (outcome === undefined || isLoss(outcome)) return outcome !== undefined && BY_OUTCOME[outcome] === undefined;
      if (saves === undefined) return false;
      const [again] = await recovery.recoverTrees([trees[op] ?? tree], saves);
      return again !== undefined && isLoss(oracle(op, tree, again, saves).outcome);
    }),
  );
}
