/**
 * Faults of fsync for the power-loss model: an fsync that fails once and drops its dirty pages, and an fsync that lies. Both edit the trace
 * of the run, so that every fsync that forced nothing counts as failed.
 *
 * After a failed fsync ext4, xfs and btrfs mark the unwritten pages as clean. A later fsync of the file succeeds without forcing them,
 * unless they were written again. So a later fsync counts only if everything that was dirty at the failure has been written again, or cut off by
 * a truncation. Until then it forces nothing, not even data written since; that may overstate the loss. The flushes that some file systems do
 * at a rename or a close do not write pages marked as clean either. sync and syncfs are trusted.
 */
import type { Op, Range, Trace } from '../../domain/trace.ts';
import { PAGE_BYTES } from '../../persistence/micro-op.ts';
import type { Profile } from '../../persistence/profile.ts';
import type { Fault } from '../../record/fault.ts';
import { DROPPING_ERRNO } from './fault-id.ts';

const isFsync = ({ call }: Op): boolean => call === 'fsync' || call === 'fdatasync' || call === 'msync';
const writtenBy = ({ call, error, range }: Op): Range[] =>
  (call === 'write' || call === 'copy') && error === undefined && range !== undefined ? [range] : [];

/** The pages of a mapped file that stores changed: what lies between two of them is not dirty. */
function storedPages({ trees }: Pick<Trace, 'trees'>, { index, file }: Op): Range[] {
  const [was, is] = [trees[index - 1]?.get(file.actual), trees[index]?.get(file.actual)];
  if (was?.kind !== 'file' || is?.kind !== 'file') return [];
  const pages = Array.from({ length: Math.ceil(is.bytes.length / PAGE_BYTES) }, (_, page) => page * PAGE_BYTES);
  const isSame = (at: number): boolean =>
    Buffer.compare(was.bytes.subarray(at, at + PAGE_BYTES), is.bytes.subarray(at, at + PAGE_BYTES)) === 0;
  return pages.filter((at) => !isSame(at)).map((offset) => ({ offset, length: PAGE_BYTES }));
}

/** Indices of the fsyncs that succeeded. */
export function fsyncsOf({ ops }: Pick<Trace, 'ops'>): number[] {
  return ops.filter((op) => isFsync(op) && op.error === undefined).map(({ index }) => index);
}

/**
 * Whether the op's file has pages, that is, is not a directory.
 * @internal
 */
export function hasPages({ ops, trees }: Pick<Trace, 'ops' | 'trees'>, index: number): boolean {
  const op = ops[index - 1];
  return op !== undefined && trees[index]?.get(op.file.actual)?.kind !== 'directory' && op.file.actual !== '.';
}

/** Whether a fault is an fsync that fails and can drop pages. */
export function isDropping(fault: Fault, trace: Trace): boolean {
  return fault.kind === 'errno' && fault.errno === DROPPING_ERRNO && fsyncsOf(trace).includes(fault.op) && hasPages(trace, fault.op);
}

/** The run without fsync `index`, which lied. */
export function withLie(trace: Trace, index: number): Trace {
  return withoutFsyncs(trace, new Set([index]));
}

/** A run in which fsync `index` failed, without the later fsyncs that forced nothing. */
export function withDroppedPages(trace: Trace, index: number): Trace {
  const { ops } = trace;
  const file = ops[index - 1]?.file.id;
  const synced = ops.findLast((op) => op.index < index && isFsync(op) && op.error === undefined && op.file.id === file)?.index ?? 0;
  const ofFile = ops.filter((op) => op.file.id === file && op.index > synced && op.error === undefined);
  const written = (op: Op): Range[] => (op.call === 'mapwrite' ? storedPages(trace, op) : writtenBy(op));
  const idle = new Set<number>();
  let dirty: readonly Range[] = [];
  let again: readonly Range[] = [];
  for (const op of ofFile) {
    const size = sizeAfterCut(trace, op);
    if (size !== undefined) dirty = dirty.flatMap((range) => cutAt(range, size));
    if (op.index < index) dirty = [...dirty, ...written(op)];
    else if (isFsync(op) && !covers(again, dirty)) idle.add(op.index);
    else again = [...again, ...written(op)];
  }
  return withoutFsyncs(trace, idle);
}

/** How much of a file is left, where an op cuts it off. */
function sizeAfterCut({ trees }: Pick<Trace, 'trees'>, { index, call, flags = [], file }: Op): number | undefined {
  if (call === 'open' && flags.includes('truncate')) return 0;
  const after = call === 'truncate' ? trees[index]?.get(file.actual) : undefined;
  return after?.kind === 'file' ? after.bytes.length : undefined;
}

const cutAt = ({ offset, length }: Range, size: number): Range[] =>
  offset >= size ? [] : [{ offset, length: Math.min(length, size - offset) }];

/** The profile without implicit flushes, which find only clean pages. */
export function withoutFlushes(profile: Profile): Profile {
  return { ...profile, renameOver: 'not-flushed', close: 'not-flushed' };
}

function withoutFsyncs(trace: Trace, indices: ReadonlySet<number>): Trace {
  return indices.size === 0 ? trace : { ...trace, ops: trace.ops.map((op) => (indices.has(op.index) ? { ...op, error: 'EIO' } : op)) };
}

/** Whether every byte of `wanted` lies in one of the ranges. */
function covers(ranges: readonly Range[], wanted: readonly Range[]): boolean {
  const sorted = [...ranges].sort((one, other) => one.offset - other.offset);
  return wanted.every(({ offset, length }) => {
    let at = offset;
    for (const range of sorted) if (range.offset <= at) at = Math.max(at, range.offset + range.length);
    return at >= offset + length;
  });
}
