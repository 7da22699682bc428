/**
 * The rules of Windows, simulated on this system: `process.platform` is win32, directories cannot be synced, and a file that another
 * process has open can be neither replaced nor removed.
 *
 * Forbids  all other differences: paths, errnos, sharing modes of the store's own handles, file systems.
 */

import type { NotMeasured } from '../../domain/sighting.ts';
import type { Op, Trace } from '../../domain/trace.ts';
import type { Fault } from '../../record/fault.ts';
import { markKey, opKey } from '../../record/order.ts';
import type { Recording } from '../../record/record.ts';
import type { FaultyRun, NotRun } from './fault-runs.ts';

/** Faults from the start of every run. */
export const ON_WINDOWS: readonly Fault[] = [{ kind: 'no-directory-sync' }];

/** The recording of a run under these rules alone. Its steps may reject, but all must settle. */
export function windowsRecording(recording: Recording, run: FaultyRun | NotRun): Recording | NotMeasured {
  if (!('trace' in run)) return { reason: run.doubt };
  const { trace, ending } = run;
  if (ending.kind !== 'settled')
    return { reason: `by the rules of Windows alone, ${ending.kind === 'died' ? ending.how : ending.because}` };
  return { ...recording, trace, order: orderOf(trace) };
}

/** An op's key, with the file names that are the same in every run. */
export function keyOf(op: Op): string {
  return opKey({ ...op, path: op.file.path, ...(op.to && { to: { path: op.to.path } }) }, []);
}

function orderOf({ ops, marks }: Trace): string[] {
  const marksAfter = (op: number): string[] => marks.flatMap((mark) => (mark.afterOp === op ? [markKey(mark)] : []));
  return [...marksAfter(0), ...ops.flatMap((op) => [keyOf(op), ...marksAfter(op.index)])];
}
