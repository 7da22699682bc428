/** What power cuts need, and what they leave: the types that runs, trees and states of cuts share. */
import type { RawOp } from '../../domain/events.ts';
import type { Tree } from '../../domain/trace.ts';
import type { FileSystem } from '../../record/image/file-systems.ts';
import type { Recording } from '../../record/record.ts';
import type { CutReport, ForcePoint, Recorder, RunRequest } from '../../record/recorder.ts';

export interface PowerCutRequest {
  /** The ptrace recorder: the binding recorder cannot stop a store while an image is copied. */
  readonly recorder: Recorder;
  readonly recording: Recording;
  readonly fileSystem: FileSystem;
  /** A fresh image of the file system: see `Templates.of`. */
  readonly template: string;
  /** Makes a fresh run. The image is mounted in its directory. */
  readonly prepare: () => Omit<RunRequest, 'plan'>;
}

/** One run on an image. */
export interface CutRun {
  readonly force: ForcePoint | undefined;
  readonly pid: number;
  /** The ops of this run. Its random names are those in the trees. */
  readonly ops: readonly RawOp[];
  readonly cuts: CutReport['cuts'];
  readonly trees: readonly Tree[];
}

/** One tree that a cut left. */
export interface CutTree {
  readonly boundary: number;
  /** What was forced in addition to the store's calls, and after which op; undefined: nothing. */
  readonly force: ForcePoint | undefined;
  readonly tree: Tree;
  /** The process of the run that was cut. */
  readonly pid: number;
}
