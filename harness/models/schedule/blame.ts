/**
 * Which op a violating schedule is to blame on: a temporary name that two tasks share, else the last op that took the value away from the
 * place where others look, else what was put over the value of another task.
 *
 * Ops of tasks have no source line. `explain/causes.ts` takes it from the same op in a run that has.
 */
import type { Blame, Mechanism } from '../../domain/mechanisms.ts';
import type { ScheduleOp } from '../../domain/schedule.ts';
import type { ScheduleVerdict } from './schedule-case.ts';

/** An op that succeeded, read from its text. */
interface ReadOp {
  readonly task: number;
  readonly text: string;
  readonly call: string;
  readonly path: string;
  readonly to: string | undefined;
  readonly flags: readonly string[];
}

/** The format of `opText`. */
const OP = /^(?<call>\w+) (?<path>.+?)(?: -> (?<to>.+?))?(?: \((?<flags>[a-z, ]+)\))?$/;
/** A name with a part of its own in each save. */
const DRAWN = /<\w+>/;

function read(ops: readonly ScheduleOp[]): ReadOp[] {
  return ops.flatMap(({ task, text }): ReadOp[] => {
    const { call = '', path = '', to, flags = '' } = OP.exec(text)?.groups ?? {};
    return call === '' || text.includes(' failed: ') ? [] : [{ task, text, call, path, to, flags: flags.split(', ') }];
  });
}

const opensToWrite = ({ call, flags }: ReadOp): boolean => call === 'open' && (flags.includes('create') || flags.includes('truncate'));

export function blameSchedule({ case: { end }, run, outcome }: ScheduleVerdict): Blame | undefined {
  const before = read(end.ops.slice(0, run.promise.badLoad?.event.at));
  const last = before.at(-1);
  if (last === undefined) return undefined;
  if (outcome === 'hung') return { mechanism: 'waits-forever', op: last.text };
  if (outcome === 'blocked') return { mechanism: 'blocks', op: last.text };
  const all = read(end.ops);
  const shared = before.find((op) => isShared(op, all));
  if (shared !== undefined) return { mechanism: 'temp-shared', op: shared.text };
  for (const op of [...before].reverse()) {
    const mechanism = takesAway(op, all);
    if (mechanism !== undefined) return { mechanism, op: op.text };
  }
  return { mechanism: 'not-locked', op: (before.findLast(({ call }) => call === 'rename') ?? last).text };
}

const isRenamed = (path: string, all: readonly ReadOp[]): boolean => all.some((op) => op.call === 'rename' && op.path === path);
const isTarget = (path: string, all: readonly ReadOp[]): boolean => all.some((op) => op.call === 'rename' && op.to === path);

/** A file that is written and then renamed, under a name that another task writes to as well. */
function isShared(op: ReadOp, all: readonly ReadOp[]): boolean {
  if (!opensToWrite(op) || DRAWN.test(op.path) || !isRenamed(op.path, all) || isTarget(op.path, all)) return false;
  return all.some((other) => other.task !== op.task && opensToWrite(other) && other.path === op.path);
}

/** How an op takes away a file that has one name in all saves, and is no lock, which is made exclusively. */
function takesAway(op: ReadOp, all: readonly ReadOp[]): Mechanism | undefined {
  if (DRAWN.test(op.path)) return undefined;
  const isReplaced = isTarget(op.path, all);
  switch (op.call) {
    case 'rename':
      return isReplaced ? 'moved-away' : undefined;
    case 'unlink':
      return isReplaced ? 'removed' : undefined;
    case 'open':
      return opensToWrite(op) && !op.flags.includes('exclusive') && !isRenamed(op.path, all) ? 'written-in-place' : undefined;
    case 'truncate':
      return isReplaced ? 'written-in-place' : undefined;
    default:
      return undefined;
  }
}
