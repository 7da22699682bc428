/**
 * Between the harness and a process that forks recoveries: requests are JSON lines on standard input, answers JSON lines on descriptor 3.
 * Answers for trees go to the file of their batch, as in a recovering process that is not forked.
 */
import type { Recovery, RecoveryRequest } from '../domain/recovery.ts';

/** The server's descriptor for its answers. */
export const ANSWERS = 3;

/** In place of a bundle: each child evaluates the store that its request names. */

export type RecoveryServerRequest = Exclude<RecoveryRequest, { readonly kind: 'evaluate' }>;

export type RecoveryServerAnswer =
  /** It can fork. `forkMs`: how long a child took that did nothing. */
  | { readonly kind: 'ready'; readonly forkMs: number }
  | { readonly kind: 'done'; readonly id: number; readonly recovery: Recovery }
  | { readonly kind: 'batch-done'; readonly id: number };
