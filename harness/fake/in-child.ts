/** Evaluating a store once for many recoveries: each is done by a forked child, so that it starts with a store that has not been used. */
import type { StoreCalls } from '../domain/store.ts';
import { type Caller, RECOVERY, type World } from './world.ts';

/** Does work in a forked child, and waits for what it returns, which must be data. */
export type InChild = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** A store that was evaluated before its first use; undefined if its evaluation made a call or set a timer in its world. */
export function evaluatedBefore(world: World, evaluate: (caller: Caller) => StoreCalls): StoreCalls | undefined {
  world.reset();
  const caller = world.newCaller(RECOVERY, true);
  const store = evaluate(caller);
  const { timers, immediates, ticks, refused } = world;
  const pending = timers.size + immediates.length + ticks + caller.elapsedMs + caller.waiting.length;
  return pending === 0 && refused === undefined ? store : undefined;
}
