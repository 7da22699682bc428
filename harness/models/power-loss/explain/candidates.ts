/**
 * Where a barrier could be put, and what it would force: fsync of each file and directory that a failing state lost something
 * of, after each op.
 *
 * A barrier that forces something which a state lost rules that state out, if it comes before the state's boundary. That is
 * worked out on the pieces of the model, without exploring; that no other state takes its place is for the caller to verify.
 */

import { canonicalPath } from '../../../domain/names.ts';
import type { FileRef, Op, Trace } from '../../../domain/trace.ts';
import type { MicroOpHistory } from '../../../persistence/actions.ts';
import type { Disk } from '../../../persistence/disk.ts';
import type { Action, Event, MicroOp } from '../../../persistence/micro-op.ts';
import { ROOT } from '../../../persistence/namespace.ts';
import { Pieces } from '../../../persistence/pieces.ts';
import type { Profile } from '../../../persistence/profile.ts';
import type { Row } from './cover.ts';
import type { Landed } from './smallest-loss.ts';
import type { PlacedBarrier } from './trace-edits.ts';

/** What has to be ruled out: a loss that fails. */
export interface Witness {
  /** A barrier comes in time if it is put after an op below this one. */
  readonly until: number;
  /** Ids of micro-ops; see `MicroOpIds`. */
  readonly lost: readonly number[];
}

export interface Candidate extends PlacedBarrier {
  readonly target: Target;
  /** By the ids of micro-ops: 1 for what was not on disk before the barrier and is after it. */
  readonly forces: Uint8Array;
}

/** A file or directory of the run, by its inode. */
export interface Target {
  readonly inode: number;
  readonly kind: 'file' | 'directory';
}

/** Micro-ops as small numbers, in the order of the run. */
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

  /** Of a micro-op by its op's number in the trace of this history. */
  of(op: number, part: number): number {
    return (this.#before[op - 1] ?? 0) + part - 1;
  }
}

/** Files whose data, size or mode was lost, and directories whose entries were. */
export function targetsOf(lost: Iterable<MicroOp>): readonly Target[] {
  const targets = new Map<string, Target>();
  const add = (inode: number, kind: Target['kind']): void => void targets.set(`${kind} ${inode}`, { inode, kind });
  for (const { inode, effect } of lost) {
    if (effect.kind !== 'names') add(inode, 'file');
    else for (const { directory } of effect.changes) add(directory, 'directory');
  }
  return [...targets.values()].sort((one, other) => one.inode - other.inode || (one.kind < other.kind ? -1 : 1));
}

/** A file whose last name is gone is no target: nobody would think of it, and what it holds is not missed. */
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

/** By the ids of micro-ops: 1 for what is not on disk after that op, and is after this barrier. */
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

/** The op does not matter to a barrier; any of the run will do. */
function barrierOf({ actions }: MicroOpHistory, after: number, barrier: Event): Action {
  const op = actions[Math.max(after, 1) - 1]?.op;
  if (op === undefined) throw new Error(`there is no op ${after}`);
  return { op, microOps: [], events: [barrier] };
}

/** What every inode is called after each op. */
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

  /** Undefined where its last name is gone. A file that has none yet is told as the op that made it does. */
  refOf(inode: number, after: number): FileRef | undefined {
    // An id that no op has: the model then finds the inode by its path.
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
    for (const [path, other] of disk.namespace.paths(this.#history.inodeTable.names)) if (other === inode) return path;
    return undefined;
  }
}

/** Which witnesses a barrier rules out, each with its number. */
export function ruledOut({ after, forces }: Candidate, witnesses: readonly Witness[]): Row {
  return Uint8Array.from(witnesses, ({ until, lost }) => (after < until && lost.some((id) => forces[id] === 1) ? 1 : 0));
}

/**
 * How natural a place is, the smaller the better: before the op that landed too early; else, for a file, right before an op that
 * names it, and for a directory, right after its names changed.
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
  if ((landed.kind === 'op' || landed.kind === 'part of op') && after < landed.op.index) return landed.op.index - 1 - after;
  for (const inode of [target.inode, undefined]) {
    for (let at = after + 1; at <= actions.length; at += 1) if (changesNames(inode, at)) return at - 1 - after;
  }
  return actions.length;
}

/** Whether a barrier right before an op is the same as one right after it. */
export function makesNoDifference(op: Op, trace: Trace, history: MicroOpHistory): boolean {
  const action = history.actions[op.index - 1];
  const marked = trace.marks.some(({ afterOp }) => afterOp === op.index || afterOp === op.index - 1);
  return !marked && action?.microOps.length === 0 && action.events.length === 0;
}
