import type { Effect } from './conductor.ts';

/** One call of the user that touches the directory. */
export interface Job {
  /** Its first effect on the directory; undefined if only carrying it out shows that there is none. */
  readonly first: () => Effect | undefined;
  /** Carries it out and returns or throws what the original would, in the form that throws or in those that do not. */
  readonly run: (form: 'at once' | 'later') => unknown;
}

/** Undefined: the call is none of the recorder's business, and the original serves it. */
export type Describe = (args: readonly unknown[]) => Job | undefined;
