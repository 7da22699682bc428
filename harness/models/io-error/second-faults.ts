/**
 * Faults on the ways that a store takes after a first one, until the step has settled in which that came: clean-up, retries, ways around.
 * Each op of such a way fails too, with one errno that stands for all.
 *
 * Faults after which a store does the same, op for op, have led it the same way: the first of them stands for it. Ways on which a step
 * was rejected come first, the shorter before the longer; where there are more ops than may be tried, each way has its share.
 */
import type { Op } from '../../domain/trace.ts';
import { errnosOf } from './errnos.ts';
import type { OpFault } from './fault-id.ts';
import type { FaultyRun } from './fault-runs.ts';
import { lookBefore } from './look.ts';
import { keyOf } from './windows.ts';

export interface Followed {
  readonly run: FaultyRun;
  readonly first: OpFault;
}

export interface SecondFaults {
  readonly faults: readonly (readonly [OpFault, OpFault])[];
  /** How many there are. */
  readonly of: number;
}

export function secondFaults(runs: readonly Followed[], most: number): SecondFaults {
  const ways = new Map<string, Followed>();
  for (const followed of runs) if (!ways.has(wayOf(followed))) ways.set(wayOf(followed), followed);
  const rejected = ({ run }: Followed): boolean => run.trace.marks.some(({ kind }) => kind === 'rejected');
  const sorted = [...ways.values()]
    .map((followed) => ({ after: rejected(followed) ? 0 : 1, faults: faultsOnTheWay(followed) }))
    .sort((one, other) => one.after - other.after || one.faults.length - other.faults.length)
    .map(({ faults }) => faults);
  return { faults: shares(sorted, most), of: sorted.reduce((sum, faults) => sum + faults.length, 0) };
}

/** Whether the second fault came: a way that depends on time or chance may have had fewer ops the second time. */
export function wasReached({ faults, trace }: FaultyRun): boolean {
  const second = faults.at(-1);
  return second?.kind !== 'errno' || trace.ops[second.op - 1]?.error === second.errno;
}

/** What a run did after its first fault, until the step had settled in which that came. */
function wayOf({ run: { trace, ending }, first }: Followed): string {
  const ops = opsAfter({ trace }, first).map(keyOf);
  return JSON.stringify([ops, trace.marks.map(({ kind }) => kind), ending.kind]);
}

function opsAfter({ trace: { ops, marks } }: Pick<FaultyRun, 'trace'>, first: OpFault): readonly Op[] {
  return ops.slice(first.op, marks.find(({ afterOp }) => afterOp >= first.op)?.afterOp);
}

function faultsOnTheWay({ run, first }: Followed): (readonly [OpFault, OpFault])[] {
  return opsAfter(run, first).flatMap((op) => {
    const [errno] = errnosOf(op, true, lookBefore(run.trace, op.index));
    return errno === undefined ? [] : [[first, { kind: 'errno', op: op.index, errno }] as const];
  });
}

/** At most so many in all: of each list in turn one, from its beginning. */
function shares<Item>(lists: readonly (readonly Item[])[], most: number): Item[] {
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
