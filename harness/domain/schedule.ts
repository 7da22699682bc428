/** Schedules: the order of the ops of several tasks, and how a run under one ended. */
import type { TimeOf } from './file-times.ts';
import type { Loaded } from './recovery.ts';
import type { Call, Json, NameRule, OpenFlag, Tree } from './trace.ts';

/** A number of consecutive ops by one task. With 0 it continued without an op, for example to wait for another task. */
export interface Turn {
  /** Its index in the scenario's tasks. */
  readonly task: number;
  readonly steps: number;
}

export type Schedule = readonly Turn[];

/** A step of a task began or settled. */
export interface TaskEvent {
  readonly task: number;
  readonly step: number;
  readonly kind: 'began' | 'resolved' | 'rejected';
  /** The number of ops of the whole run before it. */
  readonly at: number;
  /** The result of a load that settled. */
  readonly loaded?: Loaded;
  /** The value of a save that begins. */
  readonly saved?: Json;
  /** The error of a step that rejected. */
  readonly error?: string;
}

/** One op of a task. Paths are as in `FileRef.path`. `scheduleOpText` puts it into words. */
export interface ScheduleOp {
  readonly task: number;
  readonly call: Call;
  readonly path: string;
  /** The new name of a rename, link or symlink. */
  readonly to?: string;
  readonly flags?: readonly OpenFlag[];
  /** Set when it failed: the name of its errno. */
  readonly error?: string;
  /** Whether it changed the directory. */
  readonly changed: boolean;
}

/** How a run under a schedule ended. */
export interface ScheduleEnd {
  readonly schedule: Schedule;
  readonly ops: readonly ScheduleOp[];
  /** In order. */
  readonly events: readonly TaskEvent[];
  /** `crashed`: all tasks died at once, after the last of `ops`. */
  readonly how: 'ended' | 'crashed';
  /** The task that was killed while the others continued. */
  readonly killed?: number;
  readonly tree: Tree;
  /** When its files were last changed. Absent where nobody knows. */
  readonly timeOf?: TimeOf;
  /** For the names in it that differ from run to run. Absent where there are none. */
  readonly names?: readonly NameRule[];
  /** Why it never finished, in words: tasks wait for each other, or for something that never happens. */
  readonly stuck?: string;
}

/** Names of tasks in ids, in the order of the scenario. */
export const TASK_LETTERS = 'abcdefgh';
const TURN = /^(?<letter>[a-h])(?<steps>0|[1-9]\d{0,6})$/;

/** The schedule in a case id: `a5.b2` is five ops of the first task, then two of the second. */
export function scheduleId(schedule: Schedule): string {
  return schedule.map(({ task, steps }) => `${TASK_LETTERS[task]}${steps}`).join('.');
}

export const stepsOf = (schedule: Schedule): number => schedule.reduce((sum, { steps }) => sum + steps, 0);

/** Undefined if the text is not a schedule. */
export function parseSchedule(text: string): Schedule | undefined {
  const turns = text.split('.').map((turn) => {
    const { letter = '', steps } = TURN.exec(turn)?.groups ?? {};
    return { task: TASK_LETTERS.indexOf(letter), steps: Number(steps) };
  });
  return turns.every(({ steps }) => Number.isInteger(steps)) ? turns : undefined;
}

/** The schedule of ops that tasks did in this order. */
export function scheduleOf(tasks: Iterable<number>): Schedule {
  const turns: { task: number; steps: number }[] = [];
  for (const task of tasks) {
    const last = turns.at(-1);
    if (last?.task === task) last.steps += 1;
    else turns.push({ task, steps: 1 });
  }
  return turns;
}
