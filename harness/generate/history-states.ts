/**
 * The crash states of a history: all of them, where they are not too many.
 *
 * What no process forced to disk adds up from step to step, and with it what a power cut may leave. Of a history that has too many states,
 * all those of its first calls are told, as far as that goes, and of the rest some, drawn by the seed: other histories begin otherwise.
 */
import type { CrashChoice } from '../domain/models.ts';
import type { Trace } from '../domain/trace.ts';
import type { KillState, LossState } from '../explore/crash-state.ts';
import { type Explored, exploreTrace } from '../explore/explore.ts';
import type { LossOptions } from '../models/power-loss/loss-states.ts';
import { randomNumbers } from '../persistence/random.ts';
import { upTo } from './one-trace.ts';

type States = Explored<KillState | LossState>;

/** Distinct states up to which all are told. */
const MOST_STATES = 200;
/** The same for the first calls of a history that has more. */
const MOST_AT_FIRST = 150;
/** What is drawn of the rest. */
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

/** Some, in their order. */
function drawn<Item>(items: readonly Item[], count: number, random: () => number): Item[] {
  let wanted = Math.min(count, items.length);
  return items.filter((_, at) => {
    const isTaken = random() * (items.length - at) < wanted;
    if (isTaken) wanted -= 1;
    return isTaken;
  });
}
