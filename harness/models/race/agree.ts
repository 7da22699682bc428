/**
 * Compares the fake file system with real processes on the same schedules. Pure.
 *
 * It compares the sequence of ops, each with its task. It ignores what the two record differently for the same behaviour: ops on the
 * directory itself (listing, fsync) or outside of it, repeated look-ups in a row, and a stat right after an open.
 */

import { type ScheduleEnd, type ScheduleOp, TASK_LETTERS } from '../../domain/schedule.ts';
import type { Outcome } from '../../domain/store.ts';
import { scheduleOpText } from '../../explain/op-text.ts';

/** The result of one schedule. */
export interface Seen {
  readonly end: Pick<ScheduleEnd, 'ops' | 'killed'>;
  readonly outcome: Outcome;
}

export interface Agreement {
  /** Schedules that ran on both. */
  readonly compared: number;
  readonly notes: readonly string[];
}

/** Both maps are by schedule id. A schedule in only one of them is not compared. */
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
 * The number of steps in which a real task does what it did on the fake before it was preempted: `a10` there may be `a9` here. `alone` is
 * what the real task does when it goes first. Undefined if it does something else.
 */
export function realSteps(onFake: readonly ScheduleOp[], alone: readonly ScheduleOp[]): number | undefined {
  const wanted = orderOf(onFake);
  let steps = 0;
  while (steps < alone.length && orderOf(alone.slice(0, steps)).length < wanted.length) steps += 1;
  const done = orderOf(alone.slice(0, steps));
  return done.length === wanted.length && done.every((line, index) => line === wanted[index]) ? steps : undefined;
}

/** A line for each op: its task, and what it did. */
function orderOf(ops: readonly ScheduleOp[]): string[] {
  const order: string[] = [];
  const last = new Map<number, ScheduleOp>();
  for (const op of ops) {
    const before = last.get(op.task);
    const again = !op.changed && before !== undefined && (scheduleOpText(op) === scheduleOpText(before) || isStatOf(op, before));
    last.set(op.task, op);
    if (!again && !isElsewhere(op)) order.push(`${TASK_LETTERS[op.task] ?? op.task}: ${scheduleOpText(op)}`);
  }
  return order;
}

function isStatOf({ call, path, error }: ScheduleOp, opened: ScheduleOp): boolean {
  return call === 'stat' && error === undefined && opened.call === 'open' && opened.error === undefined && opened.path === path;
}

/** Ops on the directory itself, or outside of it. */
const isElsewhere = ({ path }: ScheduleOp): boolean => path === '.' || path.startsWith('../') || path.startsWith('/');
