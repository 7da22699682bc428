/** Work of a single caller to its end: its calls happen at once, and when nothing else is left to do its timers come in order. */
import type { World } from './world.ts';

/** A store that looks for a lock this often has nobody to wait for. */
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
