/** A system call that is asked for and has not happened yet. */
import { constants } from 'node:fs';
import type { Call, OpenFlag } from '../domain/trace.ts';
import type { Volume } from './volume.ts';

export interface Syscall<Result> {
  readonly call: Call;
  readonly perform: (volume: Volume) => Result;
  /** What its caller gets to see of the result, if that is not all of it. */
  seen?(result: Result): string | number;
  /** What it is about: a path as the store gave it, or a descriptor. */
  readonly file: string | number;
  /** Where a rename or link puts it. */
  readonly to?: string;
  readonly flags?: number;
  readonly mode?: number;
  /** Bytes of the file, where that is known before. */
  readonly range?: { readonly offset: number; readonly length: number };
}

/** System calls one after the other: each is asked for by a `yield`, which returns its result or throws its error. */
// biome-ignore lint/suspicious/noExplicitAny: what a yield returns depends on what was yielded, which generators cannot say.
export type Operation<Result> = Generator<Syscall<unknown>, Result, any>;

const NAMED: readonly (readonly [OpenFlag, number])[] = [
  ['create', constants.O_CREAT],
  ['exclusive', constants.O_EXCL],
  ['truncate', constants.O_TRUNC],
  ['append', constants.O_APPEND],
];

/** How a file was opened, in the words of traces. */
export function openFlags(flags: number): OpenFlag[] {
  const access = flags & 3;
  const words: OpenFlag[] = access === constants.O_RDONLY ? ['read'] : access === constants.O_WRONLY ? ['write'] : ['read', 'write'];
  return [...words, ...NAMED.filter(([, bit]) => (flags & bit) !== 0).map(([word]) => word)];
}
