/**
 * Power cuts on a real file system: the store runs on an image, and the image is copied at every boundary.
 *
 * Allows   what the kernel wrote by the time of the cut; what it has written after another file was forced at any boundary, after
 *          a commit, or after everything was; and what becomes of each of these until the end.
 * Forbids  nothing: these are observations, not a model. What the kernel leaves only by chance (a timer that fires between two
 *          boundaries, one page written back and not another, a write that is under way) is not seen; `power-loss` has it.
 * Real     the kernel that runs here, with fresh, small images.
 */

import type { NotRecorded } from '../../record/record.ts';
import type { ForcePoint } from '../../record/recorder.ts';
import { cutRun, forcePoints } from './cut-run.ts';
import { CutTrees } from './cut-trees.ts';
import type { CutTree, PowerCutRequest } from './cuts.ts';

export interface PowerCuts {
  /** Each tree once per promise, at the first boundary where it was left, in the order of boundaries. */
  readonly states: readonly CutTree[];
  readonly runs: number;
  /** Cuts made, and how many different images they came to; the others were folded unmounted. */
  readonly cuts: number;
  readonly images: number;
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
): Promise<CutTree | NotRecorded> {
  const run = await cutRun(request, force);
  if ('reason' in run) return run;
  const cut = run.cuts.find((one) => one.boundary === boundary);
  const tree = cut && run.trees[cut.image];
  if (tree === undefined) return { reason: `there is no cut at boundary ${boundary}${force ? ` after ${force.how} at ${force.at}` : ''}` };
  return { boundary, force, tree, pid: run.pid };
}
