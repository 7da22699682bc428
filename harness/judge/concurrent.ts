/**
 * The oracle for steps that go on at the same time. Pure.
 *
 * Allowed is what some order of the calls explains that respects real time: a call that had ended before another began comes before it
 * (linearizability; Herlihy and Wing 1990). A call that resolved is in that order; one that was cut off, or rejected, may be in it or not.
 * Loads are calls too: what they returned must be what was stored at their place in the order.
 */

import type { Loaded, Recovery } from '../domain/recovery.ts';
import type { ScheduleEnd, TaskEvent } from '../domain/schedule.ts';
import type { Outcome } from '../domain/store.ts';
import type { Json, Promised, Task } from '../domain/trace.ts';
import { isLoss, judgeRecovery, type OracleOptions, sameValue } from './outcome.ts';
import { valueAfter } from './promise.ts';

/** What the calls up to a moment allow. */
export interface ConcurrentPromise {
  /** What was stored before the first of them. */
  readonly before: Json | undefined;
  /** `acknowledged` and `inFlight` together are what a fresh process may find; `earlier` is what it could have found in some other history of these calls. */
  readonly promised: Promised;
  /** What a load returned that no order explains. */
  readonly badLoad?: { readonly outcome: Outcome; readonly event: TaskEvent };
}

type Stored = Json | undefined;
type Effect = (stored: Stored) => Stored;

interface Call {
  readonly began: number;
  /** Infinity for one that was cut off. */
  readonly ended: number;
  /** Its place in the order is not a must. */
  readonly optional: boolean;
  readonly effect: Effect;
  /** Stores what was not stored before. */
  readonly makesValue: boolean;
  readonly load?: TaskEvent;
}

type Options = Pick<OracleOptions, 'empty' | 'contract' | 'likeness' | 'throwsWhenFresh'>;

/** `events` in the order in which they happened. */
export function promisedBy(before: Stored, tasks: readonly Task[], events: readonly TaskEvent[], options: Options): ConcurrentPromise {
  const calls = callsOf(tasks, events);
  const matches = (stored: Stored, loaded: Loaded | undefined): boolean => couldLoad(stored, loaded, options);
  const finals = storedAtEnd(before, calls, matches);
  const unchecked = storedAtEnd(before, calls, () => true);
  const possible = anyOrder(before, calls);
  const [first, ...others] = finals.length > 0 ? finals : unchecked;
  const promised: Promised = { acknowledged: first, inFlight: others.filter((value) => value !== undefined), earlier: possible };
  if (finals.length > 0) return { before, promised };
  const event = offendingLoad(before, calls, matches);
  return { before, promised, ...(event && { badLoad: { event, outcome: loadOutcome(event.loaded, possible, options) } }) };
}

/** Puts a word to how a schedule ended. `original` is what was stored before the first call, `new` any other value that is allowed. */
export function judgeConcurrent(
  { before, promised, badLoad }: ConcurrentPromise,
  { how, stuck }: Pick<ScheduleEnd, 'how' | 'stuck'>,
  recovery: Recovery,
  options: OracleOptions,
): Outcome {
  if (stuck !== undefined) return 'hung';
  if (badLoad !== undefined) return badLoad.outcome;
  const outcome = judgeRecovery(promised, recovery, options);
  if (!isLoss(outcome)) return couldLoad(before, recovery.load, options) ? 'original' : 'new';
  // Nothing crashed: a value that was promised and is not there was never kept.
  return outcome === 'stale' && how === 'ended' ? 'false-ack' : outcome;
}

function callsOf(tasks: readonly Task[], events: readonly TaskEvent[]): Call[] {
  return [...events.entries()].flatMap(([began, event]): Call[] => {
    if (event.kind !== 'began') return [];
    const step = tasks[event.task]?.steps[event.step];
    if (step === undefined) return [];
    const isEnd = (other: TaskEvent): boolean => other.kind !== 'began' && other.task === event.task && other.step === event.step;
    const at = events.findIndex(isEnd);
    const end = events[at];
    const ended = at < 0 ? Number.POSITIVE_INFINITY : at;
    if (step.kind === 'load')
      return end === undefined ? [] : [{ began, ended, optional: false, effect: (stored) => stored, makesValue: false, load: end }];
    const effect: Effect = step.kind === 'save-loaded' ? () => event.saved : (stored) => valueAfter(step, stored);
    return [{ began, ended, optional: end?.kind !== 'resolved', effect, makesValue: step.kind !== 'save-loaded' }];
  });
}

/** Every value that may be stored once all calls are placed, by the orders in which each load returns what is stored. */
function storedAtEnd(before: Stored, calls: readonly Call[], matches: (stored: Stored, loaded: Loaded | undefined) => boolean): Stored[] {
  const found = new Map<string, Stored>();
  const seen = new Set<string>();
  const place = (stored: Stored, placed: number): void => {
    const key = `${placed} ${JSON.stringify(stored)}`;
    if (seen.has(key)) return;
    seen.add(key);
    const left = calls.flatMap((call, index) => ((placed & (1 << index)) === 0 ? [{ call, bit: 1 << index }] : []));
    if (left.every(({ call }) => call.optional)) found.set(JSON.stringify(stored) ?? '', stored);
    for (const { call, bit } of left) {
      if (left.some((other) => !other.call.optional && other.call.ended < call.began)) continue;
      if (call.load !== undefined && !matches(stored, call.load.loaded)) continue;
      // Those that had ended before it can no longer take effect after it.
      const tooLate = left.filter((other) => other.call.optional && other.call.ended < call.began).reduce((bits, one) => bits | one.bit, 0);
      place(call.effect(stored), placed | bit | tooLate);
    }
  };
  place(before, 0);
  return [...found.values()];
}

/** What any of the calls, in any order, could have stored. What was saved because a load had returned it makes no value good. */
function anyOrder(before: Stored, calls: readonly Call[]): Stored[] {
  const anyTime = calls
    .filter(({ makesValue }) => makesValue)
    .map((call) => ({ ...call, began: 0, ended: Number.POSITIVE_INFINITY, optional: true }));
  return storedAtEnd(before, anyTime, () => true);
}

/** The first load that no order explains, given those before it. */
function offendingLoad(
  before: Stored,
  calls: readonly Call[],
  matches: (stored: Stored, loaded: Loaded | undefined) => boolean,
): TaskEvent | undefined {
  const loads = calls.filter(({ load }) => load !== undefined).sort((one, other) => one.ended - other.ended);
  for (const [index, last] of loads.entries()) {
    const later = new Set(loads.slice(index + 1));
    if (
      storedAtEnd(
        before,
        calls.filter((call) => !later.has(call)),
        matches,
      ).length === 0
    )
      return last.load;
  }
  return undefined;
}

function couldLoad(stored: Stored, loaded: Loaded | undefined, options: Options): boolean {
  if (loaded?.kind === 'threw') return stored === undefined && options.throwsWhenFresh;
  return loaded?.kind === 'loaded' && sameValue(loaded.value, stored, options);
}

function loadOutcome(loaded: Loaded | undefined, possible: readonly Stored[], options: Options): Outcome {
  if (loaded?.kind !== 'loaded') return loaded?.kind === 'hung' ? 'hung' : 'unreadable';
  if (possible.some((value) => value !== undefined && sameValue(loaded.value, value, options))) return 'stale';
  return sameValue(loaded.value, undefined, options) ? 'empty' : 'mixed';
}
