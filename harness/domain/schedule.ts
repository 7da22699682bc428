/** In which order the steps of several tasks happen, and how a run that keeps to such an order ended. */
import type { Loaded } from './recovery.ts';
import type { Json, Tree } from './trace.ts';

/** Ops in a row by one task. None: it went on without one, e.g. to wait for another. */
export interface Turn {
  /** Its place in the scenario's tasks. */
  readonly task: number;
  readonly steps: number;
}

export type Schedule = readonly Turn[];

/** What became of a step of a task. */
export interface TaskEvent {
  readonly task: number;
  readonly step: number;
  readonly kind: 'began' | 'resolved' | 'rejected';
  /** Ops of the whole run that had been done by then. */
  readonly at: number;
  /** What a load that resolved or rejected had to say. */
  readonly loaded?: Loaded;
  /** When a save begins: what it saves. */
  readonly saved?: Json;
  /** Of a step that rejected. */
  readonly error?: string;
}

/** One op as a reader needs it: whose it was, and what it did. */
export interface ScheduleOp {
  readonly task: number;
  /** E.g. `rename sessions.json.<uuid>.tmp -> sessions.json`. */
  readonly text: string;
  /** Whether the directory is another one after it. */
  readonly changed: boolean;
}

/** How a run ended that kept to a schedule. */
export interface ScheduleEnd {
  readonly schedule: Schedule;
  readonly ops: readonly ScheduleOp[];
  /** In the order in which they happened. */
  readonly events: readonly TaskEvent[];
  /** `crashed`: all tasks died at once, after the last of `ops`. */
  readonly how: 'ended' | 'crashed';
  /** The task that was killed, while the others went on. */
  readonly killed?: number;
  readonly tree: Tree;
  /** Why it never came to its end, in words: tasks that wait for each other, or for nothing. */
  readonly stuck?: string;
}

/** What tasks are called in ids, in the order of the scenario. */
export const TASK_LETTERS = 'abcdefgh';
const TURN = /^(?<letter>[a-h])(?<steps>0|[1-9]\d{0,6})$/;

/** As in a case id: `a5.b2` is five ops of the first task, then two of the second. */
export function scheduleId(schedule: Schedule): string {
  return schedule.map(({ task, steps }) => `${TASK_LETTERS[task]}${steps}`).join('.');
}

/** Undefined for what names no schedule. */
export function parseSchedule(text: string): Schedule | undefined {
  const turns = text.split('.').map((turn) => {
    const { letter = '', steps } = TURN.exec(turn)?.groups ?? {};
    return { task: TASK_LETTERS.indexOf(letter), steps: Number(steps) };
  });
  return turns.every(({ steps }) => Number.isInteger(steps)) ? turns : undefined;
}

/** The schedule of ops that were done in this order. */
export function scheduleOf(tasks: Iterable<number>): Schedule {
  const turns: { task: number; steps: number }[] = [];
  for (const task of tasks) {
    const last = turns.at(-1);
    if (last?.task === task) last.steps += 1;
    else turns.push({ task, steps: 1 });
  }
  return turns;
}
