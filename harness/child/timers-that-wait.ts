/**
 * Timers that fire only after the event loop has waited since they were set.
 *
 * A process that is late, because the machine is busy, may find a timer due before it has waited at all. It then polls a lock once more in one
 * run than in another, although it was to wait. With these timers, who waits for a time always waits, so a race sees that wait.
 */
import { syncBuiltinESMExports } from 'node:module';
import { performance } from 'node:perf_hooks';
import timers from 'node:timers';
import promises from 'node:timers/promises';
import { promisify } from 'node:util';

/** How many times a timer is put off. Where code waits for its timer in a busy loop, the event loop never waits. */
const MOST_DELAYS = 100;

/** Milliseconds in which the event loop has waited. A poll that did not wait adds nothing. */
const waitedMs = (): number => performance.nodeTiming.idleTime;

/** Replaces `setTimeout` of this process, in every form in which a store can get at it. */
export function installTimersThatWait(): void {
  const callAfter = timers.setTimeout;
  const resolveAfter = promises.setTimeout;

  const setTimeoutThatWaits = (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): NodeJS.Timeout => {
    if (typeof callback !== 'function') return callAfter(callback, ms); // which throws
    const before = waitedMs();
    let delays = 0;
    const timeout = callAfter(() => {
      delays += 1;
      if (waitedMs() > before || delays > MOST_DELAYS) callback.apply(timeout, args);
      else timeout.refresh();
    }, ms);
    return timeout;
  };
  const promiseThatWaits: typeof resolveAfter = async (ms, value, options) => {
    const before = waitedMs();
    for (let delays = 0; delays <= MOST_DELAYS; delays += 1) {
      await resolveAfter(ms, undefined, options);
      if (waitedMs() > before) break;
    }
    return value as NonNullable<typeof value>;
  };

  const setTimeout = Object.assign(setTimeoutThatWaits, { [promisify.custom]: promiseThatWaits });
  Object.assign(timers, { setTimeout });
  Object.assign(globalThis, { setTimeout });
  Object.assign(promises, { setTimeout: promiseThatWaits });
  syncBuiltinESMExports();
}
