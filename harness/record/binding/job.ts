/** How a call of node:fs becomes ops: the job that carries it out, and how its result is delivered. */
import type { NativeFunction, NativeRequest } from './native.ts';
import type { PlannedOp } from './planned-op.ts';

/** One call of the user that touches the directory. */
export interface Job {
  /** Its first op; undefined if only running the job shows whether there is one. */
  readonly first: () => PlannedOp | undefined;
  /** Carries the call out; returns or throws what the original would in that form. */
  readonly run: (form: 'sync' | 'async') => unknown;
}

/** Undefined: the recorder ignores the call, and the original serves it. */
export type Describe = (args: readonly unknown[]) => Job | undefined;

/** How the caller gets the result. */
export type Delivery =
  | { readonly kind: 'sync' }
  | { readonly kind: 'promise' }
  | { readonly kind: 'callback'; readonly request: NativeRequest };

/** Runs a job and delivers its result. `entry` is the hooked function: stacks start below it. */
export type Serve = (job: Job, delivery: Delivery, entry: NativeFunction) => unknown;
