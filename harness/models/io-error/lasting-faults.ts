/**
 * Faults that last: what makes a call fail is still there for the calls that follow.
 *
 * Allows   a call that fails again each time that the store tries it again in the same step, twice, four or eight times (`@8~EBUSY~times=4`);
 *          a disk that is full until the step settles, and has room in the next one (`@7~ENOSPC+~freed`); a file system that is read-only from
 *          a change on, as after an error of the disk, so that the clean-up is refused too (`@8~EROFS+`).
 * Forbids  what a single fault shows already: each is tried only where the run with the single fault went on to a call that it would refuse.
 * Real     the calls fail for real, like those of single faults.
 *
 * One run stands for all faults on one error path. A call that is tried again is followed up to the attempt at which the store gives up.
 */
import type { Op, Trace } from '../../domain/trace.ts';
import { changesFiles } from '../../record/fault.ts';
import type { OpFault } from './fault-id.ts';
import type { FaultyRun } from './fault-runs.ts';
import { distinctPaths, type ErrorPath, opsAfter, shares } from './second-faults.ts';
import { keyOf } from './windows.ts';

/** A store that goes on beyond so many failures is not followed further. */
const MOST_TIMES = 8;
/** A call that is tried again fails twice, and then twice as often in each further run. */
const TWICE = 2;

type Undisturbed = Pick<Trace, 'ops' | 'marks'>;
type Repeated = Extract<OpFault, { kind: 'errno' }> & { readonly times: number };

interface LastingFaults {
  readonly faults: readonly OpFault[];
  /** How many there are without the limit. */
  readonly of: number;
}

/** `runs`: those with a single fault each. `undisturbed`: the run in which nothing failed. */
export function lastingFaults(runs: readonly ErrorPath[], undisturbed: Undisturbed, most: number): LastingFaults {
  const settled = distinctPaths(runs.filter(({ run }) => run.ending.kind === 'settled'));
  const lists = [
    settled.flatMap((path) => repeated(path, undisturbed)),
    settled.flatMap(({ first }) => freed(first, undisturbed)),
    oneForEachOp(settled.flatMap((path) => readOnly(path, undisturbed))),
  ];
  return { faults: shares(lists, most), of: lists.reduce((sum, { length }) => sum + length, 0) };
}

/** The fault that follows one, after a run in which the store tried the call once more than it failed; undefined: it gave up before. */
export function oneMoreOften(fault: OpFault, run: FaultyRun): OpFault | undefined {
  if (!isRepeated(fault) || fault.times >= MOST_TIMES) return undefined;
  const isLike = likeOp(run.trace.ops, fault.op);
  const wentOn = opsAfter(run, fault).some((op) => isLike(op) && op.error !== fault.errno);
  return wentOn ? { ...fault, times: fault.times * TWICE } : undefined;
}

/** Whether the limit of a step was over while the store was still trying a call again. */
export function isStillTrying(fault: OpFault, { trace: { ops }, ending }: FaultyRun): boolean {
  if (!isRepeated(fault) || ending.kind !== 'hung' || ending.busy !== true) return false;
  return ops.findLast(likeOp(ops, fault.op))?.error === fault.errno;
}

/** How often a call failed in a run in which it was to fail several times. */
export function failuresOf({ op, errno }: Repeated, { trace: { ops } }: FaultyRun): number {
  const isLike = likeOp(ops, op);
  return ops.filter((one) => one.index >= op && isLike(one) && one.error === errno).length;
}

export function isRepeated(fault: OpFault): fault is Repeated {
  return fault.kind === 'errno' && fault.times !== undefined;
}

/** The same fault, if it did not last. */
export function withoutLasting(fault: OpFault): OpFault {
  if (fault.kind === 'errno') return { kind: 'errno', op: fault.op, errno: fault.errno };
  if (fault.kind === 'full') return { kind: 'full', op: fault.op, ...(fault.room !== undefined && { room: fault.room }) };
  return fault;
}

/** Whether there is a step after that of the op, in which the disk has room again. */
export function hasLaterStep(op: number, { marks }: Pick<Trace, 'marks'>): boolean {
  return (marks.at(-2)?.afterOp ?? 0) >= op;
}

/** Whether a read-only file system refuses an op that is otherwise carried out. */
export function isRefusedReadOnly(op: Op | undefined): boolean {
  return op !== undefined && op.error === undefined && changesFiles(op);
}

/** A call that the store made more often because it had failed. */
function repeated({ run, first }: ErrorPath, undisturbed: Undisturbed): Repeated[] {
  if (first.kind !== 'errno') return [];
  const isLike = likeOp(run.trace.ops, first.op);
  const count = (ops: readonly Op[]): number => ops.filter(isLike).length;
  const isTriedAgain = opsAfter(run, first).some(isLike) && count(run.trace.ops) > count(undisturbed.ops);
  return isTriedAgain ? [{ ...first, times: TWICE }] : [];
}

function freed(first: OpFault, undisturbed: Undisturbed): OpFault[] {
  return first.kind === 'full' && hasLaterStep(first.op, undisturbed) ? [{ ...first, until: 'settled' }] : [];
}

/** From an op on whose failure the store answered with calls that change something. Not every run tells whether these came to anything. */
function readOnly({ run, first }: ErrorPath, { ops }: Undisturbed): OpFault[] {
  if (first.kind !== 'errno' || !isRefusedReadOnly(ops[first.op - 1])) return [];
  return opsAfter(run, first).some(changesFiles) ? [{ kind: 'read-only', op: first.op }] : [];
}

function oneForEachOp(faults: readonly OpFault[]): OpFault[] {
  return faults.filter(({ op }, at) => faults.findIndex((other) => other.op === op) === at);
}

function likeOp(ops: readonly Op[], index: number): (op: Op) => boolean {
  const op = ops[index - 1];
  const key = op && keyOf(op);
  return (other) => keyOf(other) === key;
}
