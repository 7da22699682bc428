/** Runs the work of a single caller to its end: its calls happen at once; its timers fire in order, each when nothing else is pending. */
import type { World } from './world.ts';

/** A store that polls a lock this often waits for an owner that does not exist. */
const MOST_TIMERS = 10_000;

export type Driven<Result> = { readonly kind: 'done'; readonly value: Result } | { readonly kind: 'stuck' };

/** `work` must not reject. */
export async function drive<Result>(world: World, work: Promise<Result>): Promise<Driven<Result>> {
  let driven: Driven<Result> | undefined;
  void work.then((value) => {
    driven = { kind: 'done', value };
  });
  for (let fired = 0; ; ) {
    await world.settled();
    if (driven !== undefined) return driven;
    const timer = world.firstTimer();
    if (timer === undefined) {
      if (await world.waitOutside()) continue;
      return { kind: 'stuck' };
    }
    if (fired === MOST_TIMERS) return { kind: 'stuck' };
    fired += 1;
    world.fire(timer);
  }
}
