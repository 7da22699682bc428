/**
 * A trace with one fsync added or removed: to find the missing barrier that loses data, and the redundant ones.
 *
 * An added barrier never adds states, and a removed one never removes any, with one exception: under a profile whose fsync forces a
 * file's names ahead of earlier log entries (btrfs), a barrier can make a new state possible, with these names and without older
 * ones. So a barrier is judged by exploring the edited trace.
 */
import { CALLS } from '../domain/calls.ts';
import type { FileRef, Mark, Op, Trace } from '../domain/trace.ts';

/** What to force: a file as an op names it, or the file or directory at a path, `.` for the store's directory. */
export interface Barrier {
  readonly kind: 'fsync' | 'fdatasync';
  readonly of: FileRef | string;
}

export interface EditedTrace {
  readonly trace: Trace;
  /** By op index in the new trace: its index in the old one, undefined for an added barrier. Index 0 maps to 0. */
  readonly oldIndex: readonly (number | undefined)[];
}

/**
 * The trace with a barrier right after op `afterOp` (0: before the first op), and before any acknowledgement there.
 * Throws RangeError if the op, or the path after it, does not exist.
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

/** The trace without one fsync, fdatasync or sync. Throws RangeError for any other op. */
export function withoutOp(trace: Trace, index: number): EditedTrace {
  const op = trace.ops[index - 1];
  if (op === undefined) throw new RangeError(`there is no op ${index}: the trace has ${trace.ops.length}`);
  if (!CALLS[op.call].forces) throw new RangeError(`op ${index} is ${op.call}, not a barrier: without it, later ops would differ`);
  return edited(trace, {
    ops: trace.ops.filter((other) => other !== op),
    trees: trace.trees.filter((_, at) => at !== index),
    marks: trace.marks.map((mark) => (mark.afterOp < index ? mark : { ...mark, afterOp: mark.afterOp - 1 })),
  });
}

/** `ops` have their old indices, except an added barrier, which is not in the old trace. */
function edited(
  trace: Trace,
  { ops, trees, marks }: { readonly ops: readonly Op[]; readonly trees: Trace['trees']; readonly marks: readonly Mark[] },
): EditedTrace {
  const oldIndex = [0, ...ops.map((op) => (trace.ops[op.index - 1] === op ? op.index : undefined))];
  return { trace: { ...trace, ops: ops.map((op, at) => ({ ...op, index: at + 1 })), trees, marks }, oldIndex };
}

/** Uses an unused id, so that the model finds the file by its path. */
function fileAt(trace: Trace, path: string): FileRef {
  const id = trace.ops.reduce((max, { file, to }) => Math.max(max, file.id, to?.id ?? 0), 0) + 1;
  return { id, path, actual: path };
}
