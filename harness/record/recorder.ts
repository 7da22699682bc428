/**
 * What both recorders offer: run a child that carries out a scenario, and report what it does, op by op.
 *
 * A run is observed (to its end, with the tree after every change), followed (to its end, in a recorded order), killed, cut: followed
 * on a file system in an image, which is copied at every boundary; or it is followed to an op that fails, and observed from there on.
 */

import type { RawEvent, RawTree } from '../domain/events.ts';
import type { NameRule } from '../domain/trace.ts';
import type { FaultRun } from './fault.ts';
import type { Forcing } from './image/file-systems.ts';
import type { ImageRequest } from './image/live-image.ts';
import type { Matching } from './order.ts';
import type { RaceReport, RaceRequest } from './race.ts';

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
  | { readonly kind: 'kill'; readonly order: readonly string[]; readonly names: readonly NameRule[]; readonly at: KillPoint }
  /** To the end, in this order, on an image that is mounted for it and cut at every boundary. The ptrace recorder only. */
  | {
      readonly kind: 'cut';
      readonly order: readonly string[];
      readonly names: readonly NameRule[];
      readonly image: ImageRequest;
      readonly force?: ForcePoint;
    }
  /**
   * One run after the other, each in its own directory and in this order up to its first fault, then to its end; every tree goes to its
   * spool. The child gets all directories. `timeoutMs` is for each step of a run, and for what comes after the steps.
   */
  | { readonly kind: 'fault'; readonly order: readonly string[]; readonly names: readonly NameRule[]; readonly runs: readonly FaultRun[] };

/** What happens to the image beside the store's own calls, after op `at`, before the cut there. */
export interface ForcePoint {
  readonly at: number;
  readonly how: Forcing;
}

/** The cuts of a run that ended by itself: one per boundary, from the forcing on if there was one. */
export interface CutReport {
  /** `image` counts different images: it is an index into `trees`. */
  readonly cuts: readonly { readonly boundary: number; readonly image: number }[];
  /** What a machine finds in the store's directory after each; contents lie in the spool. */
  readonly trees: readonly RawTree[];
}

export interface RunRequest {
  /** Arguments for `node`: the workload and its cell file. The store's directory is appended. */
  readonly args: readonly string[];
  /** An existing, empty directory, absolute and free of symlinks. Under a `cut` plan, `storeDirectoryOn` the image, which the recorder makes. */
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
  /** The last one is a `RawEnd`. Under a `fault` plan each run that finished has an end of its own. */
  readonly events: readonly RawEvent[];
  /** Some call came while another was under way; of ptrace, where calls wait for each other. */
  readonly overlaps?: boolean;
  /** Under a `cut` plan. */
  readonly cuts?: CutReport;
}

export interface Recorder {
  /** Absent where races cannot be run. */
  readonly race?: (request: RaceRequest) => Promise<RaceReport>;
  readonly kind: 'ptrace' | 'binding';
  /** How many runs go on at the same time; further ones wait in line. */
  readonly inFlight: number;
  /** Rejects only if the harness itself failed. */
  run(request: RunRequest): Promise<RunReport>;
  /** Ends everything that is still running. */
  close(): Promise<void>;
}
