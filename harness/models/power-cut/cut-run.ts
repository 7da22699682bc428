/** One run of a store on an image that is cut at every boundary, and the boundaries at which to force something. */

import { CALLS } from '../../domain/calls.ts';
import { HarnessError } from '../../domain/errors.ts';
import type { NotMeasured } from '../../domain/sighting.ts';
import type { Op, Trace } from '../../domain/trace.ts';
import { unspoolTree } from '../../domain/tree.ts';
import type { Forcing } from '../../record/image/file-systems.ts';
import { storeDirectoryOn } from '../../record/image/live-image.ts';
import { endOf, opsOf } from '../../record/record.ts';
import type { ForcePoint, RunReport } from '../../record/recorder.ts';
import type { CutRun, PowerCutRequest } from './cuts.ts';

/** Attempts at a run that follows the recording. */
const TRIES = 3;

/** One run on its own image, cut at every boundary from the forced one on. */
export async function cutRun(request: PowerCutRequest, force: ForcePoint | undefined): Promise<CutRun | NotMeasured> {
  const { recorder, recording, fileSystem, template, prepare } = request;
  const { order, trace } = recording;
  let reason = '';
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const run = prepare();
    const root = run.directory;
    const { type, mountOptions, bytes } = fileSystem;
    const image = { root, template, type, mountOptions, bytes };
    const plan = { kind: 'cut', order, names: trace.variation.names, image, ...(force && { force }) } as const;
    const report = await recorder.run({ ...run, directory: storeDirectoryOn(root), plan });
    const difference = differenceFrom(report, trace);
    if (difference === undefined) return cutsOf(report, run.spool, force);
    reason = difference;
  }
  return { reason: `nondeterministic on ${fileSystem.name}: ${reason}` };
}

function differenceFrom(report: RunReport, trace: Trace): string | undefined {
  const end = endOf(report.events);
  if (end.how === 'diverged') return `event ${end.at + 1} was "${end.expected}" when recorded, "${end.got}" in a later run`;
  if (end.how !== 'finished') return `the run did not finish (${end.how})`;
  const ops = opsOf(report.events);
  if (ops.length !== trace.ops.length) return `${ops.length} ops, ${trace.ops.length} when recorded`;
  const differing = ops.findIndex((op, index) => op.error !== trace.ops[index]?.error);
  if (differing < 0) return undefined;
  const [got, was] = [ops[differing]?.error, trace.ops[differing]?.error].map((error) => error ?? 'success');
  return `op ${differing + 1} ended with ${got}, with ${was} when recorded`;
}

function cutsOf(report: RunReport, spool: string, force: ForcePoint | undefined): CutRun {
  const { cuts, pid } = report;
  if (cuts === undefined) throw new HarnessError('the power-cut run has no cuts');
  const contents = new Map<string, Uint8Array>();
  const trees = cuts.trees.map((tree) => unspoolTree(tree, spool, contents));
  return { force, pid, ops: opsOf(report.events), cuts: cuts.cuts, trees };
}

/** Every boundary at which forcing may bring something to disk that was not there to force at the one before. */
export function forcePoints({ ops, trees }: Trace, forcings: readonly Forcing[]): ForcePoint[] {
  const written = new Set<number>();
  return ops
    .filter((op) => {
      const changed = trees[op.index] !== trees[op.index - 1];
      if (op.error !== undefined) return changed;
      if (changed || op.call === 'write' || op.call === 'copy' || op.call === 'truncate') written.add(op.file.id);
      return changed || mayLeaveWrites(op, written);
    })
    .flatMap(({ index }) => forcings.map((how) => ({ at: index, how })));
}

/** Whether an op that changed no tree may still leave dirty data, or write some. */
function mayLeaveWrites(op: Op, written: ReadonlySet<number>): boolean {
  switch (op.call) {
    case 'open':
      return op.flags?.includes('truncate') ?? false;
    case 'close':
      return written.has(op.file.id);
    default:
      return CALLS[op.call].changes !== 'nothing' || CALLS[op.call].forces;
  }
}
