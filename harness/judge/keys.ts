/**
 * The oracle for a map: each key is promised by itself. Pure.
 *
 *   lost    a key is gone that was there when its last acknowledged change began
 *   stale   a key is as it was earlier: an earlier value, not there yet, or there again after it was deleted
 *   mixed   a key that nobody set, or a value that it never had
 */
import { isDeepStrictEqual } from 'node:util';
import { alike, type Likeness } from '../domain/alike.ts';
import { isObject, type Keys, keysOf } from '../domain/json.ts';
import { type Outcome, worstOutcome } from '../domain/outcomes.ts';
import type { Json, Promised } from '../domain/trace.ts';

/** For a value that is not allowed as a whole. A map of keys that are each allowed is `new`. */
export function judgeKeys({ acknowledged, inFlight, earlier }: Promised, value: Json | undefined, likeness: Likeness = {}): Outcome {
  if (value !== undefined && value !== null && !isObject(value)) return 'mixed';
  const [found, allowed] = [keysOf(value), [acknowledged, ...inFlight].map(keysOf)];
  const history = [...earlier, acknowledged].map(keysOf);
  const keys = new Set([found, ...allowed].flatMap((map) => Object.keys(map)));
  const outcomes = [...keys].map((key) => judgeKey(key, found[key], allowed, history, likeness));
  const worst = worstOutcome(outcomes) ?? 'new';
  return worst === 'lost' && Object.keys(found).length === 0 ? 'empty' : worst;
}

/** `history`: oldest first; the last one is the map last acknowledged. */
function judgeKey(key: string, found: Json | undefined, allowed: readonly Keys[], history: readonly Keys[], likeness: Likeness): Outcome {
  const had = (map: Keys): boolean => alike(map[key], found, likeness, [key]);
  if (allowed.some(had)) return 'new';
  if (found !== undefined) return history.some(had) ? 'stale' : 'mixed';
  const last = history.at(-1)?.[key];
  const before = history.findLast((map) => !isDeepStrictEqual(map[key], last));
  return before !== undefined && before[key] === undefined ? 'stale' : 'lost';
}
