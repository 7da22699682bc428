/**
 * The oracle for a log: every record that was acknowledged is there, in order, once. Pure.
 *
 *   lost           a record is gone though a later one is there, or one that was there before the first step
 *   torn           a part of a record
 *   twice          a record more often than it was appended
 *   out-of-order   records in another order
 *   mixed          what nobody appended
 *
 * A log that only lacks its last records is as it was earlier, and judged before.
 */
import { isDeepStrictEqual } from 'node:util';
import { alike, type Likeness } from '../domain/alike.ts';
import { isObject, recordsOf } from '../domain/json.ts';
import { type Outcome, worstOutcome } from '../domain/outcomes.ts';
import type { Json, Promised } from '../domain/trace.ts';

/** For a value that is no state of the log. */
export function judgeRecords({ acknowledged, inFlight, earlier }: Promised, value: Json | undefined, likeness: Likeness = {}): Outcome {
  if (!Array.isArray(value)) return 'mixed';
  const found: readonly Json[] = value;
  const allowed = [acknowledged, ...inFlight].map(recordsOf);
  const known = [...allowed, ...earlier.map(recordsOf)];
  const same = (one: Json, other: Json): boolean => alike(one, other, likeness, [ANY]);
  const isLacking = (log: readonly Json[]): boolean => log.some((record) => countOf(record, found, same) < countOf(record, log, same));
  const outcomes = [
    ...found.map((record) => judgeRecord(record, found, known, same)),
    allowed.some((log) => inOrderOf(found, log, same)) ? undefined : 'out-of-order',
    allowed.every(isLacking) ? 'lost' : undefined,
  ] as const;
  return worstOutcome(outcomes.filter((outcome) => outcome !== undefined)) ?? 'mixed';
}

type Same = (one: Json, other: Json) => boolean;

function judgeRecord(record: Json, found: readonly Json[], known: readonly (readonly Json[])[], same: Same): Outcome | undefined {
  const most = Math.max(...known.map((log) => countOf(record, log, same)));
  if (most > 0) return countOf(record, found, same) > most ? 'twice' : undefined;
  return known.flat().some((other) => isPartOf(record, other)) ? 'torn' : 'mixed';
}

const countOf = (record: Json, log: readonly Json[], same: Same): number => log.filter((other) => same(other, record)).length;

/** The place of a record in the log says nothing about its members. */
const ANY = '*';

/** Whether the first of each known record that was found stand in the order of `log`. */
function inOrderOf(found: readonly Json[], log: readonly Json[], same: Same): boolean {
  const places = found.map((record) => log.findIndex((other) => same(other, record))).filter((place) => place >= 0);
  const firsts = places.filter((place, index) => places.indexOf(place) === index);
  return firsts.every((place, index) => index === 0 || place > (firsts[index - 1] ?? 0));
}

/** A text that is cut off, a list or an object of which members are missing or cut off. */
function isPartOf(part: Json, whole: Json): boolean {
  if (isDeepStrictEqual(part, whole)) return true;
  if (typeof part === 'string' && typeof whole === 'string') return part !== '' && whole.includes(part);
  if (Array.isArray(part) && Array.isArray(whole)) return part.every((item, index) => index < whole.length && isPartOf(item, whole[index]));
  if (!isObject(part) || !isObject(whole)) return false;
  return Object.entries(part).every(([key, item]) => whole[key] !== undefined && isPartOf(item, whole[key]));
}
