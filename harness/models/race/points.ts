/** Where a task of a race stood after one of its ops and had not ended. Pure. */
import type { RawOp } from '../../domain/events.ts';
import type { RaceEvent } from '../../record/race.ts';

/** A point after an op of a task, before its next one. */
export interface TaskPoint {
  /** Number of ops of the whole race done so far. */
  readonly ops: number;
  readonly task: number;
  readonly op: RawOp;
  /** A step of the task settled after that op and before its next one. */
  readonly settled: boolean;
  /** The task could not continue here: it began to wait. */
  readonly waits: boolean;
  /** Other tasks that have not ended. */
  readonly others: readonly number[];
}

/** Points in which the task itself went on next, or began to wait: at each of the others another task continued because of the schedule. */
export function pointsOf(events: readonly RaceEvent[]): TaskPoint[] {
  const points: TaskPoint[] = [];
  const over = new Set<number>();
  let ops = 0;
  let open: { readonly task: number; readonly op: RawOp; settled: boolean } | undefined;
  const add = (waits: boolean): void => {
    if (open !== undefined) points.push({ ops, ...open, waits, others: othersThan(open.task, over, events) });
  };
  for (const event of events) {
    switch (event.kind) {
      case 'op':
        if (open?.task === event.task) add(false);
        ops += 1;
        open = { task: event.task, op: event.op, settled: false };
        break;
      case 'resolved':
      case 'rejected':
        if (open?.task === event.task) open.settled = true;
        break;
      case 'waits':
        if (open?.task !== event.task) break;
        add(true);
        open = undefined;
        break;
      case 'finished':
      case 'killed':
      case 'died':
        over.add(event.task);
        if (open?.task === event.task) open = undefined;
        break;
      case 'began':
        break;
      default:
        event satisfies never;
    }
  }
  return points;
}

function othersThan(task: number, over: ReadonlySet<number>, events: readonly RaceEvent[]): number[] {
  const all = new Set(events.map((event) => event.task));
  return [...all].filter((other) => other !== task && !over.has(other));
}
