/** System calls that a task has requested and that have not happened yet. */
import type { Call } from '../domain/trace.ts';
import type { Volume } from './volume.ts';

export interface Syscall<Result> {
  readonly call: Call;
  readonly perform: (volume: Volume) => Result;
  /** The part of the result that the caller observes; default: all of it. */
  seen?(result: Result): string | number;
  /** The file: a path as the store passed it, or a descriptor. */
  readonly file: string | number;
  /** The target of a rename or link. */
  readonly to?: string;
  readonly flags?: number;
  readonly mode?: number;
  /** Bytes of the file, if known in advance. */
  readonly range?: { readonly offset: number; readonly length: number };
}

/** A sequence of system calls: each `yield` requests one, and returns its result or throws its error. */
// biome-ignore lint/suspicious/noExplicitAny: the result of a yield depends on the yielded call, which generator types cannot express.
export type Operation<Result> = Generator<Syscall<unknown>, Result, any>;
