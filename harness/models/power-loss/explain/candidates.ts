/**
 * Candidate barriers and what each would force: after each op, an fsync of each file or directory of which a failing state lost
 * something.
 *
 * A barrier rules out a state if it comes before the state's boundary and forces something that the state lost. This is computed from
 * the pieces of the model, without exploring; the caller must verify that no other failing state appears instead.
 */
import { canonicalPath } from '../../../domain/names.ts';
import type { FileRef, Op, Trace } from '../../../domain/trace.ts';
import type { Disk } from '../../../persistence/disk.ts';
import type { Action, Event, MicroOp } from '../../../persistence/micro-op.ts';
import type { MicroOpHistory } from '../../../persistence/micro-op-history.ts';
import { ROOT } from '../../../persistence/namespace.ts';
import { Pieces } from '../../../persistence/pieces.ts';
import type { Profile } from '../../../persistence/profile.ts';
import type { Row } from './cover.ts';
import type { Landed } from './smallest-loss.ts';
import type { PlacedBarrier } from './trace-edits.ts';

/** A loss that fails, and so must be ruled out. */
export interface Witness {
  /** To rule out the loss, a barrier must follow an op with a lower number than this. */
  readonly until: number;
  /** Ids of micro-ops; see `MicroOpIds`. */
  readonly lost: readonly number[];
}

export interface Candidate extends PlacedBarrier {
  readonly target: Target;
  /** By micro-op id: 1 if the barrier brings the micro-op to disk. */
  readonly forces: Uint8Array;
}

/** A file or directory of the run, by its inode. */
export interface Target {
  readonly inode: number;
  readonly kind: 'file' | 'directory';
}

/** Numbers the micro-ops from 0, in the order of the run. */
export class MicroOpIds {
  readonly count: number;
  readonly #before: readonly number[];

  constructor({ actions }: MicroOpHistory) {
    const before: number[] = [];
    let count = 0;
    for (const { microOps } of actions) {
      before.push(count);
      count += microOps.length;
    }
    this.#before = before;
    this.count = count;
  }

  /** The id of a micro-op, by its op's number in the trace of this history. */
  of(op: number, part: number): number {
    return (this.#before[op - 1] ?? 0) + part - 1;
  }
}

/** The files that lost data, size or mode, and the directories that lost entries; where no directory can be forced, the files that lost names. */
export function targetsOf(lost: Iterable<MicroOp>, { fsyncDirectory }: Pick<Profile, 'fsyncDirectory'>): readonly Target[] {
  const targets = new Map<string, Target>();
  const add = (inode: number, kind: Target['kind']): void => void targets.set(`${kind} ${inode}`, { inode, kind });
  for (const { inode, effect } of lost) {
    if (effect.kind !== 'names' || fsyncDirectory === 'nothing') add(inode, 'file');
    else for (const { directory } of effect.changes) add(directory, 'directory');
  }
  return [...targets.values()].sort((a, b) => a.inode - b.inode || (a.kind < b.kind ? -1 : 1));
}

/** Skips files whose last name is gone: nobody would fsync them, and their loss is not visible. */
export function candidatesFor(trace: Trace, history: MicroOpHistory, profile: Profile, targets: readonly Target[]): readonly Candidate[] {
  const paths = new InodePaths(trace, history);
  return targets.flatMap((target) =>
    trace.ops.flatMap(({ index }): Candidate[] => {
      const file = paths.refOf(target.inode, index);
      if (file === undefined) return [];
      const forces = forcedBy(history, profile, index, { kind: 'fsync', inode: target.inode });
      return forces.includes(1) ? [{ after: index, file, target, forces }] : [];
    }),
  );
}

/** By micro-op id: 1 for a micro-op that is not on disk after op `after`, but is after this barrier. */
export function forcedBy(history: MicroOpHistory, profile: Profile, after: number, barrier: Event): Uint8Array {
  const ids = new MicroOpIds(history);
  const forces = new Uint8Array(ids.count);
  const pieces = new Pieces(history.start, profile);
  for (const earlier of history.actions.slice(0, after)) for (const _ of pieces.carryOut(earlier));
  const open = pieces.all.filter(({ forced }) => !forced);
  for (const _ of pieces.carryOut(barrierOf(history, after, barrier)));
  const left = new Set(pieces.all.filter(({ forced }) => !forced));
  for (const piece of open) if (!left.has(piece)) for (const { op, part } of piece.microOps) forces[ids.of(op.index, part)] = 1;
  return forces;
}

/** An action with only this event. A barrier does not depend on its op, so any op of the run will do. */
function barrierOf({ actions }: MicroOpHistory, after: number, barrier: Event): Action {
  const op = actions[Math.max(after, 1) - 1]?.op;
  if (op === undefined) throw new Error(`there is no op ${after}`);
  return { op, microOps: [], events: [barrier] };
}

/** The path of every inode after each op. */
class InodePaths {
  readonly #trace: Trace;
  readonly #history: MicroOpHistory;
  readonly #disks: readonly Disk[];
  readonly #files = new Map<number, FileRef>();

  constructor(trace: Trace, history: MicroOpHistory) {
    this.#trace = trace;
    this.#history = history;
    const disks = [history.start];
    for (const { microOps } of history.actions) {
      disks.push(microOps.reduce((disk, { inode, effect }) => disk.after(inode, effect), disks.at(-1) ?? history.start));
      for (const { inode, op } of microOps) {
        const file = op.call === 'symlink' ? op.to : op.file;
        if (file !== undefined && !this.#files.has(inode)) this.#files.set(inode, file);
      }
    }
    this.#disks = disks;
  }

  /** Undefined if its last name is gone. A file without a name yet is named as in the op that created it. */
  refOf(inode: number, after: number): FileRef | undefined {
    // With an unused id, the model finds the inode by its path.
    const known = this.#files.get(inode) ?? { id: -inode, path: '.', actual: '.' };
    const actual = inode === ROOT ? '.' : this.#pathOf(inode, after);
    if (actual === undefined) return this.#named(inode, after) ? undefined : known;
    return { id: known.id, path: canonicalPath(actual, this.#trace.variation.names), actual };
  }

  #named(inode: number, until: number): boolean {
    return this.#disks.slice(0, until).some((_, after) => this.#pathOf(inode, after) !== undefined);
  }

  #pathOf(inode: number, after: number): string | undefined {
    const disk = this.#disks[after] ?? this.#history.start;
    for (const [path, current] of disk.namespace.paths(this.#history.inodeTable.names)) if (current === inode) return path;
    return undefined;
  }
}

/** By witness index: 1 if the barrier rules it out. */
export function ruledOut({ after, forces }: Candidate, witnesses: readonly Witness[]): Row {
  return Uint8Array.from(witnesses, ({ until, lost }) => (after < until && lost.some((id) => forces[id] === 1) ? 1 : 0));
}

/**
 * How far a barrier is from its natural place (smaller is better): for a directory, right after its names changed; for a file, right
 * before an op that changes its name, if that comes no later than the op that landed too early; else right before the latter, else before any
 * name change.
 */
export function distanceOf({ after, target }: Candidate, history: MicroOpHistory, landed: Landed): number {
  const { actions } = history;
  const changesNames = (inode: number | undefined, at: number): boolean =>
    (actions[at - 1]?.microOps ?? []).some(
      ({ inode: named, effect }) =>
        effect.kind === 'names' &&
        (inode === undefined ||
          named === inode ||
          effect.changes.some(({ directory }) => target.kind === 'directory' && directory === inode)),
    );
  if (target.kind === 'directory') {
    let at = after;
    while (at > 0 && !changesNames(target.inode, at)) at -= 1;
    return after - at;
  }
  const untilChange = (inode: number | undefined): number => {
    for (let at = after + 1; at <= actions.length; at += 1) if (changesNames(inode, at)) return at - 1 - after;
    return Number.POSITIVE_INFINITY;
  };
  const untilLanded =
    (landed.kind === 'op' || landed.kind === 'part of op') && after < landed.op.index
      ? landed.op.index - 1 - after
      : Number.POSITIVE_INFINITY;
  const natural = Math.min(untilChange(target.inode), untilLanded);
  return Math.min(Number.isFinite(natural) ? natural : untilChange(undefined), actions.length);
}

/** Whether a barrier right before an op is the same as one right after it. */
export function makesNoDifference(op: Op, trace: Trace, history: MicroOpHistory): boolean {
  const action = history.actions[op.index - 1];
  const marked = trace.marks.some(({ afterOp }) => afterOp === op.index || afterOp === op.index - 1);
  return !marked && action?.microOps.length === 0 && action.events.length === 0;
}
