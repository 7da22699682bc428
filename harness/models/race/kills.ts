/**
 * Kills after a switch from one task to another. Pure: candidates are found in the race without a kill.
 *
 * Allows   the second task killed after any of its ops before the first continues, which then runs to its end; the first task killed where
 *          the second waits while the first is alive: for a lock that is never let go.
 * Left out a kill of the second task after an op that changed nothing and settled no step: the one before has the same result. One where
 *          the last op of the first task commutes with all that the second did until it was killed, and settled no step: the switch before
 *          that op has the same result. One of the first task while the second does not wait: it never continued, so it is killed at
 *          the switch, before the second begins. One of the first task after an op that changed nothing and settled no step.
 */
import { groupedBy } from '../../domain/grouped.ts';
import { type Schedule, scheduleId, scheduleOf } from '../../domain/schedule.ts';
import { mayChange } from '../../record/race.ts';
import { isApart, isOnSameFile } from './apart.ts';
import { pointsOf, type TaskPoint } from './points.ts';
import { opsOf, type Planned, type Raced } from './raced.ts';

export interface KillAfterSwitch {
  readonly planned: Planned;
  /** The last op of the killed task is on a file or name that the other one uses later; or the other one waits for the killed task. */
  readonly meets: boolean;
  /** Equal for kills of one task after the same call of the second one. */
  readonly kind: string;
}

export interface KillsAfterSwitch {
  readonly kills: readonly KillAfterSwitch[];
  /** Kills with the result of another one. */
  readonly leftOut: number;
}

/** `raced`: a race in which the task of `point` was preempted there by `task`. */
export function killsAfterSwitch(raced: Raced, point: TaskPoint, task: number): KillsAfterSwitch {
  const done = opsOf(raced.events).slice(point.ops);
  const continues = done.findIndex((event) => event.task !== task);
  if (continues < 0) return { kills: [], leftOut: 0 }; // the second task is never seen again, or the first has ended
  const between = done.slice(0, continues).map(({ op }) => op);
  const later = done.slice(continues).flatMap((event) => (event.task === point.task ? [event.op] : []));
  const own = pointsOf(raced.events).filter(({ ops, task: its }) => its === task && ops > point.ops && ops <= point.ops + continues);
  const kills: KillAfterSwitch[] = [];
  let leftOut = 0;
  for (const { ops, op, settled, waits } of own) {
    const until = between.slice(0, ops - point.ops);
    const killOf = (kill: number, meets: boolean): KillAfterSwitch => ({
      planned: { schedule: upTo(raced, ops), kill },
      meets,
      kind: `${kill} ${task} ${op.call} ${meets}`,
    });
    const isSame = !raced.watched && !point.settled && isApart(point.op, until);
    if (isSame || !(mayChange(op) || settled)) leftOut += 1;
    else kills.push(killOf(task, isOnSameFile(op, later)));
    if (waits && (mayChange(point.op) || point.settled)) kills.push(killOf(point.task, true));
  }
  return { kills, leftOut };
}

/** Those that meet first, of each kind in turn; of a kind the latest switch first, after which the first task has the least left to do. */
export function mostTellingFirst(kills: readonly KillAfterSwitch[]): KillAfterSwitch[] {
  const late = [...kills].sort((one, other) => stepsBefore(other) - stepsBefore(one) || (idOf(one) < idOf(other) ? -1 : 1));
  const kinds = [...groupedBy(late, ({ kind }) => kind).values()];
  const turns = kinds.flatMap((alike) => alike.map((kill, turn) => ({ kill, turn })));
  return turns.sort((one, other) => Number(other.kill.meets) - Number(one.kill.meets) || one.turn - other.turn).map(({ kill }) => kill);
}

const stepsBefore = ({ planned: { schedule } }: KillAfterSwitch): number => schedule[0]?.steps ?? 0;
const idOf = ({ planned: { schedule } }: KillAfterSwitch): string => scheduleId(schedule);

function upTo({ end }: Raced, ops: number): Schedule {
  return scheduleOf(end.ops.slice(0, ops).map(({ task }) => task));
}
