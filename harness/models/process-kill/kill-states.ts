/**
 * Process kill: a child is killed with SIGKILL at every boundary, and inside every write and copy.
 *
 * Allows   every effect up to the kill, in the recorded order; of the op that was under way, nothing, or a prefix that ends at
 *          a page of the file.
 * Forbids  losing anything that was written: the page cache outlives the process. A missing fsync cannot show here.
 * Real     each state is the directory of a child that was killed there; it must equal the copy that was observed.
 */
import type { Op, Trace, Tree } from '../../domain/trace.ts';
import { equalTrees, hashBytes } from '../../domain/tree.ts';
import type { CrashPoint, KillState } from '../crash/crash-state.ts';

const PAGE_BYTES = 4096;
/** Points tried inside one write or copy. A longer one is cut at its first and last pages and evenly in between, and the report says so. */
const POINTS_INSIDE_AN_OP = 16;

export interface KillStates {
  readonly states: readonly KillState[];
  readonly points: number;
  /** Points inside writes and copies: tried, and how many page multiples there are. */
  readonly inside: { readonly tried: number; readonly of: number };
}

/** All states in the order of the trace. Neighbouring points with the same tree and the same promise are one state. */
export function killStates(trace: Trace): KillStates {
  const states: (KillState & { points: CrashPoint[] })[] = [];
  let points = 0;
  const inside = { tried: 0, of: 0 };
  const add = (at: CrashPoint, how: KillState['how'], tree: Tree, promisedAt: number): void => {
    points += 1;
    const last = states.at(-1);
    const same =
      last !== undefined &&
      how === 'killed' &&
      marksBy(trace, last.promisedAt) === marksBy(trace, promisedAt) &&
      equalTrees(last.tree, tree);
    if (same) last.points.push(at);
    else states.push({ at, how, tree, promisedAt, points: [at] });
  };
  for (let op = 0; op <= trace.ops.length; op += 1) {
    const before = trace.trees[op - 1];
    const after = trace.trees[op] ?? new Map();
    const done = trace.ops[op - 1];
    if (before !== undefined && done !== undefined) {
      const all = pagesInside(done);
      const tried = spread(all, POINTS_INSIDE_AN_OP);
      inside.of += all.length;
      inside.tried += tried.length;
      for (const bytes of tried) add({ op, bytes }, 'killed', tornTree(before, after, done, bytes), op - 1);
    }
    add({ op }, op === trace.ops.length ? 'ended' : 'killed', after, op);
  }
  return { states, points, inside };
}

function marksBy(trace: Trace, ops: number): number {
  return trace.marks.filter(({ afterOp }) => afterOp <= ops).length;
}

/** Byte counts at which the op can be cut so that what is there ends at a page of the file. */
function pagesInside(op: Op): number[] {
  if ((op.call !== 'write' && op.call !== 'copy') || op.range === undefined || op.error !== undefined) return [];
  const { offset, length } = op.range;
  const cuts: number[] = [];
  for (let bytes = PAGE_BYTES - (offset % PAGE_BYTES); bytes < length; bytes += PAGE_BYTES) cuts.push(bytes);
  return cuts;
}

function spread(items: readonly number[], most: number): number[] {
  if (items.length <= most) return [...items];
  const chosen = Array.from({ length: most }, (_, index) => items[Math.round((index * (items.length - 1)) / (most - 1))]);
  return chosen.filter((item) => item !== undefined);
}

/**
 * The tree after `bytes` bytes of a write or copy: the old contents, overwritten from its offset on, under every name that the file has.
 * @internal
 */
export function tornTree(before: Tree, after: Tree, op: Op, bytes: number): Tree {
  if (op.range === undefined) return after;
  const { offset } = op.range;
  const torn = new Map(after);
  for (const [path, full] of after) {
    const old = before.get(path);
    // The op changed nothing but this one file.
    if (full.kind !== 'file' || old?.kind !== 'file' || full.hash === old.hash) continue;
    const contents = Buffer.alloc(Math.max(old.bytes.length, offset + bytes));
    contents.set(old.bytes);
    contents.set(full.bytes.subarray(offset, offset + bytes), offset);
    torn.set(path, { kind: 'file', mode: old.mode, bytes: contents, hash: hashBytes(contents) });
  }
  return torn;
}
