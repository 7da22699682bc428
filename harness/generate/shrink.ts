/**
 * Shrinking: from a history that fails to one of which no step, no run of steps and no pair of steps can be left out, and none be simpler.
 *
 * Not by fast-check, which does not go back to a step that it once could not leave out: a history fails by the few steps that belong
 * together, wherever they stand. Leaving out comes first, the most first; then a plain save instead of another step, a reload instead of a crash, an earlier crash, a smaller value.
 */
import { encodeHistory, type History, type HistoryStep } from './history.ts';

export interface Shrunk {
  readonly history: History;
  /** Histories that were tried on the way. */
  readonly tried: number;
  /** False where the limit came first. */
  readonly isSmallest: boolean;
}

export interface ShrinkOptions {
  /** Histories that are tried side by side. The first in order that fails is taken, so that the result does not hang on their number. */
  readonly atOnce: number;
  /** Histories that are tried at most. */
  readonly limit: number;
}

/** `failing` says how a history fails: with which of its steps; undefined if it does not. */
export async function shrink(
  history: History,
  failing: (history: History) => Promise<History | undefined>,
  { atOnce, limit }: ShrinkOptions,
): Promise<Shrunk> {
  const known = new Map<string, Promise<History | undefined>>();
  const ask = (candidate: History): Promise<History | undefined> => {
    const key = encodeHistory(candidate);
    const answer = known.get(key) ?? failing(candidate);
    known.set(key, answer);
    return answer;
  };
  let smallest = history;
  for (let found: History | undefined = history; found !== undefined; ) {
    smallest = found;
    found = undefined;
    const candidates = [...smallerThan(smallest)];
    for (let at = 0; at < candidates.length && found === undefined; at += atOnce) {
      if (known.size >= limit) return { history: smallest, tried: known.size, isSmallest: false };
      found = (await Promise.all(candidates.slice(at, at + atOnce).map(ask))).find((fails) => fails !== undefined);
    }
  }
  return { history: smallest, tried: known.size, isSmallest: true };
}

function* smallerThan(history: History): Generator<History> {
  for (let length = history.length - 1; length > 0; length -= 1) {
    for (let from = 0; from + length <= history.length; from += 1) yield history.filter((_, at) => at < from || at >= from + length);
  }
  for (let one = 0; one < history.length; one += 1) {
    for (let other = one + 2; other < history.length; other += 1) yield history.filter((_, at) => at !== one && at !== other);
  }
  for (const [at, step] of history.entries()) for (const simpler of simplerThan(step)) yield history.with(at, simpler);
}

function simplerThan(step: HistoryStep): HistoryStep[] {
  switch (step.kind) {
    case 'save':
      return lessThan(step.value, 1).map((value) => ({ kind: 'save', value }));
    case 'update':
      return [SAVE, ...lessThan(step.key, 1).map((key): HistoryStep => ({ kind: 'update', key }))];
    case 'crash':
      return [{ kind: 'reload' }, ...lessThan(step.after, 0).map((after): HistoryStep => ({ kind: 'crash', after }))];
    case 'reset':
    case 'unchanged':
      return [SAVE];
    case 'reload':
      return [];
    default:
      return step satisfies never;
  }
}

/** The plainest step there is. */
const SAVE: HistoryStep = { kind: 'save', value: 1 };

/** The least, then half-way, then one less. */
function lessThan(n: number, least: number): number[] {
  return [...new Set([least, Math.floor((least + n) / 2), n - 1])].filter((less) => less >= least && less < n);
}
