/**
 * The oracle for a start that is damaged: what a store may make of bytes that it did not write so. Pure.
 *
 *   refused     load threw, and the bytes are still somewhere
 *   original    what is damaged was made good from a copy, or nobody needs it
 *   stale       an older whole value; of a log also one without its last records, as after a torn append
 *   mixed       what was damaged was taken for a value: no parser saw it
 *   empty       what was damaged was taken for nothing, and its bytes are still somewhere
 *   destroyed   and they are in no file any more, after a load that returned and its save; or after a load or an update that threw
 */
import { recordsOf } from '../domain/json.ts';
import type { Recovery } from '../domain/recovery.ts';
import type { Contract, Outcome } from '../domain/store.ts';
import type { Json, Promised, Tree } from '../domain/trace.ts';
import { isLoss, judgeRecovery, type OracleOptions } from './outcome.ts';

export interface Damage {
  readonly recovery: Recovery;
  /** What the damaged file held when the store started. */
  readonly bytes: Uint8Array;
  /** What is on disk afterwards. */
  readonly after: Tree;
}

/**
 * What had been promised of what lies on disk, when all steps had resolved: the last value. Nothing is no earlier value, because a file is
 * there; of a log each of its beginnings is one.
 */
export function promisedAtRest({ acknowledged, earlier }: Promised, contract: Contract): Promised {
  const records = recordsOf(acknowledged);
  const beginnings = records.map((_, end) => records.slice(0, end)).slice(1);
  return {
    acknowledged,
    inFlight: [],
    earlier: contract === 'log' ? beginnings : earlier.filter((value) => value !== undefined),
  };
}

/** That load throws where nothing was saved says nothing of a file that is there. */
export function judgeDamage(promised: Promised, { recovery, bytes, after }: Damage, options: OracleOptions): Outcome {
  const { load, save } = recovery;
  if (load.kind === 'threw') {
    if (save?.kind === 'hung') return 'hung';
    return isKept(bytes, after) ? 'refused' : 'destroyed';
  }
  const outcome = judgeRecovery(promised, recovery, { ...options, throwsWhenFresh: false });
  if (!isLoss(outcome) || outcome === 'stale' || load.kind !== 'loaded') return outcome;
  return sizeOf(load.value) < sizeOf(promised.acknowledged) && !isKept(bytes, after) ? 'destroyed' : outcome;
}

/** Whether some file has them, maybe with more. Where there is nothing but NULs there is nothing to keep. */
export function isKept(bytes: Uint8Array, tree: Tree): boolean {
  if (bytes.every((byte) => byte === 0)) return true;
  return [...tree.values()].some((entry) => entry.kind === 'file' && Buffer.from(entry.bytes).includes(Buffer.from(bytes)));
}

/** Keys or records: a load that returns fewer has left some unread. */
function sizeOf(value: Json | undefined): number {
  return typeof value === 'object' && value !== null ? Object.keys(value).length : Number(value !== undefined && value !== null);
}
