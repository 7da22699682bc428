/**
 * Shrinks a failing history until no step, no run of steps and no pair of steps can be removed, and no step can be simplified.
 *
 * fast-check does not retry a removal that once failed, but a failure often needs a few related steps in different places. Removals come
 * first, the longest first; then a plain save instead of another step, a reload instead of a crash, an earlier crash, a smaller value.
 */
import { encodeHistory, type History, type HistoryStep } from './history.ts';

export interface Shrunk {
  readonly history: History;
  /** Number of histories that were tried. */
  readonly tried: number;
  /** False if the limit was reached first. */
  readonly isSmallest: boolean;
}

export interface ShrinkOptions {
  /** Histories tried side by side. The first in order that fails is taken, so the result does not depend on this number. */
  readonly atOnce: number;
  /** Limit for the histories tried. */
  readonly limit: number;
}

/** `failing` returns the steps with which a history fails, or undefined if it does not fail. */
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

/** The simplest step. */
const SAVE: HistoryStep = { kind: 'save', value: 1 };

/** The least number, then the midpoint, then one less. */
function lessThan(n: number, least: number): number[] {
  return [...new Set([least, Math.floor((least + n) / 2), n - 1])].filter((less) => less >= least && less < n);
}
