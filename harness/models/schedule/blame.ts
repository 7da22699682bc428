/**
 * Which op a violating schedule is to blame on: a temporary name that two tasks share, else the last op that took the value away from the
 * place where others look, else a save that put nothing there where an earlier one of the task did, else what was put over the value of
 * another task.
 *
 * Ops of tasks have no source line. `explain/causes.ts` takes it from the same op in a run that has.
 */
import type { Blame, Mechanism } from '../../domain/mechanisms.ts';
import type { ScheduleEnd, ScheduleOp } from '../../domain/schedule.ts';
import { scheduleOpText } from '../../explain/op-text.ts';
import type { ScheduleVerdict } from './schedule-case.ts';

/** A name with a part of its own in each save. */
const DRAWN = /<\w+>/;

const succeeded = (ops: readonly ScheduleOp[]): ScheduleOp[] => ops.filter(({ error }) => error === undefined);

const opensToWrite = ({ call, flags = [] }: ScheduleOp): boolean =>
  call === 'open' && (flags.includes('create') || flags.includes('truncate'));

export function blameSchedule({ case: { end }, run, outcome }: ScheduleVerdict): Blame | undefined {
  const before = succeeded(end.ops.slice(0, run.promise.badLoad?.event.at));
  const last = before.at(-1);
  if (last === undefined) return undefined;
  if (outcome === 'hung') return { mechanism: 'waits-forever', op: scheduleOpText(last) };
  if (outcome === 'blocked') return { mechanism: 'blocks', op: scheduleOpText(last) };
  const all = succeeded(end.ops);
  const shared = before.find((op) => isShared(op, all));
  if (shared !== undefined) return { mechanism: 'temp-shared', op: scheduleOpText(shared) };
  for (const op of [...before].reverse()) {
    const mechanism = takesAway(op, all);
    if (mechanism !== undefined) return { mechanism, op: scheduleOpText(op) };
  }
  const put = skippedPut(end);
  if (put !== undefined) return { mechanism: 'skipped-save', op: scheduleOpText(put) };
  return { mechanism: 'not-locked', op: scheduleOpText(before.findLast(({ call }) => call === 'rename') ?? last) };
}

const isRenamed = (path: string, all: readonly ScheduleOp[]): boolean => all.some((op) => op.call === 'rename' && op.path === path);
const isTarget = (path: string, all: readonly ScheduleOp[]): boolean => all.some((op) => op.call === 'rename' && op.to === path);

/** A file that is written and then renamed, under a name that another task writes to as well. */
function isShared(op: ScheduleOp, all: readonly ScheduleOp[]): boolean {
  if (!opensToWrite(op) || DRAWN.test(op.path) || !isRenamed(op.path, all) || isTarget(op.path, all)) return false;
  return all.some((other) => other.task !== op.task && opensToWrite(other) && other.path === op.path);
}

/** How an op takes away a file that has one name in all saves, and is no lock, which is made exclusively. */
function takesAway(op: ScheduleOp, all: readonly ScheduleOp[]): Mechanism | undefined {
  if (DRAWN.test(op.path)) return undefined;
  const isReplaced = isTarget(op.path, all);
  switch (op.call) {
    case 'rename':
      return isReplaced ? 'moved-away' : undefined;
    case 'unlink':
      return isReplaced ? 'removed' : undefined;
    case 'open':
      return opensToWrite(op) && !op.flags?.includes('exclusive') && !isRenamed(op.path, all) ? 'written-in-place' : undefined;
    case 'truncate':
      return isReplaced ? 'written-in-place' : undefined;
    default:
      return undefined;
  }
}

/** What a task put in place in its first save, if a later one resolved and put nothing there. */
function skippedPut({ ops, events }: ScheduleEnd): ScheduleOp | undefined {
  for (const { task, step, at } of events.filter(({ kind }) => kind === 'resolved')) {
    const beganAt = (of: number): number =>
      events.find((event) => event.task === task && event.step === of && event.kind === 'began')?.at ?? 0;
    const puts = (from: number, to?: number): ScheduleOp[] =>
      succeeded(ops.slice(from, to)).filter((op) => op.task === task && op.call === 'rename');
    const first = puts(0, beganAt(step)).at(-1);
    if (first !== undefined && puts(beganAt(step), at).every(({ to }) => to !== first.to)) return first;
  }
  return undefined;
}
