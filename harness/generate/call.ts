/** The calls that the processes of a history make, and what they had promised by an op. Pure. */
import type { Model } from '../domain/models.ts';
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
 * A save that a crash cut short leaves two values that are right. After a kill the next load says which of them it is, and that one is
 * promised from then on. When the power goes, what a load has seen may not be on disk: both stay right, until the next save resolves.
 */
export function promisedBy(calls: readonly Call[], ops: number, model: Model): Promised {
  let acknowledged: Json | undefined;
  let inFlight: Json[] = [];
  const earlier: (Json | undefined)[] = [];
  const promise = (value: Json | undefined): void => {
    earlier.push(acknowledged, ...inFlight);
    acknowledged = value;
    inFlight = [];
  };
  for (const { kind, value, until, resolved } of calls) {
    const isOver = until <= ops;
    if (kind === 'save') {
      if (isOver && resolved) promise(value);
      else if (value !== undefined) inFlight = [...inFlight, value];
    } else if (isOver && resolved && inFlight.length > 0 && model !== 'power-loss') promise(value);
    if (!isOver) break;
  }
  return { acknowledged, inFlight, earlier };
}
