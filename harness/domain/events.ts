/**
 * The events that a recorder reports while a child runs, in order, one JSON object per line.
 * Paths are as the child used them, relative to the store's directory. A trace (`trace.ts`) is made from them.
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
  /** The tree after the op, if the run is observed and the tree changed. */
  readonly tree?: RawTree;
}

/** A step settled. `message` is the error of a rejected step. */
export interface RawMark {
  readonly kind: 'resolved' | 'rejected';
  readonly step: number;
  readonly message?: string;
  /** What a program acknowledged. */
  readonly name?: string;
  /** The tree at that moment, in a lean run. */
  readonly tree?: RawTree;
}

/** The tree before the first op of an observed run. */
interface RawStart {
  readonly kind: 'start';
  readonly tree: RawTree;
  /** When its files were last changed, as in `Trace.startTimes`. */
  readonly times?: readonly (readonly [path: string, time: number])[];
}

/** An effect that was seen but cannot be recorded as ops. */
interface RawUnmeasured {
  readonly kind: 'unmeasured';
  readonly what: string;
}

/** How the run ended; always the last event. */
export type RawEnd =
  /** The planned kill was carried out; `signal` is from the wait status. */
  | { readonly kind: 'end'; readonly how: 'killed'; readonly signal: string }
  /** The child finished all its steps and exited with 0. */
  | { readonly kind: 'end'; readonly how: 'finished' }
  /** The child ended before its steps were done. */
  | { readonly kind: 'end'; readonly how: 'exited'; readonly code: number }
  | { readonly kind: 'end'; readonly how: 'crashed'; readonly signal: string }
  /** The time limit passed. */
  | { readonly kind: 'end'; readonly how: 'timed-out'; readonly afterMs: number }
  /** The run left the recorded order; `expected` and `got` are event keys. */
  | { readonly kind: 'end'; readonly how: 'diverged'; readonly at: number; readonly expected: string; readonly got: string };

export type RawEvent = RawStart | RawOp | RawMark | RawUnmeasured | RawEnd;

/** A tree in an event: [path, kind, mode, hash or target]. File contents lie in the spool directory, one file per hash. */
export type RawTree = readonly (readonly [path: string, kind: 'file' | 'directory' | 'symlink' | 'other', mode: number, content: string])[];
