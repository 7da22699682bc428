/** What a task of a race is told, and what it says: JSON files. */
import type { Loaded } from '../domain/recovery.ts';
import type { Json, TaskStep } from '../domain/trace.ts';

export interface TaskFile {
  /** The bundled store, a path to a CommonJS or ES module. */
  readonly bundle: string;
  /** The task's place among the others: its notes are named by it. */
  readonly task: number;
  readonly steps: readonly TaskStep[];
}

/** Which race comes next: read when it begins. */
export interface TaskRace {
  readonly directory: string;
  readonly notes: string;
}

/** Written before the mark that it belongs to. */
export interface TaskNote {
  readonly loaded?: Loaded;
  readonly saved?: Json;
  readonly error?: string;
}

export function noteFile(task: number, step: number, kind: 'began' | 'resolved' | 'rejected'): string {
  return `${task}-${step}-${kind}.json`;
}
