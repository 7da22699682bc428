/**
 * Whether the fake file system and real processes make the same of the same orders. Pure.
 *
 * An order is who did which op after whom, in words. No part of it is what the two tell differently though it is the same thing: how a
 * directory is listed and forced to disk, what lies outside the directory, how often something is looked at in a row, and whether a file
 * that was just opened is asked for its size.
 */

import { type ScheduleEnd, type ScheduleOp, TASK_LETTERS } from '../../domain/schedule.ts';
import type { Outcome } from '../../domain/store.ts';

/** What became of one order. */
export interface Seen {
  readonly end: Pick<ScheduleEnd, 'ops' | 'killed'>;
  readonly outcome: Outcome;
}

export interface Agreement {
  /** Orders that were seen on both. */
  readonly compared: number;
  readonly notes: readonly string[];
}

/** Both by the id of a schedule; what only one of them has is not compared. */
export function agreement(real: ReadonlyMap<string, Seen>, fake: ReadonlyMap<string, Seen>): Agreement {
  const notes: string[] = [];
  let compared = 0;
  for (const [id, one] of real) {
    const other = fake.get(id);
    if (other === undefined) continue;
    compared += 1;
    const note = difference(one, other);
    if (note !== undefined) notes.push(`fake and real disagree on ${id}: ${note}`);
  }
  return { compared, notes };
}

function difference(real: Seen, fake: Seen): string | undefined {
  const [ops, others] = [orderOf(real.end.ops), orderOf(fake.end.ops)];
  const at = Array.from({ length: Math.max(ops.length, others.length) }, (_, index) => index).find((index) => ops[index] !== others[index]);
  if (at !== undefined) return `op ${at + 1} is "${others[at] ?? 'none'}" on the fake, "${ops[at] ?? 'none'}" in real processes`;
  return real.outcome === fake.outcome ? undefined : `${fake.outcome} on the fake, ${real.outcome} in real processes`;
}

/**
 * How many steps of a real task, by what it does when it goes first, are as far as what it did on the fake before it was switched off:
 * `a10` there may be `a9` here. Undefined if it does something else.
 */
export function realSteps(onFake: readonly ScheduleOp[], alone: readonly ScheduleOp[]): number | undefined {
  const wanted = orderOf(onFake);
  let steps = 0;
  while (steps < alone.length && orderOf(alone.slice(0, steps)).length < wanted.length) steps += 1;
  const done = orderOf(alone.slice(0, steps));
  return done.length === wanted.length && done.every((line, index) => line === wanted[index]) ? steps : undefined;
}

/** Whose op it was, and what it did. */
function orderOf(ops: readonly ScheduleOp[]): string[] {
  const order: string[] = [];
  const last = new Map<number, string>();
  for (const { task, text, changed } of ops) {
    const before = last.get(task);
    const again = !changed && (text === before || before?.replace(OPENED, 'stat $1') === text);
    last.set(task, text);
    if (!again && !ELSEWHERE.test(text)) order.push(`${TASK_LETTERS[task] ?? task}: ${text}`);
  }
  return order;
}

const OPENED = /^open (\S+)(?: \([a-z, ]*\))?$/;
/** On the directory itself, or on what is not in it. */
const ELSEWHERE = /^\w+ (?:\.(?: |$)|\.\.\/|\/)/;
