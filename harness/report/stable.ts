/**
 * Takes out of a case's words what differs from run to run, so that a committed report changes only when a finding does.
 *
 * Goes: names made up by the run (times, UUIDs), absolute paths, process ids, and byte counts, which follow the length of a
 * process id in a lock file. Stays: which files there are, and that one is empty.
 */

import { canonicalPath } from '../domain/names.ts';
import type { CaseResult, OpLine } from '../domain/result.ts';
import { withoutBytes } from '../explain/op-text.ts';

const IN_QUOTES = /(['"`])(?:\/|[A-Za-z]:\\|file:\/\/)[^'"`\n]*\1/g;
const BARE_PATH = /(?<![^\s('"`[{=,:])(?:file:\/\/\S*|[A-Za-z]:\\[^\s'"`)\]},;]+|\/[^\s'"`)\]},;:]+)(?::\d+)*/g;
const PROCESS_ID = /\b(pid|process id|process)(\W{1,3})\d+/gi;

export function stableText(text: string): string {
  const withoutPaths = text.replace(IN_QUOTES, '$1<path>$1').replace(BARE_PATH, '<path>');
  return canonicalPath(withoutPaths, []).replace(PROCESS_ID, '$1$2<pid>');
}

/** A case as a committed report shows it. */
export function stableCase(one: CaseResult): CaseResult {
  const { after, until, landed, again, further, forced, missingBarrier, fault, quitBy, ...rest } = one;
  return {
    ...rest,
    ...(after !== undefined && { after: stableOp(after) }),
    ...(until !== undefined && { until: stableOp(until) }),
    ...(landed !== undefined && { landed: stableOps(landed) }),
    ...(fault !== undefined && { fault: stableOps(fault) }),
    ...(forced !== undefined && { forced }),
    ...(quitBy !== undefined && { quitBy: stableText(quitBy) }),
    ...(missingBarrier !== undefined && { missingBarrier: stableOps(missingBarrier) }),
    ...(again !== undefined && { again: stableCrash(again) }),
    ...(further !== undefined && { further: further.map(stableCrash) }),
    found: stableText(one.found),
    promised: stableText(one.promised),
    onDisk: one.onDisk.map(({ path, bytes }) => ({ path: canonicalPath(path, []), ...(bytes === 0 && { bytes }) })),
    lost: one.lost.map(stableOps),
  };
}

function stableCrash(later: NonNullable<CaseResult['again']>): NonNullable<CaseResult['again']> {
  return { ...later, ...(later.after && { after: stableOp(later.after) }), lost: later.lost.map(stableOps) };
}

/** Ops within a text, as in `op 7 write a.tmp 0..1204: its data at block 0, the size of 1204 bytes`. */
export function stableOps(text: string): string {
  return stableText(text)
    .replaceAll(/ \d+\.\.\d+/g, '')
    .replaceAll(/the size of \d+ bytes/g, 'its size');
}

function stableOp(op: OpLine): OpLine {
  return { ...op, text: canonicalPath(withoutBytes(op.text), []) };
}

/** `v20.20.2` -> `20`. */
export function majorVersion(node: string): string {
  return /\d+/.exec(node)?.[0] ?? node;
}
