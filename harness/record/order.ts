/**
 * The total order of a run, as keys: a later run must produce the same keys, event by event, to count as the same run.
 *
 * A key names the call and its files, with the varying parts as placeholders. It has no sizes and no results: those are not known
 * before an op happens, and are compared after the run.
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

export function markKey({ kind, step, name }: Pick<RawMark, 'kind' | 'step' | 'name'>): string {
  return `step ${step + 1} ${kind}${name === undefined ? '' : `: ${name}`}`;
}

export function isMarkKey(key: string): boolean {
  return /^step \d+ (?:resolved|rejected)(?:: |$)/.test(key);
}

/** Whether an event is stores to a mapped file: they are seen at the next stop, when they have happened. */
export function isMapwriteKey(key: string): boolean {
  return key.startsWith('mapwrite ');
}

/** How a run's next event is compared with the recorded one. `alike` accepts other random names, which the second run learns. */
export type Matching = 'same' | 'alike';

/**
 * Whether an event is the one at index `at` of the order. If `alike`, file names may differ, except for an event that occurs
 * elsewhere in the order: its names are not random.
 */
export function isNext(order: readonly string[], at: number, got: string, matching: Matching): boolean {
  const expected = order[at];
  if (expected === undefined || expected === got) return expected === got;
  return matching === 'alike' && !isMarkKey(expected) && !order.includes(got) && alikeKeys(expected, got);
}

/** `call`, names, and the rest: flags and process. */
const KEY = /^(?<call>\w+) (?<names>.*?)(?<rest>(?: \[[a-z ]*\])?(?: by child process \d+)?)$/s;

function alikeKeys(expected: string, got: string): boolean {
  const [wanted, actual] = [KEY.exec(expected)?.groups, KEY.exec(got)?.groups];
  if (wanted === undefined || actual === undefined) return false;
  return wanted.call === actual.call && wanted.rest === actual.rest && alikeNames(wanted.names ?? '', actual.names ?? '');
}
