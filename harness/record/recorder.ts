/**
 * What both recorders offer: run a child that carries out a scenario, and report what it does, op by op.
 *
 * A run is observed (to its end, with the tree after every change), followed (to its end, in a recorded order) or killed.
 */
import type { NameRule } from '../trace.ts';
import type { RawEvent } from './events.ts';
import type { Matching } from './order.ts';

/** Where a kill comes. With `bytes`, op `op` is cut short after that many bytes; without, the kill comes after op `op`, before the next one. */
export interface KillPoint {
  readonly op: number;
  readonly bytes?: number;
}

export type RunPlan =
  /** To the end; every tree goes to the spool. */
  | { readonly kind: 'observe' }
  /** To the end, in this order; every tree goes to the spool. */
  | { readonly kind: 'follow'; readonly order: readonly string[]; readonly names: readonly NameRule[]; readonly matching: Matching }
  /** In this order up to the kill point. */
  | { readonly kind: 'kill'; readonly order: readonly string[]; readonly names: readonly NameRule[]; readonly at: KillPoint };

export interface RunRequest {
  /** Arguments for `node`: the workload and its cell file. The store's directory is appended. */
  readonly args: readonly string[];
  /** An existing, empty directory, absolute and free of symlinks. */
  readonly directory: string;
  /** An existing directory outside `directory`, for file contents and reports of this run. */
  readonly spool: string;
  readonly env: { readonly [name: string]: string };
  readonly plan: RunPlan;
  /** Limit for the whole run, in ms. */
  readonly timeoutMs: number;
}

export interface RunReport {
  /** The process that ran the store. */
  readonly pid: number;
  /** The last one is a `RawEnd`. */
  readonly events: readonly RawEvent[];
}

export interface Recorder {
  readonly kind: 'ptrace' | 'binding';
  /** How many runs go on at the same time; further ones wait in line. */
  readonly inFlight: number;
  /** Rejects only if the harness itself failed. */
  run(request: RunRequest): Promise<RunReport>;
  /** Ends everything that is still running. */
  close(): Promise<void>;
}
