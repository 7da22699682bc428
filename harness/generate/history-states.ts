/**
 * The crash states of a history: all of them, unless there are too many.
 *
 * Unsynced data accumulates from step to step, and with it the number of states after a power cut. If there are too many states, those of
 * as many first calls as the limit allows are enumerated, and the rest is sampled by the seed: other histories begin with other calls.
 */
import type { CrashChoice } from '../domain/models.ts';
import type { Trace } from '../domain/trace.ts';
import type { KillState, LossState } from '../explore/crash-state.ts';
import { type Explored, exploreTrace } from '../explore/explore.ts';
import type { LossOptions } from '../models/power-loss/loss-states.ts';
import { randomNumbers } from '../persistence/random.ts';
import { upTo } from './one-trace.ts';

type States = Explored<KillState | LossState>;

/** Limit for enumerating all states, in distinct states. */
const MOST_STATES = 200;
/** The same for the first calls of a history that has more. */
const MOST_AT_FIRST = 150;
/** Number of states sampled from the rest. */
const DRAWN = 40;

/** `ends`: the boundaries at which its calls resolved, in order. Throws NotReplayable. */
export function historyStates(
  choice: Exclude<CrashChoice, { model: 'power-cut' }>,
  trace: Trace,
  ends: readonly number[],
  { limit, seed }: Pick<LossOptions, 'limit' | 'seed'>,
): States {
  const explore = (some: Trace, most: number): States =>
    exploreTrace(choice, some, { limit: Math.min(limit, most), seed, wholePages: true }); // the values are shorter than a sector
  const whole = explore(trace, MOST_STATES);
  if (whole.coverage?.pages.kind !== 'sampled') return whole;
  let first: States['states'] = [];
  let end = -1;
  for (const next of ends) {
    const { states, coverage } = explore(upTo(trace, next), MOST_AT_FIRST);
    if (coverage?.pages.kind === 'sampled') break;
    [first, end] = [states, next];
  }
  const rest = whole.states.filter(({ at }) => at.op > end);
  const states = [...first, ...drawn(rest, DRAWN, randomNumbers(seed))];
  return { ...whole, states, coverage: { pages: { ...whole.coverage.pages, distinct: states.length } } };
}

/** A random sample, in the order of the items. */
function drawn<Item>(items: readonly Item[], count: number, random: () => number): Item[] {
  let wanted = Math.min(count, items.length);
  return items.filter((_, at) => {
    const isTaken = random() * (items.length - at) < wanted;
    if (isTaken) wanted -= 1;
    return isTaken;
  });
}
