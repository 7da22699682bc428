/** What a process that never saw the store finds in a directory: it loads, saves another value, and loads that. */
import type { Json } from '../trace.ts';

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

export type Stage = keyof Recovery;

export interface RecoveryRequest {
  readonly id: number;
  readonly bundle: string;
  readonly directory: string;
  readonly next: Json;
}

/** From the recovering process: a stage begins, or all is done. */
export type RecoveryMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'stage'; readonly id: number; readonly stage: Stage; readonly so: Recovery | undefined }
  | { readonly kind: 'done'; readonly id: number; readonly recovery: Recovery };
