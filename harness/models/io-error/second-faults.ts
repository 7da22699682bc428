/**
 * Second faults: each op on an error path fails too, with one representative errno. An error path is what the store does after a first
 * fault until that step settles: clean-up, retries, fallbacks.
 *
 * First faults that lead to the same ops have the same error path, and the first of them represents it. Fallbacks come first, each whole:
 * what a store does instead of a rename or a link, and then resolves. The other paths follow, those with a rejected step first, shorter
 * before longer; if there are more ops than the limit, each of them gets a share.
 */
import { changesTree } from '../../domain/calls.ts';
import type { Op } from '../../domain/trace.ts';
import { errnosOf } from './errnos.ts';
import type { OpFault } from './fault-id.ts';
import type { FaultyRun } from './fault-runs.ts';
import { lookBefore } from './look.ts';
import { mayFallBack } from './single-faults.ts';
import { keyOf } from './windows.ts';

/** A run, and the first fault in it. */
export interface ErrorPath {
  readonly run: FaultyRun;
  readonly first: OpFault;
}

export interface SecondFaults {
  readonly faults: readonly (readonly [OpFault, OpFault])[];
  /** How many there are without the limit. */
  readonly of: number;
}

/** The error paths of runs, each with the first run that took it: fallbacks, then those that resolved, then those that rejected. */
export function errorPaths<Path extends ErrorPath>(runs: readonly Path[]): readonly Path[] {
  const rank = { fallback: 0, resolved: 1, rejected: 2 } as const;
  return [...distinctPaths(runs)].sort((one, other) => rank[kindOf(one)] - rank[kindOf(other)]);
}

/** The ops on a path that changed the tree, by their keys. */
export function changesOn({ run, first }: ErrorPath): readonly string[] {
  return opsAfter(run, first).filter(changed).map(keyOf);
}

/** Whether an op changed the tree. */
export function changed({ call, flags = [], error }: Op): boolean {
  if (error !== undefined) return false;
  return call === 'open' ? flags.includes('create') || flags.includes('truncate') : changesTree(call);
}

/** Runs, one for each error path. */
export function distinctPaths<Path extends ErrorPath>(runs: readonly Path[]): readonly Path[] {
  const paths = new Map<string, Path>();
  for (const path of runs) if (!paths.has(keyOfPath(path))) paths.set(keyOfPath(path), path);
  return [...paths.values()];
}

export function secondFaults(runs: readonly ErrorPath[], most: number): SecondFaults {
  const sorted = distinctPaths(runs)
    .map((path) => ({ after: ORDER[kindOf(path)], faults: faultsOn(path) }))
    .sort((one, other) => one.after - other.after || one.faults.length - other.faults.length);
  const whole = sorted.flatMap(({ after, faults }) => (after === ORDER.fallback ? faults : [])).slice(0, most);
  const others = sorted.flatMap(({ after, faults }) => (after === ORDER.fallback ? [] : [faults]));
  return { faults: [...whole, ...shares(others, most - whole.length)], of: sorted.reduce((sum, { faults }) => sum + faults.length, 0) };
}

const ORDER = { fallback: 0, rejected: 1, resolved: 2 } as const;

function kindOf({ run: { trace }, first }: ErrorPath): keyof typeof ORDER {
  if (trace.marks.some(({ kind }) => kind === 'rejected')) return 'rejected';
  return mayFallBack(trace.ops[first.op - 1], first) ? 'fallback' : 'resolved';
}

/** Whether the second fault happened. An error path that depends on time or chance may have fewer ops in the second run. */
export function wasReached({ faults, trace }: FaultyRun): boolean {
  const second = faults.at(-1);
  return second?.kind !== 'errno' || trace.ops[second.op - 1]?.error === second.errno;
}

/** Equal for runs with the same ops on their error path, the same marks and the same ending. */
function keyOfPath({ run: { trace, ending }, first }: ErrorPath): string {
  const ops = opsAfter({ trace }, first).map(keyOf);
  return JSON.stringify([ops, trace.marks.map(({ kind }) => kind), ending.kind]);
}

/** The ops after the first fault, until its step settled. */
export function opsAfter({ trace: { ops, marks } }: Pick<FaultyRun, 'trace'>, first: OpFault): readonly Op[] {
  return ops.slice(first.op, marks.find(({ afterOp }) => afterOp >= first.op)?.afterOp);
}

function faultsOn({ run, first }: ErrorPath): (readonly [OpFault, OpFault])[] {
  return opsAfter(run, first).flatMap((op) => {
    const [errno] = errnosOf(op, true, lookBefore(run.trace, op.index));
    return errno === undefined ? [] : [[first, { kind: 'errno', op: op.index, errno }] as const];
  });
}

/** At most `most` items: one from each list in turn, from its beginning. */
export function shares<Item>(lists: readonly (readonly Item[])[], most: number): Item[] {
  const taken = lists.map(() => 0);
  for (let left = most; left > 0; ) {
    const before = left;
    for (const [index, list] of lists.entries()) {
      if (left === 0 || (taken[index] ?? 0) >= list.length) continue;
      taken[index] = (taken[index] ?? 0) + 1;
      left -= 1;
    }
    if (left === before) break;
  }
  return lists.flatMap((list, index) => list.slice(0, taken[index]));
}
