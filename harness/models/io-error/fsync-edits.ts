/**
 * An fsync that fails once and drops its dirty pages, and one that lies, as power loss sees them: the trace of the run with the fsyncs left
 * out that forced nothing.
 *
 * After a failed fsync ext4, xfs and btrfs take the pages that could not be written for clean. A later fsync of the file succeeds and
 * forces nothing of them, unless they were written again. So a later fsync counts as soon as everything that was dirty when the first one
 * failed has been written again; until then it is none, also for what was written since, which is more than is lost for sure. Nor does the
 * flush that some file systems do at a rename or a close write pages that pass for clean. sync and syncfs are taken at their word.
 */
import type { Op, Range, Trace } from '../../domain/trace.ts';
import type { Profile } from '../../persistence/profile.ts';

const isFsync = ({ call }: Op): boolean => call === 'fsync' || call === 'fdatasync';
const isWrite = ({ call, error }: Op): boolean => (call === 'write' || call === 'copy') && error === undefined;

/** Ops that are fsyncs and succeeded. */
export function fsyncsOf({ ops }: Pick<Trace, 'ops'>): number[] {
  return ops.filter((op) => isFsync(op) && op.error === undefined).map(({ index }) => index);
}

/** Whether the op's file is one that has pages: no directory. */
export function hasPages({ ops, trees }: Pick<Trace, 'ops' | 'trees'>, index: number): boolean {
  const op = ops[index - 1];
  return op !== undefined && trees[index]?.get(op.file.actual)?.kind !== 'directory' && op.file.actual !== '.';
}

/** The run without one of its fsyncs, which said that it was done. */
export function withLie(trace: Trace, index: number): Trace {
  return withoutFsyncs(trace, new Set([index]));
}

/** A run in which fsync `index` failed, without those later ones that forced nothing. */
export function withDroppedPages(trace: Trace, index: number): Trace {
  const { ops } = trace;
  const file = ops[index - 1]?.file.id;
  const synced = ops.findLast((op) => op.index < index && isFsync(op) && op.error === undefined && op.file.id === file)?.index ?? 0;
  const written = (from: number, to: number): Range[] =>
    ops.slice(from, to).flatMap((op) => (isWrite(op) && op.file.id === file && op.range !== undefined ? [op.range] : []));
  const dirty = written(synced, index - 1);
  const idle = ops.filter(
    (op) => op.index > index && isFsync(op) && op.error === undefined && op.file.id === file && !covers(written(index, op.index), dirty),
  );
  return withoutFsyncs(trace, new Set(idle.map((op) => op.index)));
}

/** The rules of a file system where a flush that comes by itself finds nothing to write. */
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
