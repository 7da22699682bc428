/** What crashes happen to: the recorded scenario, or the execution of each random history. */
import type { Bench } from '../../bench/bench.ts';
import { executedHistories } from '../../bench/histories.ts';
import type { Subject } from '../../bench/subject.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import { updatesIn } from '../../generate/calls-of.ts';
import { drawHistories } from '../../generate/draw.ts';
import { recordedOnce } from '../model.ts';
import type { NamedState } from './crash-id.ts';

/** `loadSettles`: whether a load shows which of two allowed values is stored from then on; see `promisedBy`. `count`: histories that are drawn. */
export async function crashSubjects(
  bench: Bench,
  only: NamedState | undefined,
  loadSettles: boolean,
  count = bench.effort.histories,
): Promise<readonly Subject[] | NotMeasured> {
  const { scenario, store, effort } = bench;
  if (!scenario.histories) return recordedOnce(bench);
  const variation = await bench.executions.variation();
  if (isNotMeasured(variation)) return variation;
  if (only !== undefined) return executedHistories(bench, only.history === undefined ? [] : [only.history], loadSettles);
  return executedHistories(bench, drawHistories(count, effort.seed, updatesIn(store.abilities)), loadSettles);
}
