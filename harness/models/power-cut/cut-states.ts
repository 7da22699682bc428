/** The crash states of real power cuts, as the pipeline uses them. */
import type { FileSystemName } from '../../domain/models.ts';
import type { CutState } from '../../explore/crash-state.ts';
import type { Explored, NamedState } from '../../explore/explore.ts';
import type { NotRecorded, Recording } from '../../record/record.ts';
import type { ForcePoint } from '../../record/recorder.ts';
import type { CutTree, PowerCutRequest } from './cuts.ts';
import { powerCutAt, powerCuts } from './power-cut.ts';

/** Provides what power cuts need. */
export interface CutBench {
  /** A template image of a file system, and how to start runs of the store on copies of it. */
  readonly cutsOn: (name: FileSystemName) => Promise<Omit<PowerCutRequest, 'recording'>>;
}

export async function cutStates(
  name: FileSystemName,
  recording: Recording,
  { cutsOn }: CutBench,
): Promise<Explored<CutState> | NotRecorded> {
  const left = await powerCuts({ ...(await cutsOn(name)), recording });
  if ('reason' in left) return left;
  return { states: left.states.map(cutState), points: recording.trace.ops.length + 1, cuts: left.cuts };
}

/** The state with this name; no states if the name is invalid. */
export async function cutStateNamed(
  name: FileSystemName,
  recording: Recording,
  { cutsOn }: CutBench,
  { at, detail }: NamedState,
): Promise<Explored<CutState> | NotRecorded> {
  const force = parseForce(detail);
  if (force === undefined && detail !== '') return { states: [], points: 0 };
  const left = await powerCutAt({ ...(await cutsOn(name)), recording }, at.op, force);
  return 'reason' in left ? left : { states: [cutState(left)], points: 1 };
}

function parseForce(detail: string): ForcePoint | undefined {
  const [, how, at] = /^(fsync|commit|sync)=(\d+)$/.exec(detail) ?? [];
  return how === 'fsync' || how === 'commit' || how === 'sync' ? { how, at: Number(at) } : undefined;
}

function cutState({ boundary, force, tree }: CutTree): CutState {
  const at = { op: boundary };
  return { how: 'power-cut', at, points: [at], tree, promisedAt: boundary, ...(force && { force }) };
}
