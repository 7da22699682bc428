/**
 * The interface of all recorders: run a child that carries out a scenario, and report its ops.
 *
 * A run is observed (to its end, with the tree after every change), followed (to its end, in a recorded order), killed, asked to quit (followed
 * to a boundary, then observed), cut (followed on a file system in an image that is copied at every boundary), or given faults (followed to the
 * first fault, then observed).
 */

import type { RawEvent, RawTree } from '../domain/events.ts';
import type { NameRule } from '../domain/trace.ts';
import type { Installation } from '../machine/installation.ts';
import type { Machine } from '../machine/machine.ts';
import type { FaultRun } from './fault.ts';
import type { Forcing } from './image/file-systems.ts';
import type { ImageRequest } from './image/live-image.ts';
import type { Matching } from './order.ts';
import type { Outside } from './outside.ts';
import type { RaceReport, RaceRequest } from './race.ts';
import type { WarmServer } from './warm-server.ts';

/** Where a kill happens: after op `op`, before the next one; with `bytes`, inside op `op`, after that many bytes. */
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
  /**
   * In this order up to boundary `at`. There the process gets the signal, if there is one, and goes on as it likes until it ends; every tree
   * goes to the spool. Without a signal the process asks itself to quit.
   */
  | {
      readonly kind: 'asked';
      readonly order: readonly string[];
      readonly names: readonly NameRule[];
      readonly at: number;
      readonly signal?: NodeJS.Signals;
    }
  /** To the end, in this order, on an image that is mounted for it and cut at every boundary. For recorders that `cuts`. */
  | {
      readonly kind: 'cut';
      readonly order: readonly string[];
      readonly names: readonly NameRule[];
      readonly image: ImageRequest;
      readonly force?: ForcePoint;
    }
  /**
   * Several runs, one after the other, each in its own directory: in this order up to its first fault, then to its end. Every tree goes
   * to the run's spool. The child gets all directories. `timeoutMs` limits each step, and the time after the last step.
   */
  | { readonly kind: 'fault'; readonly order: readonly string[]; readonly names: readonly NameRule[]; readonly runs: readonly FaultRun[] };

/** What else forces data to the image: after op `at`, before the cut at that boundary. */
export interface ForcePoint {
  readonly at: number;
  readonly how: Forcing;
}

/** The cuts of a finished run: one per boundary, starting at the forcing if there was one. */
export interface CutReport {
  /** `image` is an index into `trees`; equal images share one. */
  readonly cuts: readonly { readonly boundary: number; readonly image: number }[];
  /** The store's directory after recovery from each image; file contents lie in the spool. */
  readonly trees: readonly RawTree[];
}

/** How a run can be forked from a warm process. */
export interface Warm extends WarmServer {
  readonly cellFile: string;
}

/** The run in a process that is started, whatever can be forked: for a run that went wrong in a forked one. */
export function started<Request extends { readonly warm?: Warm }>(request: Request): Omit<Request, 'warm'> {
  const { warm: _, ...rest } = request;
  return rest;
}

/** How a program is started in place of Node: see `domain/program.ts`. */
export interface ProgramStart {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly cwd: string;
  /** An existing file that is empty: its standard input. */
  readonly input: string;
  /** Where its standard output and its standard error go. */
  readonly output: string;
  readonly errors: string;
}

export interface RunRequest {
  /** Arguments for `node`: the workload and its cell file. The store's directory is appended. */
  readonly args: readonly string[];
  /**
   * Runs a program instead. It is recorded from its first call to its end, with every process that it starts; those that are left when it ends
   * are killed. It is finished when it ends with exit code 0. For recorders that run programs.
   */
  readonly program?: ProgramStart;
  /** An existing, empty directory, absolute, free of symlinks. Under a `cut` plan: `storeDirectoryOn` the image, made by the recorder. */
  readonly directory: string;
  /** An existing directory outside `directory`, for file contents and reports of this run. */
  readonly spool: string;
  readonly env: { readonly [name: string]: string };
  readonly plan: RunPlan;
  /** Limit for the whole run, in ms. */
  readonly timeoutMs: number;
  /** Absent if the run must be started. Recorders that cannot fork start it anyway. */
  readonly warm?: Warm;
}

export interface RunReport {
  /** The process that ran the store. */
  readonly pid: number;
  /** The last one is a `RawEnd`. Under a `fault` plan each run that finished has its own end. */
  readonly events: readonly RawEvent[];
  /** The process was forked from one that had evaluated the store. */
  readonly forked?: boolean;
  /** Some call arrived while another was in progress; the ptrace recorder only. */
  readonly overlaps?: boolean;
  /** Under a `cut` plan. */
  readonly cuts?: CutReport;
  /** What was used outside of the directory since the start of the recording. From recorders that can see it. */
  readonly outside?: Outside;
}

/** What only some recorders can do. */
export interface Abilities {
  /** Carries out `cut` plans: it can stop a store where an image is copied. */
  readonly cuts: boolean;
  /** Runs programs that are no workload of the harness. */
  readonly programs: boolean;
  /** Runs races, on machines that let it. */
  readonly races: boolean;
  /** Ops carry the stack of the call that asked for them, which gives their line of source. */
  readonly takesStacks: boolean;
  /** Native code and other processes cannot change the directory unseen. */
  readonly seesAllProcesses: boolean;
  /** Reports of runs say what was used outside of the directory. */
  readonly seesOutside: boolean;
}

/** A recorder before it is started: one entry in the list of recorders. */
export interface RecorderKind extends Abilities {
  /** As `--recorder` and results have it. */
  readonly name: string;
  /** What it sees, for `crash-matrix doctor`. */
  readonly description: string;
  /** Why it cannot run on a machine, as far as that is known without starting it. */
  readonly missing: (machine: Machine) => string | undefined;
  /** Rejects, with the reason, where it turns out not to work. */
  readonly start: (options: StartOptions) => Promise<Recorder>;
}

export interface StartOptions {
  /** Called once for each store whose runs are started although they could have been forked. */
  readonly onNotForked?: (store: string, why: string) => void;
  /** How many runs go on at the same time. */
  readonly inFlight: number;
  /** Where the recorders' own programs lie. */
  readonly installation: Pick<Installation, 'tracer'>;
  /** Where children run, and their environment. */
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
}

export interface Recorder extends Abilities {
  readonly name: string;
  /** Absent where races cannot be run. */
  readonly race?: (request: RaceRequest) => Promise<RaceReport>;
  /** Ends the processes that it keeps for further races of these tasks. Present if `race` is. */
  readonly endTasks?: (tasks: Pick<RaceRequest, 'tasks' | 'env'>) => Promise<void>;
  /** Why `race` is absent, where the recorder has the ability and this machine does not let it. */
  readonly noRace?: string;
  /** How many runs are carried out at the same time; further ones are queued. */
  readonly inFlight: number;
  /** Rejects only if the harness itself failed. */
  run(request: RunRequest): Promise<RunReport>;
  /** Ends everything that is still running. */
  close(): Promise<void>;
}
