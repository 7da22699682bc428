/**
 * Orders drawn at random, where there are too many to tell them all: lists of numbers, the k-th of which picks among the tasks that can go
 * on at the k-th choice. 0 lets the same task go on, so shorter lists and smaller numbers are simpler orders, and fast-check shrinks
 * what fails to one of them.
 */
import fc from 'fast-check';
import type { Scene } from './scene.ts';
import type { Judgeable, OnRun } from './search.ts';

/** Choices that are drawn; after them the same task goes on as long as it can. */
const MOST_CHOICES = 200;
/** How often another task goes on: once in so many choices. */
const ONE_IN = 4;
/** Runs that fast-check may spend on making one failure smaller. */
const MOST_SHRINKS = 300;

/** Knows the kinds of failure that were met. */
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

/** Takes out one switch after the other. What still fails is told, and its kind keeps the smallest. */
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

/** False if the fake cannot go on. */
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
    await scene.goOn(choice);
    last = choice;
  }
  const { stuck } = scene;
  if (stuck === undefined) await scene.close();
  if (scene.world.refused !== undefined) return false;
  const crashed = scene.moments.map((moment): Judgeable => ({ how: 'crashed', moment: { ...moment }, preemptions }));
  await onRun([...crashed, { how: 'ended', moment: scene.moment(), preemptions, ...(stuck !== undefined && { stuck }) }], scene.choices);
  return true;
}
