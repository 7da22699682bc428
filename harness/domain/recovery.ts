/** What a fresh process finds in a directory: it loads, saves another value, and loads that. */
import type { RawTree } from './events.ts';
import type { Json } from './trace.ts';

export type Loaded =
  /** `value` is absent when load returned undefined. */
  | { readonly kind: 'loaded'; readonly value?: Json }
  | { readonly kind: 'threw'; readonly error: string }
  /** Load returned something that JSON cannot carry; `what` names it. */
  | { readonly kind: 'not-json'; readonly what: string }
  | { readonly kind: 'hung'; readonly afterMs: number }
  /** Nobody knows what is there; `why` in words. */
  | { readonly kind: 'unclear'; readonly why: string }
  /** The process ended inside the call. */
  | { readonly kind: 'ended'; readonly how: string };

export type Saved = { readonly kind: 'saved' } | Extract<Loaded, { readonly kind: 'threw' | 'hung' | 'ended' }>;

export interface Recovery {
  readonly load: Loaded;
  /** Absent when load hung or ended the process. Of a `damaged` directory where load threw: the change that reads first; absent where there is none. */
  readonly save?: Saved;
  /** Absent when the save did not succeed. */
  readonly secondLoad?: Loaded;
  /** The store that saved and a second evaluation of it, in the same process, loaded different values. */
  readonly remembers?: true;
  /**
   * Paths of the files that existed before the load and that load opened; an empty file counts if load asked for its size. Present only where
   * load found nothing or threw, and where the kernel records reads.
   */
  readonly opened?: readonly string[];
  /** Of a program: what was loaded is what its check found, or what it had promised, where it was run again and reached its end. Nothing is saved. */
  readonly lookedBy?: 'check' | 'rerun';
}

/** A line of what a process found that lived on after a fault. `again`: it saved what it could not save before. */
export type AfterFault = Partial<Recovery> & { readonly again?: true };

/** What is known of a recovery once it has loaded. */
export type AfterLoad = Pick<Recovery, 'load' | 'opened'>;

/** What recovery found in a tree, and all paths in the directory after its save. */
export interface RecoveredTree {
  readonly recovery: Recovery;
  readonly left: readonly string[];
}

export type Stage = Exclude<keyof Recovery, 'opened' | 'lookedBy' | 'remembers'>;

/** How a process stopped within a stage. */
export type Stopped = Extract<Loaded, { readonly kind: 'hung' | 'ended' }>;

/** The recovery of a process that stopped in a stage, of which this was known before. */
export function stoppedIn(stage: Stage, so: Recovery | undefined, stopped: Stopped): Recovery {
  if (stage === 'load' || so === undefined) return { load: stopped };
  return stage === 'save' ? { ...so, save: stopped } : { ...so, secondLoad: stopped };
}

/** A directory to recover. Recovery changes it. */
export interface DirectoryToRecover {
  readonly bundle: string;
  readonly directory: string;
  readonly next: Json;
  /** What lies in it is damaged. Where load threw, nobody saves then, but the store is asked for a change that reads first. */
  readonly damaged?: true;
  /** Nothing is saved after the load. */
  readonly onlyLoad?: true;
}

/** Messages to the recovering process. */
export type RecoveryRequest =
  | ({ readonly kind: 'directory'; readonly id: number } & DirectoryToRecover)
  | ({ readonly kind: 'trees' } & TreeBatch)
  /** Other processes have taken over the rest of its current batch. */
  | { readonly kind: 'drop'; readonly id: number }
  /** Evaluate the store once more, to see how long that takes. */
  | { readonly kind: 'evaluate'; readonly id: number; readonly bundle: string };

/** An entry of a tree as in a `RawTree`: path, kind, mode, and the hash of a file's contents or the target of a symlink; then its `changed`. */
export type BatchEntry = readonly [...RawTree[number], changed?: number];

/** Trees that one process recovers one after the other. */
export interface TreeBatch {
  readonly id: number;
  readonly bundle: string;
  /** The store's file calls are carried out at once; a process that is forked for each tree leaves them to Node. */
  readonly atOnce: boolean;
  readonly next: Json;
  /** A directory with all file contents in `contents`, by hash. The process works in it; the batches of one call share it. */
  readonly root: string;
  /** The file to which the process appends its results; see `answers.ts`. */
  readonly answers: string;
  readonly entries: readonly BatchEntry[];
  /** Each is a list of indices into `entries`. Trees of one `shape` differ only in the contents of files. */
  readonly trees: readonly { readonly shape: number; readonly entries: readonly number[] }[];
}

/** Messages from the recovering process. `so` is the result before the stage. */
export type RecoveryMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'stage'; readonly id: number; readonly stage: Stage; readonly so: Recovery | undefined }
  /** `evaluationMs`: how long the store took to be evaluated. */
  | { readonly kind: 'done'; readonly id: number; readonly recovery: Recovery; readonly evaluationMs: number }
  | { readonly kind: 'evaluated'; readonly id: number; readonly evaluationMs: number }
  | { readonly kind: 'batch-done'; readonly id: number };
