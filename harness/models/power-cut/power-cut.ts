/**
 * Power cuts on a real file system: the store runs on an image, and the image is copied at every boundary.
 *
 * Allows   what the kernel had written at the time of the cut; and, at every later boundary, what it had written after another file
 *          was forced, after a commit, or after a sync.
 * Forbids  nothing: these are observations, not a model. States that need chance (a timer firing between two boundaries, one page
 *          written back and not another, a write in progress) are not observed; `power-loss` covers them.
 * Real     this machine's kernel, with fresh, small images.
 */

import { NoSuchCase } from '../../domain/errors.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import { counted } from '../../domain/words.ts';
import type { ForcePoint } from '../../record/recorder.ts';
import { cutRun, forcePoints } from './cut-run.ts';
import { CutTrees } from './cut-trees.ts';
import type { CutTree, PowerCutRequest } from './cuts.ts';

export interface PowerCuts {
  /** Each tree once per set of acknowledged steps, at the first boundary where it was left, in boundary order. */
  readonly states: readonly CutTree[];
  readonly runs: number;
  /** The number of cuts, and of different images among them. Equal images are mounted once. */
  readonly cuts: number;
  readonly images: number;
}

/** All trees that the cuts left. */
export async function powerCuts(request: PowerCutRequest): Promise<PowerCuts | NotMeasured> {
  const { trace } = request.recording;
  const points: (ForcePoint | undefined)[] = [undefined, ...forcePoints(trace, request.fileSystem.forcings)];
  const runs = await Promise.all(points.map((force) => cutRun(request, force)));
  const found = new CutTrees(trace);
  let [cuts, images] = [0, 0];
  for (const run of runs) {
    if (isNotMeasured(run)) return run;
    cuts += run.cuts.length;
    images += run.trees.length;
    found.add(run);
  }
  return { states: found.states(), runs: runs.length, cuts, images };
}

/**
 * The tree of a reported cut, by its boundary and what was forced. The run is repeated, so temp names and other random contents differ
 * from the report. Throws NoSuchCase where a run makes no such cut.
 */
export async function powerCutAt(
  request: PowerCutRequest,
  boundary: number,
  force: ForcePoint | undefined,
): Promise<CutTree | NotMeasured> {
  const { trace } = request.recording;
  const isThere = (point: ForcePoint): boolean => point.how === force?.how && point.at === force.at;
  if (boundary > trace.ops.length) throw new NoSuchCase(`there is no boundary ${boundary}: the run has ${counted(trace.ops.length, 'op')}`);
  if (force !== undefined && !forcePoints(trace, request.fileSystem.forcings).some(isThere))
    throw new NoSuchCase(`nothing is forced by ${force.how} after op ${force.at}`);
  const run = await cutRun(request, force);
  if (isNotMeasured(run)) return run;
  const cut = run.cuts.find((made) => made.boundary === boundary);
  const tree = cut && run.trees[cut.image];
  if (tree === undefined) return { reason: `there is no cut at boundary ${boundary}${force ? ` after ${force.how} at ${force.at}` : ''}` };
  return { boundary, force, tree, pid: run.pid };
}
