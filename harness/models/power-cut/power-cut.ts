/**
 * Power cuts on a real file system: the store runs on an image, and the image is copied at every boundary.
 *
 * Allows   what the kernel wrote by the time of the cut; what it has written after another file was forced at any boundary, after
 *          a commit, or after everything was; and what becomes of each of these until the end.
 * Forbids  nothing: these are observations, not a model. What the kernel leaves only by chance (a timer that fires between two
 *          boundaries, one page written back and not another, a write that is under way) is not seen; `power-loss` has it.
 * Real     the kernel that runs here, with fresh, small images.
 */

import type { Tree } from '../../domain/trace.ts';
import type { FileSystem } from '../../record/image/file-systems.ts';
import type { NotRecorded, Recording } from '../../record/record.ts';
import type { ForcePoint, Recorder, RunRequest } from '../../record/recorder.ts';
import { cutRun, forcePoints } from './cut-run.ts';
import { CutTrees } from './cut-trees.ts';

/** One tree that a cut left. */
export interface CutState {
  readonly boundary: number;
  /** What the machine did beside the store's calls, and after which op; undefined: nothing. */
  readonly force: ForcePoint | undefined;
  readonly tree: Tree;
  /** The process of the run that it was cut from. */
  readonly pid: number;
}

export interface PowerCuts {
  /** Each tree once per promise, at the first boundary where it was left, in the order of boundaries. */
  readonly states: readonly CutState[];
  readonly runs: number;
  /** Cuts made, and how many different images they came to; the others were folded unmounted. */
  readonly cuts: number;
  readonly images: number;
}

export interface PowerCutRequest {
  /** By ptrace: the other cannot stop a store where an image is copied. */
  readonly recorder: Recorder;
  readonly recording: Recording;
  readonly fileSystem: FileSystem;
  /** A fresh image of it: `Templates.of`. */
  readonly template: string;
  /** Makes a fresh run. Its directory becomes the place where the image is mounted. */
  readonly prepare: () => Omit<RunRequest, 'plan'>;
}

/** All trees that cuts left. */
export async function powerCuts(request: PowerCutRequest): Promise<PowerCuts | NotRecorded> {
  const { trace } = request.recording;
  const points: (ForcePoint | undefined)[] = [undefined, ...forcePoints(trace, request.fileSystem.forcings)];
  const runs = await Promise.all(points.map((force) => cutRun(request, force)));
  const found = new CutTrees(trace);
  let [cuts, images] = [0, 0];
  for (const run of runs) {
    if ('reason' in run) return run;
    cuts += run.cuts.length;
    images += run.trees.length;
    found.add(run);
  }
  return { states: found.states(), runs: runs.length, cuts, images };
}

/**
 * The state of a cut that was told before, by its boundary and what was forced. The run is made again, so what the store makes up afresh
 * is other than it was.
 */
export async function powerCutAt(
  request: PowerCutRequest,
  boundary: number,
  force: ForcePoint | undefined,
): Promise<CutState | NotRecorded> {
  const run = await cutRun(request, force);
  if ('reason' in run) return run;
  const cut = run.cuts.find((one) => one.boundary === boundary);
  const tree = cut && run.trees[cut.image];
  if (tree === undefined) return { reason: `there is no cut at boundary ${boundary}${force ? ` after ${force.how} at ${force.at}` : ''}` };
  return { boundary, force, tree, pid: run.pid };
}
