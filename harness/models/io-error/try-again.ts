/** The save that failed, carried out again by a fresh process. */
import { timesAt } from '../../domain/tree-times.ts';
import type { CarriedOut } from '../../recover/believe.ts';
import { leftoversOf, type SecondTry, savedAgain } from '../second-tries.ts';
import { judgeAfterFault, promiseOf } from './fault-promise.ts';
import type { FaultyRun } from './fault-runs.ts';
import type { FaultyCase } from './trial.ts';

/** Undefined where a step resolved after the one that failed, and where a crash followed. */
export function tryAgainAfterFault(
  { case: { trial, subject, left }, run }: CarriedOut<FaultyCase, FaultyRun>,
  kept: ReadonlySet<number>,
): SecondTry | undefined {
  const { trace, ending, settled, again } = run;
  const last = trace.marks.at(-1);
  if (left !== undefined || ending.kind === 'hung') return undefined;
  if (ending.kind === 'settled' && last?.kind !== 'rejected') return undefined;
  const promised = promiseOf(subject.before, subject.steps, trace.marks, ending.kind === 'died');
  const index = ending.kind === 'died' ? trace.marks.length : (last?.step ?? 0);
  const saves = kept.has(index) ? savedAgain(subject.steps[index], () => promised) : undefined;
  if (saves === undefined) return undefined;
  return {
    // Whether the process that lived on is to blame for what it found depends on what a fresh one finds.
    ...(again === undefined && { leftovers: `${index}\n${leftoversOf(settled, subject.trace)}` }),
    sighting: () => ({
      tree: settled,
      timeOf: timesAt(trace, trace.ops.length),
      looker: { who: 'a fresh process that tries again' },
      saves,
      judge: ({ recovery }) => ({ promised, outcome: judgeAfterFault(promised, recovery, { ...trial.options, next: saves }) }),
    }),
  };
}
