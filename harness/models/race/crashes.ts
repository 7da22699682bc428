/**
 * Crashes of all processes at once (a container that is stopped, the OOM killer), in every order that was raced. Pure.
 *
 * Allows   a crash after any op of a race in which no process was killed.
 * Left out a crash after an op that changed nothing and settled no step, one in an order that another race begins with, and the end of
 *          a race, which is a case of its own.
 * Forbids  a crash inside an op, and one after another kill.
 * Real     the trees that were observed there: no process is killed. A replay kills them, and so does the second run of what fails.
 */
import { type ScheduleEnd, scheduleOf, stepsOf } from '../../domain/schedule.ts';
import { mayChange, type RaceEvent } from '../../record/race.ts';
import { type Raced, timesAfter } from './raced.ts';

export interface Crashes {
  /** Shortest schedules first. */
  readonly ends: readonly ScheduleEnd[];
  /** Crashes beyond the limit. */
  readonly beyond: number;
}

export const NO_CRASHES: Crashes = { ends: [], beyond: 0 };

/** Each distinct crash once, up to `limit` of them. */
export function crashesOf(races: readonly Raced[], limit: number): Crashes {
  const known = new Map<string, ScheduleEnd>();
  for (const raced of races) {
    if (raced.end.killed !== undefined || raced.end.how === 'crashed') continue;
    for (const until of boundariesOf(raced.events)) {
      const key = raced.lines.slice(0, until).join('\n');
      if (!known.has(key)) known.set(key, crashedAt(raced, until));
    }
  }
  const all = [...known.values()].sort(
    (one, other) => one.schedule.length - other.schedule.length || stepsOf(one.schedule) - stepsOf(other.schedule),
  );
  return { ends: all.slice(0, limit), beyond: Math.max(0, all.length - limit) };
}

/** How many events had happened at each crash: an op, and the steps that it settled. */
function boundariesOf(events: readonly RaceEvent[]): number[] {
  const boundaries: number[] = [];
  for (const [index, event] of events.entries()) {
    if (event.kind !== 'op') continue;
    const then = events.slice(index + 1);
    const next = then.findIndex(({ kind }) => kind !== 'resolved' && kind !== 'rejected' && kind !== 'finished');
    const settles = then.slice(0, Math.max(0, next)).some(({ kind }) => kind !== 'finished');
    if (next >= 0 && (settles || mayChange(event.op))) boundaries.push(index + 1 + next);
  }
  return boundaries;
}

function crashedAt({ events, end, trees, times }: Raced, until: number): ScheduleEnd {
  const happened = events.slice(0, until);
  const done = happened.filter(({ kind }) => kind === 'op').length;
  const ops = end.ops.slice(0, done);
  const steps = happened.filter(({ kind }) => kind === 'began' || kind === 'resolved' || kind === 'rejected').length;
  return {
    schedule: scheduleOf(ops.map(({ task }) => task)),
    ops,
    events: end.events.slice(0, steps),
    how: 'crashed',
    tree: trees[done] ?? end.tree,
    timeOf: timesAfter(times, done),
    ...(end.names && { names: end.names }),
  };
}
