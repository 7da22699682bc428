/** From the steps of a history to what its processes call. Pure. */

import type { Abilities } from '../domain/store.ts';
import type { Json, Trace } from '../domain/trace.ts';
import { valueAfter } from '../judge/promise.ts';
import type { CellStep } from '../protocol/cell-file.ts';
import type { Call } from './call.ts';
import { callOf } from './calls-of.ts';
import { endsProcess, type History, type HistoryStep } from './history.ts';

/** The steps of one process. */
export interface Part {
  /** The place of its first step in the history. */
  readonly first: number;
  readonly steps: readonly HistoryStep[];
  /** How it ended; undefined for the last one. */
  readonly end: HistoryStep | undefined;
}

export function partsOf(history: History): Part[] {
  const parts: Part[] = [];
  let first = 0;
  for (const [at, step] of history.entries()) {
    if (!endsProcess(step)) continue;
    parts.push({ first, steps: history.slice(first, at), end: step });
    first = at + 1;
  }
  return [...parts, { first, steps: history.slice(first), end: undefined }];
}

/** A call that is to be made, and what is stored once it has resolved. */
export interface PlannedCall {
  readonly step: number;
  readonly value: Json | undefined;
  readonly call: CellStep;
}

/**
 * Every process but the first begins with a load. `stored` is what is there when it starts. With `throwsWhenFresh`, a load of a store in
 * which nothing was saved throws: then there is nothing that an update could change, and it is left out.
 */
export function plannedCalls(
  { first, steps }: Part,
  stored: Json | undefined,
  { throwsWhenFresh, abilities }: { readonly throwsWhenFresh: boolean; readonly abilities: Abilities },
): PlannedCall[] {
  const planned: PlannedCall[] = first === 0 ? [] : [{ step: first - 1, value: stored, call: { kind: 'load' } }];
  let value = stored;
  for (const [at, step] of steps.entries()) {
    if (endsProcess(step)) continue;
    const call = callOf(step, value, String(first + at), abilities);
    if (call === undefined || (call.kind === 'update' && value === undefined && throwsWhenFresh)) continue;
    value = valueAfter(call, value);
    planned.push({ step: first + at, value, call });
  }
  return planned;
}

/** How far a process got. */
export interface Ended {
  /** Its ops. */
  readonly length: number;
  /** How it ended; a crash counts no more ops than its step had. */
  readonly end: HistoryStep | undefined;
  readonly calls: readonly Call[];
}

/** `whole` is the trace of a process that made all these calls, and lived on. `from`: ops of the history before its own. */
export function endOf(planned: readonly PlannedCall[], whole: Trace, end: HistoryStep | undefined, from: number): Ended {
  const resolvedAt = planned.map((_, at) => whole.marks[at]?.afterOp ?? whole.ops.length);
  const [before = 0, last = 0] = [resolvedAt.at(-2), resolvedAt.at(-1)];
  const after = end?.kind === 'crash' ? end.after % (last - before + 1) : undefined;
  const length = after === undefined ? whole.ops.length : before + after;
  const calls = planned.map(({ step, value, call }, at): Call => {
    const until = resolvedAt[at] ?? 0;
    return {
      kind: call.kind === 'load' ? 'load' : 'save',
      step,
      value,
      from: from + (resolvedAt[at - 1] ?? 0),
      until: from + Math.min(until, length),
      resolved: until <= length,
    };
  });
  return { length, end: after === undefined ? end : { kind: 'crash', after }, calls };
}
