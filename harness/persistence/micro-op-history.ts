/** A trace replayed on the inode model. */
import type { Trace } from '../domain/trace.ts';
import { replay } from './actions.ts';
import type { Disk, InodeTable } from './disk.ts';
import type { Action, Unit } from './micro-op.ts';

export interface MicroOpHistory {
  readonly inodeTable: InodeTable;
  /** The disk before the first op. */
  readonly start: Disk;
  /** One per op, in order. */
  readonly actions: readonly Action[];
}

/** Each trace is replayed once with each unit. */
const histories = new WeakMap<Trace, Map<Unit, MicroOpHistory>>();

/** Throws NotReplayable. */
export function historyOf(trace: Trace, unit: Unit = 4096): MicroOpHistory {
  const ofTrace = histories.get(trace) ?? new Map<Unit, MicroOpHistory>();
  histories.set(trace, ofTrace);
  const history = ofTrace.get(unit) ?? withTable(replay(trace, unit));
  ofTrace.set(unit, history);
  return history;
}

const withTable = (replayed: ReturnType<typeof replay>): MicroOpHistory => ({ ...replayed, inodeTable: replayed.start.inodeTable });
