/**
 * Which op a violating schedule is to blame on, in this order:
 *
 *   where others wait or are stopped, what was made where nothing may have been, and is still there
 *   a temporary name that another task used while one of them did not have its file in place yet
 *   where all went on to its end, and nobody loaded anything wrong on the way, one task saved over what another had saved: a save that put
 *     nothing there where an earlier one of the task did, else the last that took the place of another task's value
 *   a file that was removed while a load that had seen it still wanted it
 *   the last op that took the value away from the place where others look
 *   the last op that changed anything
 *
 * Ops of tasks have no source line. It is that of the same op where one process does the steps of all tasks.
 */
import { makesAnew } from '../../domain/calls.ts';
import { type Blame, type Mechanism, NEVER_WRITTEN } from '../../domain/mechanisms.ts';
import { canonicalPath } from '../../domain/names.ts';
import type { ScheduleEnd, ScheduleOp } from '../../domain/schedule.ts';
import type { Site } from '../../domain/trace.ts';
import { scheduleOpText } from '../../explain/op-text.ts';
import type { ScheduleVerdict } from './schedule-case.ts';

/** A name with a part of its own in each save. */
const DRAWN = /<\w+>/;

const succeeded = (ops: readonly ScheduleOp[]): ScheduleOp[] => ops.filter(({ error }) => error === undefined);

const opensToWrite = ({ call, flags = [] }: ScheduleOp): boolean =>
  call === 'open' && (flags.includes('create') || flags.includes('truncate'));

export async function blameSchedule(verdict: ScheduleVerdict): Promise<Blame | undefined> {
  const found = culpritOf(verdict);
  if (found === undefined) return isNeverWritten(verdict.case.end) ? NEVER_WRITTEN : undefined;
  const { mechanism, op } = found;
  const site = await siteOf(op, verdict);
  return { mechanism, op: scheduleOpText(op), ...(site && { site }) };
}

/** Whether nothing was there, or a save resolved, and no task had changed anything. */
const isNeverWritten = ({ ops, events, tree }: ScheduleEnd): boolean =>
  !ops.some(({ changed }) => changed) && (tree.size === 0 || events.some(({ kind }) => kind === 'resolved'));

async function siteOf(op: ScheduleOp, { case: { subject, end } }: ScheduleVerdict): Promise<Site | undefined> {
  const { error: _, ...meant } = op;
  const text = scheduleOpText(meant);
  const path = (actual: string): string => canonicalPath(actual, end.names ?? []);
  const ops = (await subject.ops()).map(({ call, file, to, flags, site }) => ({
    text: scheduleOpText({ call, path: path(file.actual), ...(to && { to: path(to.actual) }), ...(flags && { flags }) }),
    site,
  }));
  // Of another process a name may have another number: on the fake file system tasks share one.
  const masked = (words: string): string => words.replaceAll(/\d+/g, '0');
  return (ops.find((one) => one.text === text) ?? ops.find((one) => masked(one.text) === masked(text)))?.site;
}

interface Culprit {
  readonly mechanism: Mechanism;
  readonly op: ScheduleOp;
}

/** @internal */
export function culpritOf({ case: { end }, run, outcome }: ScheduleVerdict): Culprit | undefined {
  const { badLoad } = run.promise;
  const until = badLoad?.event.at ?? end.ops.length;
  const before = succeeded(end.ops.slice(0, until));
  const last = before.findLast(({ changed }) => changed) ?? before.at(-1);
  if (last === undefined) return undefined;
  if (outcome === 'hung') return { mechanism: 'waits-forever', op: lockLeft(end, before) ?? last };
  if (outcome === 'blocked') return { mechanism: 'blocks', op: lockLeft(end, before) ?? last };
  const all = succeeded(end.ops);
  const shared = before.find((op, index) => isShared(op, before.slice(index + 1), all));
  if (shared !== undefined) return { mechanism: 'temp-shared', op: shared };
  const isWhole = badLoad === undefined && end.how === 'ended' && end.killed === undefined;
  if (isWhole && OVERWRITTEN.has(outcome)) return overwritten(end, before, all) ?? { mechanism: 'not-locked', op: last };
  const removed = badLoad && removedUnder(badLoad.event.task, end.ops.slice(0, until), all);
  if (removed !== undefined) return { mechanism: 'removed-while-read', op: removed };
  for (const op of [...before].reverse()) {
    const mechanism = takesAway(op, all);
    if (mechanism !== undefined) return { mechanism, op };
  }
  return overwritten(end, before, all) ?? { mechanism: 'not-locked', op: last };
}

/** A whole value is there, and it is the wrong one. */
const OVERWRITTEN: ReadonlySet<string> = new Set(['stale', 'lost', 'false-ack']);

function overwritten(end: ScheduleEnd, before: readonly ScheduleOp[], all: readonly ScheduleOp[]): Culprit | undefined {
  const put = skippedPut(end);
  if (put !== undefined) return { mechanism: 'skipped-save', op: put };
  const op = before.findLast(({ call }) => call === 'rename') ?? before.findLast((one) => takesAway(one, all) === 'written-in-place');
  return op && { mechanism: 'not-locked', op };
}

/** What was made where nothing may have been, and is still there. */
function lockLeft({ tree, names = [] }: ScheduleEnd, before: readonly ScheduleOp[]): ScheduleOp | undefined {
  const left = new Set([...tree.keys()].map((path) => canonicalPath(path, names)));
  return before.findLast((op) => {
    const path = op.to ?? op.path;
    return makesAnew(op) && !DRAWN.test(path) && left.has(path);
  });
}

const isRenamed = (path: string, all: readonly ScheduleOp[]): boolean => all.some((op) => op.call === 'rename' && op.path === path);
const isTarget = (path: string, all: readonly ScheduleOp[]): boolean => all.some((op) => op.call === 'rename' && op.to === path);

/** A file that is written and then renamed, which another task opens to write before it is renamed or removed. */
function isShared(op: ScheduleOp, then: readonly ScheduleOp[], all: readonly ScheduleOp[]): boolean {
  const { path, task } = op;
  if (!opensToWrite(op) || DRAWN.test(path) || !isRenamed(path, all) || isTarget(path, all)) return false;
  const isOver = then.findIndex((one) => one.task === task && one.path === path && (one.call === 'rename' || one.call === 'unlink'));
  return then.slice(0, isOver < 0 ? undefined : isOver).some((one) => one.task !== task && one.path === path && opensToWrite(one));
}

/** What took away, by its name, what this task then did not find any more: the file, its directory, or entries of a directory that it lists. */
function removedUnder(task: number, ops: readonly ScheduleOp[], all: readonly ScheduleOp[]): ScheduleOp | undefined {
  const missed = ops.findLast((op) => op.task === task && op.error === 'ENOENT' && (op.call === 'open' || op.call === 'stat'));
  const listed = ops.findLast((op) => op.task === task && op.error === undefined && op.call === 'readdir');
  const removed = (before: ScheduleOp | undefined, isWanted: (path: string, by: ScheduleOp) => boolean): ScheduleOp | undefined =>
    before &&
    ops
      .slice(0, ops.indexOf(before))
      .findLast((op) => isRemoval(op) && op.task !== task && isWanted(before.path, op) && !isTarget(op.path, all));
  return (
    removed(missed, (path, by) => path === by.path || path.startsWith(`${by.path}/`)) ??
    removed(listed, (path, by) => by.path.slice(0, by.path.lastIndexOf('/')) === path)
  );
}

const isRemoval = ({ call, error }: ScheduleOp): boolean => (call === 'unlink' || call === 'rmdir') && error === undefined;

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
      if (!opensToWrite(op) || op.flags?.includes('exclusive') || isRenamed(op.path, all)) return undefined;
      return op.flags?.includes('append') ? 'appended' : 'written-in-place';
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
