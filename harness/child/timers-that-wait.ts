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

/** Milliseconds in which the event loop has waited. A poll that did not wait adds nothing. */
const waitedMs = (): number => performance.nodeTiming.idleTime;

/** Replaces `setTimeout` of this process, in every form in which a store can get at it. */
export function installTimersThatWait(): void {
  const callAfter = timers.setTimeout;
  const resolveAfter = promises.setTimeout;

  const setTimeoutThatWaits = (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): NodeJS.Timeout => {
    if (typeof callback !== 'function') return callAfter(callback, ms); // which throws
    const before = waitedMs();
    const timeout = callAfter(() => {
      if (waitedMs() > before) callback.apply(timeout, args);
      else timeout.refresh();
    }, ms);
    return timeout;
  };
  const promiseThatWaits: typeof resolveAfter = async (ms, value, options) => {
    const before = waitedMs();
    do await resolveAfter(ms, undefined, options);
    while (waitedMs() <= before);
    return value as NonNullable<typeof value>;
  };

  const setTimeout = Object.assign(setTimeoutThatWaits, { [promisify.custom]: promiseThatWaits });
  Object.assign(timers, { setTimeout });
  Object.assign(globalThis, { setTimeout });
  Object.assign(promises, { setTimeout: promiseThatWaits });
  syncBuiltinESMExports();
}
