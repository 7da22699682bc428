/** What a process that never saw the store finds in a directory: it loads, saves another value, and loads that. */
import type { RawTree } from './events.ts';
import type { Json } from './trace.ts';

export type Loaded =
  /** `value` is absent when load returned undefined. */
  | { readonly kind: 'loaded'; readonly value?: Json }
  | { readonly kind: 'threw'; readonly error: string }
  /** Load returned something that JSON cannot carry; `what` names it. */
  | { readonly kind: 'not-json'; readonly what: string }
  | { readonly kind: 'hung'; readonly afterMs: number }
  /** The process ended inside the call. */
  | { readonly kind: 'ended'; readonly how: string };

export type Saved = { readonly kind: 'saved' } | Extract<Loaded, { readonly kind: 'threw' | 'hung' | 'ended' }>;

export interface Recovery {
  readonly load: Loaded;
  /** Absent when load hung or ended the process. */
  readonly save?: Saved;
  /** Absent when the save did not succeed. */
  readonly secondLoad?: Loaded;
}

/** What recovery found in a tree, and the paths of everything in the directory when it had saved. */
export interface RecoveredTree {
  readonly recovery: Recovery;
  readonly left: readonly string[];
}

export type Stage = keyof Recovery;

/** To the recovering process. */
export type RecoveryRequest =
  | { readonly kind: 'directory'; readonly id: number; readonly bundle: string; readonly directory: string; readonly next: Json }
  | ({ readonly kind: 'trees' } & TreeBatch)
  /** The rest of the batch that it is at has been given to others. */
  | { readonly kind: 'drop'; readonly id: number };

/** An entry of a tree, as in a `RawTree`: path, kind, mode, and the hash of a file's contents or the target of a symlink. */
export type BatchEntry = RawTree[number];

/** Trees that one process recovers one after the other. */
export interface TreeBatch {
  readonly id: number;
  readonly bundle: string;
  readonly next: Json;
  /** A directory with the contents of all files in `contents`, by hash. The process works in it, and the batches of one call have it in common. */
  readonly root: string;
  /** The process appends what it finds; see `answers.ts`. */
  readonly answers: string;
  readonly entries: readonly BatchEntry[];
  /** Each a list of places in `entries`. Trees of one `shape` are alike but for the contents of files. */
  readonly trees: readonly { readonly shape: number; readonly entries: readonly number[] }[];
}

/** From the recovering process: a stage begins, or all is done. */
export type RecoveryMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'stage'; readonly id: number; readonly stage: Stage; readonly so: Recovery | undefined }
  | { readonly kind: 'done'; readonly id: number; readonly recovery: Recovery }
  | { readonly kind: 'batch-done'; readonly id: number };
