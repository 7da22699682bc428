/**
 * Joins the processes of a history into one trace: the ops of each up to its death, then those of the next one in the same directory.
 *
 * Power loss needs this: what a dead process had not forced to disk can still be lost when the power fails during the next process.
 */
import type { FileRef, Op, Trace } from '../domain/trace.ts';

/** `next` was recorded on the last tree of `trace`. The numbers of its ops and files continue those of `trace`. */
export function followedBy(trace: Trace, next: Trace): Trace {
  const [ops, steps] = [trace.ops.length, trace.marks.length];
  const files = 1 + Math.max(0, ...trace.ops.flatMap(({ file, to }) => [file.id, to?.id ?? 0]));
  const renamed = (file: FileRef): FileRef => ({ ...file, id: file.id + files });
  const moved = (op: Op): Op => ({ ...op, index: op.index + ops, file: renamed(op.file), ...(op.to && { to: renamed(op.to) }) });
  return {
    ...trace,
    ops: [...trace.ops, ...next.ops.map(moved)],
    marks: [...trace.marks, ...next.marks.map((mark) => ({ ...mark, step: mark.step + steps, afterOp: mark.afterOp + ops }))],
    trees: [...trace.trees, ...next.trees.slice(1)],
    unmeasured: [...new Set([...trace.unmeasured, ...next.unmeasured])],
  };
}

/** The first `ops` ops, and the steps that had settled by then. */
export function upTo(trace: Trace, ops: number): Trace {
  return {
    ...trace,
    ops: trace.ops.slice(0, ops),
    marks: trace.marks.filter(({ afterOp }) => afterOp <= ops),
    trees: trace.trees.slice(0, ops + 1),
  };
}
