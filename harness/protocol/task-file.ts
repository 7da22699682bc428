/** Input and output of a task in a race, as JSON files. */
import type { Loaded } from '../domain/recovery.ts';
import type { Json, TaskStep } from '../domain/trace.ts';

export interface TaskFile {
  /** The bundled store, a path to a CommonJS or ES module. */
  readonly bundle: string;
  /** The task's index, which is part of the names of its notes. */
  readonly task: number;
  readonly steps: readonly TaskStep[];
}

/** The next race; read at its start. */
export interface TaskRace {
  readonly directory: string;
  readonly notes: string;
}

/** The result of a step, written before the step's mark. */
export interface TaskNote {
  readonly loaded?: Loaded;
  readonly saved?: Json;
  readonly error?: string;
}

export function noteFile(task: number, step: number, kind: 'began' | 'resolved' | 'rejected'): string {
  return `${task}-${step}-${kind}.json`;
}
