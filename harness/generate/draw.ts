/**
 * Draws histories with fast-check, and selects them for variety: each time the one with the most new triples of consecutive steps. Most
 * bugs need two or three steps in a row. The same seed gives the same histories.
 */
import * as fc from 'fast-check';
import { encodeHistory, endsProcess, type History, type HistoryStep } from './history.ts';
import { KEYS, VALUES } from './values.ts';

const LEAST_STEPS = 4;
/** A step costs about a millisecond, a process forty: long histories find more in less time, and are shrunk. */
const MOST_STEPS = 10;
/** Largest op number of a crash: more than any step of a small store has. Beyond the step's last op it wraps around. */
const MOST_OPS = 99;
/** Limit for histories selected by triples; after that few triples are new. */
const MOST_CHOSEN = 48;
/** Histories drawn for each one selected. */
const DRAWN_PER_CHOSEN = 30;

/** Relative frequency of each step. */
const WEIGHTS = { save: 4, update: 4, reset: 3, unchanged: 1, reload: 1, crash: 2 } as const satisfies {
  [kind in HistoryStep['kind']]: number;
};

/**
 * Histories for stores with or without an update. None begins with the end of a process.
 * @internal
 */
export function histories(hasUpdate: boolean): fc.Arbitrary<History> {
  const save = fc.integer({ min: 1, max: VALUES }).map((value): HistoryStep => ({ kind: 'save', value }));
  const update = fc.integer({ min: 1, max: KEYS }).map((key): HistoryStep => ({ kind: 'update', key }));
  const crash = fc.integer({ min: 0, max: MOST_OPS }).map((after): HistoryStep => ({ kind: 'crash', after }));
  const plain = (kind: 'reset' | 'unchanged' | 'reload'): fc.Arbitrary<HistoryStep> => fc.constant({ kind });
  const step = fc.oneof(
    { weight: WEIGHTS.save, arbitrary: save },
    ...(hasUpdate ? [{ weight: WEIGHTS.update, arbitrary: update }] : []),
    { weight: WEIGHTS.reset, arbitrary: plain('reset') },
    { weight: WEIGHTS.unchanged, arbitrary: plain('unchanged') },
    { weight: WEIGHTS.reload, arbitrary: plain('reload') },
    { weight: WEIGHTS.crash, arbitrary: crash },
  );
  return fc
    .array(step, { minLength: LEAST_STEPS, maxLength: MOST_STEPS, size: 'max' })
    .filter(([first]) => first !== undefined && !endsProcess(first));
}

/** `count` different histories. */
export function drawHistories(count: number, seed: number, hasUpdate: boolean): History[] {
  const drawn = fc.sample(histories(hasUpdate), { seed, numRuns: count + Math.min(count, MOST_CHOSEN) * DRAWN_PER_CHOSEN });
  const waiting = new Map(drawn.map((history) => [encodeHistory(history), { history, triples: triplesIn(history) }]));
  const known = new Set<string>();
  const chosen: History[] = [];
  while (chosen.length < Math.min(count, MOST_CHOSEN)) {
    const [key, best] = mostOf([...waiting], ([, { triples }]) => worthOf(triples.filter(({ kinds }) => !known.has(kinds)))) ?? [];
    if (key === undefined || best === undefined) break;
    waiting.delete(key);
    for (const { kinds } of best.triples) known.add(kinds);
    chosen.push(best.history);
  }
  return [...chosen, ...[...waiting.values()].map(({ history }) => history)].slice(0, count);
}

interface Triple {
  readonly kinds: string;
  readonly worth: number;
}

/** Triples of step kinds. Weight: 4 without the end of a process, 3 with one in the middle, else 1. */
function triplesIn(history: History): Triple[] {
  const triples = new Map<string, Triple>();
  for (const [at, first] of history.entries()) {
    const [second, third] = [history[at + 1], history[at + 2]];
    if (second === undefined || third === undefined) break;
    const ends = [first, second, third].map(endsProcess);
    const worth = !ends.includes(true) ? 4 : ends.join() === 'false,true,false' ? 3 : 1;
    const kinds = `${first.kind} ${second.kind} ${third.kind}`;
    triples.set(kinds, { kinds, worth });
  }
  return [...triples.values()];
}

const worthOf = (triples: readonly Triple[]): number => triples.reduce((sum, { worth }) => sum + worth, 0);

/** The first item with the largest amount. */
function mostOf<Item>(items: readonly Item[], amountOf: (item: Item) => number): Item | undefined {
  let best: { readonly item: Item; readonly amount: number } | undefined;
  for (const item of items) {
    const amount = amountOf(item);
    if (best === undefined || amount > best.amount) best = { item, amount };
  }
  return best?.item;
}
