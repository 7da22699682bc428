/**
 * Every single fault of a recorded run: each op with each errno that it can return, short reads, writes and copies, a full disk from each op
 * on that needs space, and closes and fsyncs that take back what was written. On Windows instead: a target that another process has open.
 */

import { CALLS, type CallRow } from '../../domain/calls.ts';
import type { Op, Trace } from '../../domain/trace.ts';
import { needsSpace, replacedOrRemoved } from '../../record/fault.ts';
import { errnosOf, intentOf } from './errnos.ts';
import type { OpFault } from './fault-id.ts';
import { lookBefore } from './look.ts';

type Run = Pick<Trace, 'ops' | 'trees'>;

/** In the order of the ops. */
export function singleFaults(trace: Run): OpFault[] {
  const written = new Set<number>();
  /** Files of which something is not forced, with the first op that wrote it. */
  const unforced = new Map<number, number>();
  /** Files that were read since they were opened. */
  const read = new Set<number>();
  return trace.ops.flatMap((op): OpFault[] => {
    const { id } = op.file;
    const faults = [
      ...faultsAt(op, trace, written.has(id)),
      ...lossAt(op, unforced.get(id)),
      ...(read.has(id) ? [] : shortRead(op, trace)),
    ];
    if (op.error !== undefined) return faults;
    if (op.call === 'open') read.delete(id);
    else if (op.call === 'read') read.add(id);
    if (op.call === 'write' || op.call === 'copy' || op.call === 'allocate' || op.call === 'truncate') written.add(id);
    if (op.call === 'write' || op.call === 'copy') unforced.set(id, unforced.get(id) ?? op.index);
    else if (forcesContents(op)) unforced.delete(id);
    return faults;
  });
}

/**
 * The first read of a file gets one byte. POSIX lets any read return less than was asked for: file systems of servers and of programs do, and
 * a local one where what follows cannot be read. Later reads of the same file are those of a caller that reads on.
 */
function shortRead({ call, index, error, file }: Op, { trees }: Run): OpFault[] {
  const before = trees[index - 1]?.get(file.actual);
  const hasMore = before?.kind === 'file' && before.bytes.length > 1;
  return call === 'read' && error === undefined && hasMore ? [{ kind: 'short', op: index, bytes: 1 }] : [];
}

/** The errno of a close or an fsync that takes back what was written. */
const LOSING_ERRNO = 'EIO';

function lossAt({ index, call, error }: Op, since: number | undefined): OpFault[] {
  const reports = call === 'close' || call === 'fsync' || call === 'fdatasync';
  return reports && error === undefined && since !== undefined ? [{ kind: 'lost', op: index, since, errno: LOSING_ERRNO }] : [];
}

/** On a network file system each close forces what was written, and so does a change of size, which is sent to the server at once. */
function forcesContents({ call, flags = [] }: Op): boolean {
  return call === 'close' || call === 'fsync' || call === 'fdatasync' || call === 'truncate' || flags.includes('truncate');
}

function faultsAt(op: Op, trace: Run, written: boolean): OpFault[] {
  const at = op.index;
  const look = lookBefore(trace, at);
  const errnos = errnosOf(op, written, look).map((errno): OpFault => ({ kind: 'errno', op: at, errno }));
  if (op.error !== undefined) return errnos;
  const half = op.call === 'write' || op.call === 'copy' ? Math.floor((op.range?.length ?? 0) / 2) : 0;
  const short: OpFault[] = half === 0 ? [] : [{ kind: 'short', op: at, bytes: half }];
  const full: OpFault[] = needsSpace(intentOf(op), look) ? [{ kind: 'full', op: at }] : [];
  const almostFull: OpFault[] = half === 0 ? [] : [{ kind: 'full', op: at, room: half }];
  return [...errnos, ...short, ...full, ...almostFull];
}

/**
 * Without all errnos of an op but its first. With `fallbacks`, those stay for which a store may go another way: the code that nobody
 * runs.
 */
export function withFirstErrnos(faults: readonly OpFault[], { ops: all }: Pick<Trace, 'ops'>, errnos: 'first' | 'fallbacks'): OpFault[] {
  const ops = new Set<number>();
  return faults.filter((fault) => {
    if (fault.kind !== 'errno') return true;
    if (errnos === 'fallbacks' && mayFallBack(all[fault.op - 1], fault)) {
      ops.add(fault.op);
      return true;
    }
    const isFirst = !ops.has(fault.op);
    ops.add(fault.op);
    return isFirst;
  });
}

/** Whether a store may go another way for this errno of this op, and for no other. */
export function mayFallBack(op: Op | undefined, fault: OpFault): boolean {
  if (op === undefined || fault.kind !== 'errno') return false;
  const row: CallRow = CALLS[op.call];
  return row.fallsBack?.includes(fault.errno) ?? false;
}

/** Renames over and removals of a file that another process has open: at that op only, and from it on. */
export function windowsFaults(trace: Run): OpFault[] {
  return trace.ops.flatMap((op): OpFault[] => {
    const refused = op.error === undefined && replacedOrRemoved(intentOf(op), lookBefore(trace, op.index)) !== undefined;
    return refused ? [false, true].map((lasts) => ({ kind: 'in-use', op: op.index, lasts })) : [];
  });
}
