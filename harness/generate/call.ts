/** The calls that the processes of a history make, and what they had promised by an op. Pure. */
import type { Json, Promised } from '../domain/trace.ts';

/** One call on the store: a step of the history, or the load with which every process but the first begins. */
export interface Call {
  readonly kind: 'save' | 'load';
  /** The place of the step in the history; of a load, that of the reload or crash before it. */
  readonly step: number;
  /** What is stored once it has resolved; of a load: what it finds. */
  readonly value: Json | undefined;
  /** Ops of the history before its own. */
  readonly from: number;
  /** The boundary at which it resolved, or its process died. */
  readonly until: number;
  readonly resolved: boolean;
}

/**
 * What the history had promised after `ops` ops.
 *
 * A save that a crash cut short leaves two allowed values. `loadSettles`: the next load shows which of them is stored, and promises it from
 * then on. After a power cut it does not: what a load returned may not be on disk. Both stay allowed until the next save resolves.
 */
export function promisedBy(calls: readonly Call[], ops: number, loadSettles: boolean): Promised {
  let acknowledged: Json | undefined;
  let inFlight: Json[] = [];
  const earlier: (Json | undefined)[] = [];
  const acknowledgedBefore: (Json | undefined)[] = [];
  const promise = (value: Json | undefined): void => {
    earlier.push(acknowledged, ...inFlight);
    acknowledgedBefore.push(acknowledged);
    acknowledged = value;
    inFlight = [];
  };
  for (const { kind, value, until, resolved } of calls) {
    const isOver = until <= ops;
    if (kind === 'save') {
      if (isOver && resolved) promise(value);
      else if (value !== undefined) inFlight = [...inFlight, value];
    } else if (isOver && resolved && inFlight.length > 0 && loadSettles) promise(value);
    if (!isOver) break;
  }
  return { acknowledged, inFlight, earlier, ...(acknowledgedBefore.length < earlier.length && { acknowledgedBefore }) };
}
