/**
 * The oracle: from what was promised and what a fresh process found to one word, and from that word to a grade. Pure.
 *
 * It never forgives: what it cannot prove to be an allowed value is a loss.
 */
import { alike, type Likeness } from '../domain/alike.ts';
import { OUTCOMES, type Outcome } from '../domain/outcomes.ts';
import type { AfterLoad, Recovery } from '../domain/recovery.ts';
import type { Contract, Grade } from '../domain/store.ts';
import type { Json, Promised } from '../domain/trace.ts';
import { judgeKeys } from './keys.ts';
import { judgeNames } from './names.ts';
import { valueAfterNext } from './promise.ts';
import { judgeRecords } from './records.ts';

export interface OracleOptions {
  /** What load returns when nothing was saved; undefined: any of `{}`, `null` and `undefined`. */
  readonly empty?: Json;
  /** Default: `value`. */
  readonly contract?: Contract;
  /** Members that load adds, and those that do not count. */
  readonly likeness?: Likeness;
  /** What recovery saves; see `Scenario.next`. */
  readonly next: Json;
  /** What is loaded is what the check of a program found: a map of names. */
  readonly isChecked?: true;
  /** True if load throws on a directory that no save has touched: then throwing says "nothing saved". */
  readonly throwsWhenFresh: boolean;
  /** Whether the run under test made the file at a path. Absent if that is not known, or if the files of the first save do not stand any more. */
  readonly isOwn?: (path: string) => boolean;
}

export function judgeRecovery(promised: Promised, recovery: Recovery, options: OracleOptions): Outcome {
  if (options.isChecked) return judgeNames(promised, recovery.load, options);
  const first = judgeLoad(promised, recovery, options);
  if (isLoss(first)) return first;
  if (recovery.save?.kind === 'hung' || recovery.secondLoad?.kind === 'hung') return 'hung';
  const { load, secondLoad } = recovery;
  const expected = valueAfterNext(options.next, load.kind === 'loaded' ? load.value : undefined, options.contract);
  const shows = secondLoad?.kind === 'loaded' && sameValue(secondLoad.value, expected, options);
  return recovery.save?.kind === 'saved' && shows ? first : 'blocked';
}

function judgeLoad(promised: Promised, { load, opened }: AfterLoad, options: OracleOptions): Outcome {
  switch (load.kind) {
    case 'hung':
      return 'hung';
    case 'threw':
      if (!options.throwsWhenFresh) return 'unreadable';
      if (promised.acknowledged === undefined) return 'original';
      return isBeforeFirstSave(promised, opened, options) ? 'stale' : 'unreadable';
    case 'ended':
    case 'not-json':
    case 'unclear':
      return 'unreadable';
    case 'loaded':
      return judgeValue(promised, load.value, opened, options);
    default:
      return load satisfies never;
  }
}

function judgeValue(promised: Promised, value: Json | undefined, opened: AfterLoad['opened'], options: OracleOptions): Outcome {
  const is = (other: Json | undefined): boolean => sameValue(value, other, options);
  if (is(promised.acknowledged)) return 'original';
  if (promised.inFlight.some(is)) return 'new';
  if (options.contract === 'map') return judgeKeys(promised, value, options.likeness);
  // A log without its last records is an earlier one, also where none is left of those that came after it was empty.
  if (promised.earlier.some((earlier) => (earlier !== undefined || options.contract === 'log') && is(earlier))) return 'stale';
  if (isNothing(value, options)) return isBeforeFirstSave(promised, opened, options) ? 'stale' : 'empty';
  return options.contract === 'log' ? judgeRecords(promised, value, options.likeness) : 'mixed';
}

/**
 * Whether load found what was there before the first acknowledged save: nothing. If load opened a file of that save and found nothing in it,
 * the file is damaged, and the answer is false.
 */
function isBeforeFirstSave(
  { earlier, acknowledgedBefore = earlier }: Promised,
  opened: AfterLoad['opened'],
  options: OracleOptions,
): boolean {
  const { isOwn } = options;
  if (opened === undefined || isOwn === undefined) return false;
  if (acknowledgedBefore.length === 0) return false; // the value was stored before the save under test
  return acknowledgedBefore.every((value) => isNothing(value, options)) && !opened.some(isOwn);
}

type Sameness = Pick<OracleOptions, 'empty' | 'contract' | 'likeness'>;

/**
 * Equal as JSON, whatever the order of keys, but for what load adds. Saving an empty value and saving nothing are the same to a reader, also where
 * load adds something to nothing.
 */
export function sameValue(one: Json | undefined, other: Json | undefined, options: Sameness): boolean {
  if (alike(one, other, options.likeness ?? {})) return true;
  return isNothing(one, options) && isNothing(other, options);
}

/** What a store holds in which nothing was saved. */
export function isNothing(value: Json | undefined, { empty, contract, likeness = {} }: Sameness): boolean {
  const is = (other: Json): boolean => alike(value, other, likeness);
  if (value === undefined || (empty !== undefined && is(empty))) return true;
  if (contract === 'log' && is([])) return true;
  return empty === undefined && (value === null || is({}));
}

/** True for every outcome but those in which an allowed value was found and the store works on. */
export function isLoss(outcome: Outcome): boolean {
  return OUTCOMES[outcome].loss;
}

/**
 * How good an outcome is. `staleIs`: how good an earlier value is. A process that is killed, or that is refused a call, loses nothing that it
 * wrote. Only where unwritten data can vanish, or where others are at work, may an earlier value come back.
 */
export function gradeOf(outcome: Outcome, staleIs: Grade): Grade {
  const { grade } = OUTCOMES[outcome];
  return grade === 'by-model' ? staleIs : grade;
}
