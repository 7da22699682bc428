/**
 * The rules of Windows, simulated on this system: the store is told that it runs there, directories cannot be synced, and a file that
 * somebody has open can be neither replaced nor removed.
 *
 * Forbids  what else differs there: other paths, other errnos, sharing modes of the store's own handles, file systems.
 */

import type { Op, Trace } from '../../domain/trace.ts';
import type { Fault } from '../../record/fault.ts';
import { markKey, opKey } from '../../record/order.ts';
import type { NotRecorded, Recording } from '../../record/record.ts';
import type { FaultyRun, NotRun } from './fault-runs.ts';

/** What holds from the start of every run. */
export const ON_WINDOWS: readonly Fault[] = [{ kind: 'no-directory-sync' }];

/** The recording of a run under the rules alone. Its steps may have been rejected; none may have gone on for ever. */
export function windowsRecording(recording: Recording, run: FaultyRun | NotRun): Recording | NotRecorded {
  if (!('trace' in run)) return { reason: run.doubt };
  const { trace, ending } = run;
  if (ending.kind !== 'settled')
    return { reason: `by the rules of Windows alone, ${ending.kind === 'died' ? ending.how : ending.because}` };
  return { ...recording, trace, order: orderOf(trace) };
}

/** An op's key, with the names as in every run. */
export function keyOf(op: Op): string {
  return opKey({ ...op, path: op.file.path, ...(op.to && { to: { path: op.to.path } }) }, []);
}

function orderOf({ ops, marks }: Trace): string[] {
  const marksAfter = (op: number): string[] => marks.flatMap((mark) => (mark.afterOp === op ? [markKey(mark)] : []));
  return [...marksAfter(0), ...ops.flatMap((op) => [keyOf(op), ...marksAfter(op.index)])];
}
