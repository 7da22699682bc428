/**
 * The types that all stages share: ops, trees, traces, and what a store had promised at a boundary.
 *
 * A trace is what one run of a scenario did to its directory, in one total order: ops (effects on the file system) and
 * marks (a step of the scenario resolved or rejected). It holds no crashes; the models derive them from it.
 */

import type { Call } from './calls.ts';

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type { Call };

/**
 * How a file was opened, as far as it matters to a crash. `sync` and `dsync`: with O_SYNC or O_DSYNC; an op that writes through such a
 * descriptor has the flag too, because it forces what it writes to disk, as fsync or fdatasync does.
 */
export type OpenFlag = (typeof OPEN_FLAGS)[number];

export const OPEN_FLAGS = ['read', 'write', 'create', 'exclusive', 'truncate', 'append', 'directory', 'tmpfile', 'sync', 'dsync'] as const;

/**
 * A file as an op names it. `id` numbers files in the order of their first appearance, so that it survives renames and is the same
 * in every run. `path` is relative to the store's directory (`.` is the directory itself), with the parts that differ from run to
 * run replaced by `<time>`, `<uuid>`, `<hash>` or `<random>`.
 */
export interface FileRef {
  readonly id: number;
  readonly path: string;
  /** The path in this run: the key in the run's trees. */
  readonly actual: string;
}

/** The line of the store's source that caused an op. `line` and `column` count from 1. */
export interface Site {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The function that it is in. */
  readonly in?: string;
  /** Its text, without the space around it. */
  readonly source?: string;
}

/** Which lines of the store asked for the ops of a run. */
export interface SiteMatch {
  /** Op index -> where it was asked for. */
  readonly sites: ReadonlyMap<number, Site>;
  /** In words, ops that change something and that only one of the recorders saw. */
  readonly mismatches: readonly string[];
  /** Files that `fs.promises.readFile` read. Absent where there are no stacks. */
  readonly readByPromises?: ReadonlySet<string>;
}

/** A range of a file, in bytes. For a copy, in the file that is written; for stores to a mapped file, from the first changed byte to the last. */
export interface Range {
  readonly offset: number;
  readonly length: number;
}

/** One effect on the file system. */
export interface Op {
  /** 1 for the first op of the run. */
  readonly index: number;
  readonly call: Call;
  /** The syscall (`openat`, `pwrite64`), the function of Node's binding, or `memory` for stores to mapped files. */
  readonly via: string;
  readonly file: FileRef;
  /** The new name of a rename, link or symlink. */
  readonly to?: FileRef;
  readonly flags?: readonly OpenFlag[];
  readonly range?: Range;
  /** The bytes that a write or copy put into the range; absent if the file had no name after it. */
  readonly data?: Uint8Array;
  readonly mode?: number;
  /** Set when the op failed, e.g. `ENOENT`: the name of its errno. */
  readonly error?: string;
  /** 0 for the process that runs the store, 1… for processes that it started. */
  readonly process: number;
  /** The stack at the call as V8 prints it, top first; the binding recorder only. */
  readonly stack?: string;
  readonly site?: Site;
}

/** A step of the scenario settled. `step` counts from 0; `afterOp` is the number of ops that came before. */
export interface Mark {
  readonly kind: 'resolved' | 'rejected';
  readonly step: number;
  readonly afterOp: number;
  /** What a program acknowledged. */
  readonly name?: string;
}

export type Entry =
  | {
      readonly kind: 'file';
      readonly mode: number;
      readonly bytes: Uint8Array;
      readonly hash: string;
      /** Its place in the order in which the files of the tree were changed, 0 for the oldest; only where a store reads times. */
      readonly changed?: number;
    }
  | { readonly kind: 'directory'; readonly mode: number }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'other'; readonly mode: number };

/** Everything below a store's directory: path relative to it -> entry, sorted by path. The directory itself is not in it. */
export type Tree = ReadonlyMap<string, Entry>;

/** What one run did, with the tree at every boundary. */
export interface Trace {
  /** The name of the recorder. */
  readonly recorder: string;
  readonly ops: readonly Op[];
  readonly marks: readonly Mark[];
  /** `trees[k]` is the tree after op k (`trees[0]`: before the first). Unchanged trees are the same object. */
  readonly trees: readonly Tree[];
  /** When the files of `trees[0]` were last changed: 0 for the newest, less for older ones. */
  readonly startTimes?: ReadonlyMap<string, number>;
  readonly variation: Variation;
  /** Effects that were seen but cannot be broken into ops, in words. */
  readonly unmeasured: readonly string[];
}

/** A run that was recorded before, elsewhere maybe: what a trace file holds of it. */
export interface RecordedRun {
  readonly trace: Trace;
  /** What was stored before the first step. */
  readonly before: Json | undefined;
  readonly sites: SiteMatch;
  /** What is to be said of the run, in words. */
  readonly notes: readonly string[];
}

/** What varies between runs of the same ops, learnt by running twice. */
export interface Variation {
  readonly names: readonly NameRule[];
  /** Paths of files whose contents vary per run (a nonce), and of symlinks whose targets do (a process id). Only their kinds and modes are compared. */
  readonly contents: ReadonlySet<string>;
}

export const CHARSETS = ['digits', 'hex', 'word'] as const;

export type Charset = (typeof CHARSETS)[number];

/**
 * A file name with parts that differ from run to run, learnt by running twice: `prefix`, anything in `charset`, then what is the same in
 * every run and anything in its charset for each further part, and `suffix`.
 */
export interface NameRule {
  readonly prefix: string;
  readonly suffix: string;
  readonly charset: Charset;
  /** In names such as `.<process id>.<random>.tmp`. */
  readonly further?: readonly { readonly after: string; readonly charset: Charset }[];
  /** Names of this form that are the same in every run. */
  readonly except: readonly string[];
}

/**
 * One call on the store. An update adds (or replaces) the given keys of the stored object. `set` and `delete` are for stores that keep a map,
 * `append` for those that keep a log.
 */
export type Step =
  | { readonly kind: 'save'; readonly value: Json }
  | { readonly kind: 'update'; readonly add: { readonly [key: string]: Json } }
  | { readonly kind: 'set'; readonly key: string; readonly value: Json }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'append'; readonly record: Json };

/** A step of one of several concurrent tasks. `save-loaded` saves what the task's last load returned. */
export type TaskStep = Step | { readonly kind: 'load' } | { readonly kind: 'save-loaded' };

/** Steps that are carried out one after the other, concurrently with those of other tasks. */
export interface Task {
  readonly name: string;
  readonly steps: readonly TaskStep[];
}

/** What the store had promised at a boundary. `undefined` stands for "nothing was ever saved". */
export interface Promised {
  /** The value of the last step that resolved. */
  readonly acknowledged: Json | undefined;
  /** The values of steps that may have been in progress. */
  readonly inFlight: readonly Json[];
  /** Values of steps that resolved before the last one, oldest first. */
  readonly earlier: readonly (Json | undefined)[];
  /** Those of `earlier` that were acknowledged; absent if all of them were. A crash cut the steps of the others short. */
  readonly acknowledgedBefore?: readonly (Json | undefined)[];
}
