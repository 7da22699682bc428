/**
 * The crash states of a history: all of them, if they are few.
 *
 * What no process forced to disk adds up from step to step, and so does what a power cut may leave. Of a history with too many states, all
 * those of its first calls are enumerated, and of the rest a random sample; other histories begin differently.
 */
import type { Trace } from '../../domain/trace.ts';
import { upTo } from '../../generate/one-trace.ts';
import { randomNumbers } from '../../persistence/random.ts';
import type { TraceState } from './crash-state.ts';
import type { StateOptions, StatesOfTrace } from './explore.ts';

/** Distinct states up to which all are enumerated. */
const MOST_STATES = 200;
/** The same for the first calls of a history that has more. */
const MOST_AT_FIRST = 150;
/** What is drawn of the rest. */
const DRAWN = 40;

/** What a model enumerates of a trace. `isSampled`: there are more states than the limit. */
export interface Enumerated extends StatesOfTrace<TraceState> {
  readonly isSampled?: boolean;
}

/** `ends`: the boundaries at which its calls resolved, in order. Throws NotReplayable. */
export function historyStates<Found extends Enumerated>(
  trace: Trace,
  ends: readonly number[],
  { limit, seed }: Pick<StateOptions, 'limit' | 'seed'>,
  enumerate: (trace: Trace, options: StateOptions) => Found,
): Found {
  const explore = (part: Trace, most: number): Found => enumerate(part, { limit: Math.min(limit, most), seed, wholePages: true }); // the values are shorter than a sector
  const whole = explore(trace, MOST_STATES);
  if (!whole.isSampled) return whole;
  let first: readonly TraceState[] = [];
  let end = -1;
  for (const next of ends) {
    const { states, isSampled } = explore(upTo(trace, next), MOST_AT_FIRST);
    if (isSampled) break;
    [first, end] = [states, next];
  }
  const rest = whole.states.filter(({ at }) => at.op > end);
  return { ...whole, states: [...first, ...drawn(rest, DRAWN, randomNumbers(seed))] };
}

/** Some, in their order. */
function drawn<Item>(items: readonly Item[], count: number, random: () => number): Item[] {
  let wanted = Math.min(count, items.length);
  return items.filter((_, at) => {
    const isTaken = random() * (items.length - at) < wanted;
    if (isTaken) wanted -= 1;
    return isTaken;
  });
}
