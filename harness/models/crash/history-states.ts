/**
 * The crash states of a history: all of them, if they are few.
 *
 * What no process forced to disk adds up from step to step, and so does what a power cut may leave. Of a history with too many states, all
 * those of its first calls are enumerated, and of the rest a random sample; other histories begin differently.
 */
import type { Effort } from '../../domain/effort.ts';
import type { Trace } from '../../domain/trace.ts';
import { upTo } from '../../generate/one-trace.ts';
import { randomNumbers } from '../../persistence/random.ts';
import type { TraceState } from './crash-state.ts';
import type { StateOptions, StatesOfTrace } from './explore.ts';

/** Of the limit: the share of a history's first calls where it has more states, and what is drawn of the rest. */
const AT_FIRST = 0.75;
const DRAWN = 0.2;

/** Where only the states of two processes count: of the limit, what is enumerated of the whole history, and what is judged. */
const EARLIER_TOO = 4;
const OF_BOTH = 0.5;

/** What a model enumerates of a trace. `isSampled`: there are more states than the limit. */
export interface Enumerated extends StatesOfTrace<TraceState> {
  readonly isSampled?: boolean;
}

/** `ends`: the boundaries at which its calls resolved, in order. Throws NotReplayable. */
export function historyStates<Found extends Enumerated>(
  trace: Trace,
  ends: readonly number[],
  { states: most, statesPerHistory, seed }: Pick<Effort, 'states' | 'statesPerHistory' | 'seed'>,
  enumerate: (trace: Trace, options: StateOptions) => Found,
): Found {
  const limit = Math.min(most, statesPerHistory);
  const explore = (part: Trace, share: number): Found => enumerate(part, { limit: Math.ceil(limit * share), seed, wholePages: true }); // the values are shorter than a sector
  const whole = explore(trace, 1);
  if (!whole.isSampled) return whole;
  let first: readonly TraceState[] = [];
  let end = -1;
  for (const next of ends) {
    const { states, isSampled } = explore(upTo(trace, next), AT_FIRST);
    if (isSampled) break;
    [first, end] = [states, next];
  }
  const rest = whole.states.filter(({ at }) => at.op > end);
  return { ...whole, states: [...first, ...drawn(rest, Math.ceil(limit * DRAWN), randomNumbers(seed))] };
}

/**
 * States at later boundaries than `since` in which something is lost of what came before it; a random sample, if there are more than the limit.
 * Throws NotReplayable.
 */
export function statesSince<Found extends Enumerated>(
  trace: Trace,
  since: number,
  { statesPerHistory, seed }: Pick<Effort, 'statesPerHistory' | 'seed'>,
  enumerate: (trace: Trace, options: StateOptions) => Found,
): Found {
  const whole = enumerate(trace, { limit: statesPerHistory * EARLIER_TOO, seed, wholePages: true });
  const isOfBoth = (state: TraceState): boolean =>
    state.at.op > since && state.how === 'power-lost' && state.loss.lost.some(({ op }) => op.index <= since);
  const states = whole.states.filter(isOfBoth);
  const most = Math.ceil(statesPerHistory * OF_BOTH);
  return {
    ...whole,
    states: drawn(states, most, randomNumbers(seed)),
    points: trace.ops.length - since,
    isSampled: whole.isSampled === true || states.length > most,
  };
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
