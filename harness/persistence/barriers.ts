/**
 * A trace as it would be with one fsync more, or one less: for finding the barrier whose absence loses data, and those without use.
 *
 * A barrier more leaves fewer states at every boundary, or the same, and one less as many or more; but under a profile whose fsync
 * brings a file's names to disk ahead of what was logged before (btrfs), a barrier can also make a state that was not there: one
 * with these names and without the older ones. So a barrier is judged by exploring the trace that has it.
 */
import { CALLS } from '../domain/calls.ts';
import type { FileRef, Mark, Op, Trace } from '../domain/trace.ts';

/** What is forced: a file as an op names it, or the file or directory at a path, `.` for the store's directory. */
export interface Barrier {
  readonly kind: 'fsync' | 'fdatasync';
  readonly of: FileRef | string;
}

export interface EditedTrace {
  readonly trace: Trace;
  /** By index in the new trace: the op's index in the old one, undefined for a barrier that it has not. 0 is 0. */
  readonly oldIndex: readonly (number | undefined)[];
}

/**
 * The trace with a barrier right after op `afterOp` (0: before the first), and before a step that was acknowledged there.
 * Throws RangeError if there is no such op, or nothing at that path after it.
 */
export function withBarrier(trace: Trace, afterOp: number, barrier: Barrier): EditedTrace {
  const tree = trace.trees[afterOp];
  if (tree === undefined || afterOp > trace.ops.length)
    throw new RangeError(`there is no op ${afterOp}: the trace has ${trace.ops.length}`);
  const { kind, of } = barrier;
  if (typeof of === 'string' && of !== '.' && !tree.has(of)) throw new RangeError(`there is no ${of} after op ${afterOp}`);
  const file = typeof of === 'string' ? fileAt(trace, of) : of;
  const virtual: Op = { index: afterOp + 1, call: kind, via: kind, file, process: trace.ops[afterOp - 1]?.process ?? 0 };
  return edited(trace, {
    ops: [...trace.ops.slice(0, afterOp), virtual, ...trace.ops.slice(afterOp)],
    trees: [...trace.trees.slice(0, afterOp + 1), tree, ...trace.trees.slice(afterOp + 1)],
    marks: trace.marks.map((mark) => (mark.afterOp < afterOp ? mark : { ...mark, afterOp: mark.afterOp + 1 })),
  });
}

/** The trace without one fsync, fdatasync or sync. Throws RangeError if the op is none of these. */
export function withoutOp(trace: Trace, index: number): EditedTrace {
  const op = trace.ops[index - 1];
  if (op === undefined) throw new RangeError(`there is no op ${index}: the trace has ${trace.ops.length}`);
  if (!CALLS[op.call].forces) throw new RangeError(`op ${index} is no barrier but ${op.call}: without it, the later ops would be others`);
  return edited(trace, {
    ops: trace.ops.filter((other) => other !== op),
    trees: trace.trees.filter((_, at) => at !== index),
    marks: trace.marks.map((mark) => (mark.afterOp < index ? mark : { ...mark, afterOp: mark.afterOp - 1 })),
  });
}

/** `ops` still have their old indices, but for a barrier, which is none of the old trace's ops. */
function edited(
  trace: Trace,
  { ops, trees, marks }: { readonly ops: readonly Op[]; readonly trees: Trace['trees']; readonly marks: readonly Mark[] },
): EditedTrace {
  const oldIndex = [0, ...ops.map((op) => (trace.ops[op.index - 1] === op ? op.index : undefined))];
  return { trace: { ...trace, ops: ops.map((op, at) => ({ ...op, index: at + 1 })), trees, marks }, oldIndex };
}

/** Under an id that no op has, so that the path says which file it is. */
function fileAt(trace: Trace, path: string): FileRef {
  const id = trace.ops.reduce((most, { file, to }) => Math.max(most, file.id, to?.id ?? 0), 0) + 1;
  return { id, path, actual: path };
}
