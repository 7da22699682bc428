/**
 * What a recorder reports while a child runs, one JSON object per line, in the order in which things happened.
 * Paths are as the child used them, relative to the store's directory; `trace.ts` has the nouns they become.
 */
import type { Call, OpenFlag, Range } from './trace.ts';

export interface RawOp {
  readonly kind: 'op';
  readonly call: Call;
  readonly via: string;
  readonly path: string;
  readonly id: number;
  readonly to?: { readonly path: string; readonly id: number };
  readonly flags?: readonly OpenFlag[];
  readonly range?: Range;
  readonly mode?: number;
  readonly error?: string;
  readonly process: number;
  /** The stack at the call, top first, as V8 prints it; the binding recorder only. */
  readonly stack?: string;
  /** The tree after it, when the run is observed and the tree changed. */
  readonly tree?: RawTree;
}

/** The child says that a step settled. `message` is the error of a rejected step. */
export interface RawMark {
  readonly kind: 'resolved' | 'rejected';
  readonly step: number;
  readonly message?: string;
  /** What is on disk then, in a lean run. */
  readonly tree?: RawTree;
}

/** The tree before the first op of an observed run. */
interface RawStart {
  readonly kind: 'start';
  readonly tree: RawTree;
}

/** Something that was seen and cannot be recorded as ops. */
interface RawUnmeasured {
  readonly kind: 'unmeasured';
  readonly what: string;
}

/** How the run ended; always the last event. */
export type RawEnd =
  /** The kill that was asked for was carried out; `signal` is the signal in the wait status. */
  | { readonly kind: 'end'; readonly how: 'killed'; readonly signal: string }
  /** The child did all its steps and exited with 0. */
  | { readonly kind: 'end'; readonly how: 'finished' }
  /** The child ended before its steps were done. */
  | { readonly kind: 'end'; readonly how: 'exited'; readonly code: number }
  | { readonly kind: 'end'; readonly how: 'crashed'; readonly signal: string }
  /** Neither an op nor an end within the time limit. */
  | { readonly kind: 'end'; readonly how: 'timed-out'; readonly afterMs: number }
  /** The run did something else than the recorded order; `expected` and `got` are event keys. */
  | { readonly kind: 'end'; readonly how: 'diverged'; readonly at: number; readonly expected: string; readonly got: string };

export type RawEvent = RawStart | RawOp | RawMark | RawUnmeasured | RawEnd;

/** A tree in an event: [path, kind, mode, hash or target]. File contents lie in the spool directory, one file per hash. */
export type RawTree = readonly (readonly [path: string, kind: 'file' | 'directory' | 'symlink' | 'other', mode: number, content: string])[];
