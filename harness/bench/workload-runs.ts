/** Runs of the workload: what they are started with. */
import type { RunRequest } from '../record/recorder.ts';

/** A run of the workload, without what is done with it. */
export type Run = Omit<RunRequest, 'plan'>;

/** Runs in which calls fail, without what fails. */
export interface FaultRequest extends Pick<RunRequest, 'args' | 'program' | 'env' | 'timeoutMs' | 'warm'> {
  readonly directories: readonly string[];
  readonly spool: string;
}

/** Makes runs of one workload. */
export interface WorkloadRuns {
  /** One run: an empty store directory with a spool beside it. */
  readonly prepare: () => Run;
  /** Runs of the workload in one process: an empty directory for each, and one spool for all. */
  readonly prepareFaults: (runs: number, platform?: 'win32') => FaultRequest;
}
