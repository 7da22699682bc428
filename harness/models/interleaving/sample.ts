/**
 * Random schedules, for when there are too many to enumerate. Each is a list of numbers; the k-th picks among the tasks that can continue
 * at the k-th choice. 0 continues the same task, so a list with more zeros is a simpler schedule.
 */
import * as fc from 'fast-check';
import type { Scene } from './scene.ts';
import type { Judgeable, OnRun } from './search.ts';

/** Choices that are drawn; after them the same task continues as long as it can. */
const MOST_CHOICES = 200;
/** Another task continues once in so many choices, on average. */
const ONE_IN = 4;
/** Limit for the runs that shrink one failure. */
const MOST_SHRINKS = 300;

/** The kinds of failure that were found so far. */
interface Kinds {
  readonly kinds: () => readonly string[];
}

/** Returns the number of runs. */
export async function sampleSchedules(
  scene: Scene,
  { samples, seed }: { readonly samples: number; readonly seed: number },
  onRun: OnRun,
  judge: Kinds,
): Promise<number> {
  const pick = fc.nat({ max: ONE_IN - 1 }).map((number) => (number === ONE_IN - 1 ? 1 : 0));
  const picks = fc.array(pick, { minLength: MOST_CHOICES, maxLength: MOST_CHOICES });
  let runs = 0;
  for (const drawn of fc.sample(picks, { seed, numRuns: samples })) {
    const before = judge.kinds().length;
    if (!(await run(scene, drawn, onRun))) return runs;
    runs += 1;
    if (judge.kinds().length > before) runs += await shrink(scene, drawn, onRun);
  }
  return runs;
}

/** Runs each prefix of the schedule that ends with a switch. `onRun` sees every run, and keeps the smallest failure of each kind. */
async function shrink(scene: Scene, drawn: readonly number[], onRun: OnRun): Promise<number> {
  let runs = 0;
  for (const [at, number] of drawn.entries()) {
    if (number === 0) continue;
    if (runs === MOST_SHRINKS) break;
    const simpler = [...drawn.slice(0, at), number, ...drawn.slice(at + 1).map(() => 0)];
    if (!(await run(scene, simpler, onRun))) break;
    runs += 1;
  }
  return runs;
}

/** Returns false if the run cannot be measured. */
async function run(scene: Scene, picks: readonly number[], onRun: OnRun): Promise<boolean> {
  scene.isReplay = false;
  if ((await scene.start()) !== undefined) return false;
  let last = -1;
  let preemptions = 0;
  for (let place = 0; ; place += 1) {
    const ready = scene.ready();
    if (scene.world.refused !== undefined) return false;
    if (ready.length === 0) break;
    const stays = ready.includes(last);
    const inOrder = stays ? [last, ...ready.filter((task) => task !== last)] : ready;
    const choice = inOrder[(picks[place] ?? 0) % inOrder.length] as number;
    if (stays && choice !== last) preemptions += 1;
    await scene.advance(choice);
    last = choice;
  }
  const { stuck } = scene;
  if (stuck === undefined) await scene.close();
  if (scene.world.refused !== undefined) return false;
  const crashed = scene.crashPoints.map((point): Judgeable => ({ how: 'crashed', moment: { ...point }, preemptions }));
  await onRun(
    [...crashed, { how: 'ended', moment: scene.crashPoint(), preemptions, ...(stuck !== undefined && { stuck }) }],
    scene.choices,
  );
  return true;
}
