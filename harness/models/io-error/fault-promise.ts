/**
 * What a store had promised when calls failed and steps were rejected, and what was found of it. Pure.
 *
 * A step that resolved must have kept its value. One that rejected, and one that the process died in, must have left the value from before
 * or its own.
 */
import type { Recovery } from '../../domain/recovery.ts';
import type { Outcome } from '../../domain/store.ts';
import type { Json, Mark, Promised, Step } from '../../domain/trace.ts';
import { judgeRecovery, type OracleOptions, sameValue } from '../../judge/outcome.ts';
import { valueAfter } from '../../judge/promise.ts';

export interface FaultPromise extends Promised {
  /** What would be allowed if the last step had not resolved; empty if it did not. */
  readonly before: readonly (Json | undefined)[];
}

/** After these marks; with `underWay`, while the next step is under way. */
export function promiseOf(
  before: Json | undefined,
  steps: readonly Step[],
  marks: readonly Pick<Mark, 'kind' | 'step'>[],
  underWay: boolean,
): FaultPromise {
  let possible: readonly (Json | undefined)[] = [before];
  const earlier: (Json | undefined)[] = [];
  let undone: readonly (Json | undefined)[] = [];
  const apply = (step: Step): readonly (Json | undefined)[] => possible.map((value) => valueAfter(step, value));
  for (const { kind, step: index } of marks) {
    const step = steps[index];
    if (step === undefined) continue;
    if (kind === 'resolved') {
      earlier.push(...possible);
      undone = possible;
      possible = apply(step);
    } else {
      undone = [];
      possible = [...possible, ...apply(step)];
    }
  }
  const next = underWay ? steps[marks.length] : undefined;
  if (next !== undefined) [possible, undone] = [[...possible, ...apply(next)], []];
  const [acknowledged, ...others] = possible;
  // Nothing stands for a value that was never saved, and only the first can be that.
  return { acknowledged, inFlight: others.filter((value) => value !== undefined), earlier, before: undone };
}

/** As for crashes; but what was there before a step that resolved, and is still there, is an acknowledgement that was false. */
export function judgeAfterFault(promise: FaultPromise, recovery: Recovery, options: OracleOptions): Outcome {
  const outcome = judgeRecovery(promise, recovery, options);
  const { load } = recovery;
  if ((outcome !== 'stale' && outcome !== 'empty') || load.kind !== 'loaded') return outcome;
  return promise.before.some((value) => sameValue(value, load.value, options)) ? 'false-ack' : outcome;
}
