/** What crashes happen to: the recorded scenario, or the execution of each random history. */
import type { Bench } from '../../bench/bench.ts';
import { executedHistories } from '../../bench/histories.ts';
import type { RecordedSubject, Subject } from '../../bench/subject.ts';
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
  if (!scenario.histories) return recordedOrIdle(bench, { losing: true });
  const variation = await bench.executions.variation();
  if (isNotMeasured(variation)) return variation;
  if (only !== undefined) return executedHistories(bench, only.history === undefined ? [] : [only.history], loadSettles);
  return executedHistories(bench, drawHistories(count, effort.seed, updatesIn(store.abilities)), loadSettles);
}

/**
 * Also a run in which the store did nothing, where an earlier save left in the directory what it promised: then there was nothing to do. Else it may
 * keep it elsewhere. `losing`: also where what it promised is lost for that.
 */
export async function recordedOrIdle(
  bench: Bench,
  { losing }: { readonly losing: boolean },
): Promise<readonly [RecordedSubject] | NotMeasured> {
  const recorded = await recordedOnce(bench);
  if (!isNotMeasured(recorded) || recorded.reason !== NEVER_TOUCHED) return recorded;
  const idle = await bench.recordedWith(bench.prepare);
  if (isNotMeasured(idle)) return recorded;
  if (await losesIdly(idle, bench)) return losing ? [idle] : recorded;
  const isKeptHere = (idle.trace.trees[0]?.size ?? 0) > 0;
  return isKeptHere ? [{ ...idle, notes: [...(idle.notes ?? []), NOTHING_TO_DO] }] : recorded;
}

const NOTHING_TO_DO = 'the steps changed nothing and had nothing to do: what they saved was there already';

/** In the directory of a run, because a store may keep elsewhere what it was asked to keep there. */
async function losesIdly({ trace, oracle, again }: RecordedSubject, { recovery, scenario }: Bench): Promise<boolean> {
  if (again === undefined) return false;
  const found = await recovery.recover(again.recording.endDirectory, scenario.next);
  return isLoss(oracle(trace.ops.length, trace.trees.at(-1) ?? new Map(), { recovery: found, left: [] }).outcome);
}
