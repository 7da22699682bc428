/**
 * A race: several processes on one directory, their ops let through one at a time in a chosen order. The ptrace recorder only.
 *
 * The schedule says who goes first and for how many ops. When it is over, the task that went last goes on until it has finished or
 * waits, then the next one. A process that waits (for a time, for a lock) gives its turn away; when all wait, the one that has waited
 * longest is let go on, as soon as its time is over. If none of them ever would, they are stuck.
 */

import type { RawOp } from '../domain/events.ts';
import type { Schedule } from '../domain/schedule.ts';
import type { Call, Trace } from '../domain/trace.ts';

export interface RaceRequest {
  /** Arguments for `node`, one list per task: the workload and its cell file. The file with its instructions (`TaskRace`) is appended. */
  readonly tasks: readonly (readonly string[])[];
  /** An existing directory, absolute and free of symlinks, as the tasks find it. */
  readonly directory: string;
  /** An existing directory outside it, for what the tasks have to say. */
  readonly notes: string;
  readonly env: { readonly [name: string]: string };
  readonly schedule: Schedule;
  /** The task that is killed when the schedule is over. */
  readonly kill?: number;
  /** In processes that have done nothing else; otherwise in such as have done the same task before, if there are any. */
  readonly fresh: boolean;
  /** Limit for the whole run, in ms. */
  readonly timeoutMs: number;
}

export type RaceEvent =
  | { readonly kind: 'op'; readonly task: number; readonly op: RawOp }
  | { readonly kind: 'began' | 'resolved' | 'rejected'; readonly task: number; readonly step: number }
  /** It gives its turn away: there is nothing that it could do now. */
  | { readonly kind: 'waits'; readonly task: number }
  | { readonly kind: 'finished' | 'killed'; readonly task: number }
  /** Its process ended before its steps were done. */
  | { readonly kind: 'died'; readonly task: number; readonly how: string };

export type RaceEnd =
  | { readonly how: 'ended' }
  /** None of those that are left will ever go on; `waiting` says where each of them is. */
  | { readonly how: 'stuck'; readonly waiting: readonly { readonly task: number; readonly where: string }[] }
  | { readonly how: 'timed-out'; readonly afterMs: number }
  /** A task could not be held at its start: why. */
  | { readonly how: 'not-started'; readonly why: string };

export interface RaceReport {
  readonly events: readonly RaceEvent[];
  readonly end: RaceEnd;
  /** Effects that were seen but are no ops, in words. */
  readonly unmeasured: readonly string[];
  /** A process asked to be told of changes to files: then every op is felt by others. */
  readonly watched: boolean;
}

/** Why this recorder cannot run races, in words; undefined if it can. */
export function missingForRace(recorder: { readonly kind: Trace['recorder']; readonly race?: unknown }): string | undefined {
  if (recorder.race !== undefined) return undefined;
  return recorder.kind === 'ptrace'
    ? `races need a syscall filter, which is written for x64, and this is ${process.arch}`
    : 'races are run by the ptrace recorder';
}

const CHANGING: ReadonlySet<Call> = new Set([
  'write',
  'copy',
  'truncate',
  'allocate',
  'rename',
  'link',
  'symlink',
  'unlink',
  'mkdir',
  'mknod',
  'rmdir',
  'chmod',
  'chown',
  'utimes',
  'xattr',
]);
const CREATING: ReadonlySet<string> = new Set(['create', 'truncate', 'tmpfile']);

/** False only for an op that left the directory as it was. */
export function mayChange({ call, flags = [], error }: Pick<RawOp, 'call' | 'flags' | 'error'>): boolean {
  if (error !== undefined) return false;
  return CHANGING.has(call) || (call === 'open' && flags.some((flag) => CREATING.has(flag)));
}
