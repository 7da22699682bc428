/**
 * The total order of a run, as keys: what a later run must do, event by event, to count as the same run.
 *
 * A key names the effect and its files with their varying parts written out. It leaves out sizes and results, which are
 * compared after the run: at the moment an op is let through its result is not known yet.
 */

import type { RawMark, RawOp } from '../domain/events.ts';
import { alikeNames, canonicalPath } from '../domain/names.ts';
import type { NameRule } from '../domain/trace.ts';

/** An op as it is known before it happens. */
export type OpIntent = Pick<RawOp, 'call' | 'path' | 'flags' | 'process'> & { readonly to?: { readonly path: string } };

export function opKey(op: OpIntent, rules: readonly NameRule[]): string {
  const to = op.to === undefined ? '' : ` -> ${canonicalPath(op.to.path, rules)}`;
  const flags = op.flags === undefined ? '' : ` [${op.flags.join(' ')}]`;
  const process = op.process === 0 ? '' : ` by child process ${op.process}`;
  return `${op.call} ${canonicalPath(op.path, rules)}${to}${flags}${process}`;
}

export function markKey(mark: Pick<RawMark, 'kind' | 'step'>): string {
  return `step ${mark.step + 1} ${mark.kind}`;
}

export function isMarkKey(key: string): boolean {
  return /^step \d+ (?:resolved|rejected)$/.test(key);
}

/** How a run's next event is held against the recorded one. `alike` accepts other random names: the second run, which learns them. */
export type Matching = 'same' | 'alike';

/**
 * Whether an event is the one that the order has at `at`. Only the names of files may be alike; and a name that the order has
 * elsewhere is not made up afresh, so an event that comes elsewhere in the order is not this one.
 */
export function isNext(order: readonly string[], at: number, got: string, matching: Matching): boolean {
  const expected = order[at];
  if (expected === undefined || expected === got) return expected === got;
  return matching === 'alike' && !isMarkKey(expected) && !order.includes(got) && alikeKeys(expected, got);
}

/** `call`, names, and the rest: flags and process. */
const KEY = /^(?<call>\w+) (?<names>.*?)(?<rest>(?: \[[a-z ]*\])?(?: by child process \d+)?)$/s;

function alikeKeys(expected: string, got: string): boolean {
  const [one, other] = [KEY.exec(expected)?.groups, KEY.exec(got)?.groups];
  if (one === undefined || other === undefined) return false;
  return one.call === other.call && one.rest === other.rest && alikeNames(one.names ?? '', other.names ?? '');
}
