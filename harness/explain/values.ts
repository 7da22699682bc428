/**
 * Stored values in words, within a line.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Outcome } from '../domain/outcomes.ts';
import type { Json, Promised } from '../domain/trace.ts';
import { counted } from '../domain/words.ts';

const LONGEST_STRING = 24;

/** A stored value in a few words: `{}`, `5 entries`, `3 items`, `"text…"`, `nothing`. */
export function describeValue(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.length > LONGEST_STRING ? `${value.slice(0, LONGEST_STRING)}…` : value);
  if (value === null || typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? '[]' : counted(value.length, 'item');
  const entries = Object.keys(value).length;
  return entries === 0 ? '{}' : counted(entries, 'entry', 'entries');
}

/** What a store had promised: `5 entries`; with a step under way that would change it, `5 entries or 6 entries`. */
export function describePromised(promised: Promised): string {
  const values = [promised.acknowledged, ...promised.inFlight].map(describeValue);
  return [...new Set(values)].join(' or ');
}

/** What `load` returned, and which save it came from if that is not plain: `5 entries, as of 2 saves earlier`. */
export function describeLoaded(value: Json | undefined, promised: Promised, outcome: Outcome = 'mixed'): string {
  const words = describeValue(value);
  const isValue = (other: Json | undefined): boolean => isDeepStrictEqual(value, other);
  if (words === '{}' || words === '[]' || words === 'null' || words === 'nothing') return words;
  if (isValue(promised.acknowledged)) return `${words}, as last acknowledged`;
  if (promised.inFlight.some(isValue)) return `${words}, of the save under way`;
  const before = [...promised.earlier].reverse().findIndex(isValue);
  if (before >= 0) return `${words}, as of ${counted(before + 1, 'save')} earlier`;
  return outcome === 'mixed' ? `${words} that nobody saved` : words;
}
