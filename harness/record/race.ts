/**
 * A race: several processes on one directory, whose ops happen one at a time in a chosen order. The ptrace recorder only.
 *
 * The schedule gives tasks turns of a number of ops. After the schedule, the last task continues until it finishes or waits, then the
 * next one. A task that waits (for a time, for a lock) ends its turn. When all wait, the longest wait with a time limit continues when
 * its time is over. If no wait has a limit, the tasks are stuck.
 */

import { CALLS } from '../domain/calls.ts';
import type { RawOp } from '../domain/events.ts';
import type { Schedule } from '../domain/schedule.ts';
import type { Outside } from './outside.ts';
import type { WarmServer } from './warm-server.ts';

/** A task by its index, or all that have not finished. */
export type Kill = number | 'all';

export interface RaceRequest {
  /** Arguments for `node`: options, and the workload. A task's file and the file with its instructions (`TaskRace`) are appended. */
  readonly args: readonly string[];
  /** The file of each task, a `TaskFile`. */
  readonly tasks: readonly string[];
  /** An existing directory, absolute and free of symlinks, as the tasks find it. */
  readonly directory: string;
  /** An existing directory outside it, for the notes of the tasks. */
  readonly notes: string;
  /** An existing directory outside it, for the contents of files. */
  readonly spool: string;
  readonly env: { readonly [name: string]: string };
  readonly schedule: Schedule;
  /** The task that is killed at the end of the schedule, or all of them at once. */
  readonly kill?: Kill;
  /** Absent if processes must be started. */
  readonly warm?: WarmServer;
  /** Start new processes only; otherwise use also processes that have run the same task before, and those that are forked. */
  readonly fresh: boolean;
  /** Limit for the whole run, in ms. */
  readonly timeoutMs: number;
}

export type RaceEvent =
  /** The op has the tree after it if it may have changed the directory. */
  | { readonly kind: 'op'; readonly task: number; readonly op: RawOp }
  | { readonly kind: 'began' | 'resolved' | 'rejected'; readonly task: number; readonly step: number }
  /** It can do nothing now, so it ends its turn. */
  | { readonly kind: 'waits'; readonly task: number }
  | { readonly kind: 'finished' | 'killed'; readonly task: number }
  /** Its process ended before its steps were done. */
  | { readonly kind: 'died'; readonly task: number; readonly how: string };

export type RaceEnd =
  | { readonly how: 'ended' }
  /** No remaining task can ever continue; `where` says what it waits for. */
  | { readonly how: 'stuck'; readonly waiting: readonly { readonly task: number; readonly where: string }[] }
  | { readonly how: 'timed-out'; readonly afterMs: number }
  /** Why a task could not be held at its start. */
  | { readonly how: 'not-started'; readonly why: string };

export interface RaceReport {
  readonly events: readonly RaceEvent[];
  readonly end: RaceEnd;
  /** Effects that were seen but are not ops, in words. */
  readonly unmeasured: readonly string[];
  /** A process watches files (inotify) or has one mapped, so every op may affect it. */
  readonly watched: boolean;
  /** What was used outside of the directory. */
  readonly outside: Outside;
}

const CREATING: ReadonlySet<string> = new Set(['create', 'truncate', 'tmpfile']);

/** False only for an op that certainly left the directory unchanged. */
export function mayChange({ call, flags = [], error }: Pick<RawOp, 'call' | 'flags' | 'error'>): boolean {
  if (error !== undefined) return false;
  const { changes } = CALLS[call];
  return changes === 'as-opened' ? flags.some((flag) => CREATING.has(flag)) : changes !== 'nothing';
}
