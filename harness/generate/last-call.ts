/** The last call of a history, for models that look at no more than that: what its process did before it, and in which directory. */

import type { Json, Step, Tree } from '../domain/trace.ts';
import type { CellStep } from '../protocol/cell-file.ts';
import type { Execution } from './executions.ts';
import { endsProcess, type History, type HistoryStep } from './history.ts';

export interface LastCall {
  /** What its process found. */
  readonly tree: Tree;
  /** What its process did first. */
  readonly before: readonly CellStep[];
  readonly step: Step;
  /** What was stored before it. */
  readonly stored: Json | undefined;
}

/**
 * Up to the last step of that kind that does not come right after a reset, when there is nothing to lose. Where there is no such step, or
 * no kind is given: up to the last call.
 */
export function upToLast(history: History, kind?: HistoryStep['kind']): History {
  const last = history.findLastIndex((step, at) => step.kind === kind && at > 0 && history[at - 1]?.kind !== 'reset');
  return history.slice(0, (last < 0 ? history.findLastIndex((step) => !endsProcess(step)) : last) + 1);
}

/** Undefined where the history ended early, or where that call did nothing. */
export function lastCallOf({ processes, calls, history }: Execution, wanted: History): LastCall | undefined {
  const [process, call] = [processes.at(-1), calls.at(-1)];
  const step = process?.calls.at(-1);
  if (process === undefined || call === undefined || step === undefined || step.kind === 'load') return undefined;
  if (history.length < wanted.length || !call.resolved || call.from === call.until) return undefined;
  return { tree: process.start, before: process.calls.slice(0, -1), step, stored: calls.at(-2)?.value };
}
