/**
 * A task that goes through its steps a second time, after another process went through its own: what a process remembers (a cache, what it
 * wrote last) is out of date then.
 *
 * Allows   each task of a scenario, of those that do the same kinds of steps the first; all others between its first pass and its second.
 * Forbids  a switch inside a pass, and a kill: the passes are what the other races are made of.
 */
import type { TasksSubject } from '../../bench/subject.ts';
import type { Task } from '../../domain/trace.ts';
import { type Planned, type Raced, stepsUntil } from './raced.ts';

export type TwiceSubject = TasksSubject & { readonly twice: number };

export const isTwice = (subject: TasksSubject): subject is TwiceSubject => subject.twice !== undefined;

/** One for each task whose kinds of steps no task before it has. */
export function twiceOf(subject: TasksSubject): TwiceSubject[] {
  const kinds = subject.tasks.map(({ steps }) => steps.map(({ kind }) => kind).join());
  return kinds.flatMap((kind, task) => (kinds.indexOf(kind) === task ? [withTwice(subject, task)] : []));
}

export function withTwice(subject: TasksSubject, twice: number): TwiceSubject {
  const tasks = subject.tasks.map((task, index): Task => (index === twice ? { ...task, steps: [...task.steps, ...task.steps] } : task));
  return { ...subject, tasks, twice };
}

/** The others after the first pass. `alone`: the race in which the task goes first. Undefined if its first pass did no op. */
export function betweenPasses({ tasks, twice }: TwiceSubject, alone: Raced): Planned | undefined {
  const steps = stepsUntil(alone.events, twice, (tasks[twice]?.steps.length ?? 0) / 2 - 1);
  if (steps === undefined || steps === 0) return undefined;
  return {
    schedule: [
      { task: twice, steps },
      { task: (twice + 1) % tasks.length, steps: 1 },
    ],
  };
}
