/** What crashes happen to: the recorded scenario, or the execution of each random history. */
import type { Bench } from '../../bench/bench.ts';
import { executedHistories } from '../../bench/histories.ts';
import type { Subject } from '../../bench/subject.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import { updatesIn } from '../../generate/calls-of.ts';
import { drawHistories } from '../../generate/draw.ts';
import { isLoss } from '../../judge/outcome.ts';
import { NEVER_TOUCHED } from '../../record/record.ts';
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
  if (!scenario.histories) return recordedOrIdle(bench);
  const variation = await bench.executions.variation();
  if (isNotMeasured(variation)) return variation;
  if (only !== undefined) return executedHistories(bench, only.history === undefined ? [] : [only.history], loadSettles);
  return executedHistories(bench, drawHistories(count, effort.seed, updatesIn(store.abilities)), loadSettles);
}

/** Also a run in which the store did nothing, where what it promised is lost for that. It may keep it elsewhere, or have nothing to do. */
async function recordedOrIdle(bench: Bench): Promise<readonly [Subject] | NotMeasured> {
  const recorded = await recordedOnce(bench);
  if (!isNotMeasured(recorded) || recorded.reason !== NEVER_TOUCHED || !(await losesIdly(bench))) return recorded;
  const idle = await bench.recordedWith(bench.prepare);
  return isNotMeasured(idle) ? recorded : [idle];
}

/** In the directory of a run, because a store may keep elsewhere what it was asked to keep there. */
async function losesIdly({ recordedWith, prepare, recovery, scenario }: Bench): Promise<boolean> {
  const idle = await recordedWith(prepare);
  if (isNotMeasured(idle) || idle.again === undefined) return false;
  const { trace, oracle, again } = idle;
  const found = await recovery.recover(again.recording.endDirectory, scenario.next);
  return isLoss(oracle(trace.ops.length, trace.trees.at(-1) ?? new Map(), { recovery: found, left: [] }).outcome);
}
