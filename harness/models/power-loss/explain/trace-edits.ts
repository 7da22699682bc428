/** Adds several barriers to a trace, or removes several, with `withBarrier` and `withoutOp`. */

import type { FileRef, Trace } from '../../../domain/trace.ts';
import { type EditedTrace, withBarrier, withoutOp } from '../../../persistence/barriers.ts';

/** An fsync to add: of a file or directory, right after an op of the trace. */
export interface PlacedBarrier {
  readonly after: number;
  readonly file: FileRef;
}

export function withBarriers(trace: Trace, barriers: readonly PlacedBarrier[]): EditedTrace {
  // Latest first, so that earlier ones keep their numbers.
  const latestFirst = [...barriers].sort((a, b) => b.after - a.after);
  return latestFirst.reduce(
    (edited, { after, file }) => composed(edited, withBarrier(edited.trace, after, { kind: 'fsync', of: file })),
    unedited(trace),
  );
}

/** Removes barriers, by the numbers of their ops. */
export function withoutOps(trace: Trace, dropped: readonly number[]): EditedTrace {
  const latestFirst = [...dropped].sort((a, b) => b - a);
  return latestFirst.reduce((edited, index) => composed(edited, withoutOp(edited.trace, index)), unedited(trace));
}

const unedited = (trace: Trace): EditedTrace => ({ trace, oldIndex: [0, ...trace.ops.map(({ index }) => index)] });

function composed(first: EditedTrace, second: EditedTrace): EditedTrace {
  return { trace: second.trace, oldIndex: second.oldIndex.map((index) => (index === undefined ? undefined : first.oldIndex[index])) };
}
