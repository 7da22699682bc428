/** The save that failed, carried out again by a fresh process. */
import type { Bench } from '../../bench/bench.ts';
import { timesAt } from '../../domain/tree-times.ts';
import type { CarriedOut, Unmeasured } from '../../recover/believe.ts';
import { keptSteps, leftoversOf, type SecondTry, savedAgain, withSecondTries } from '../second-tries.ts';
import { judgeAfterFault, promiseOf } from './fault-promise.ts';
import type { FaultyRun } from './fault-runs.ts';
import type { FaultyCase } from './trial.ts';

type Sighted = CarriedOut<FaultyCase, FaultyRun>;

/** Not where a step resolved after the one that failed, and where a crash followed. */
export async function triedAgain(
  cases: readonly (Sighted | Unmeasured<FaultyCase>)[],
  bench: Bench,
): Promise<(Sighted | Unmeasured<FaultyCase>)[]> {
  const [subject] = cases.map((one) => one.case.subject);
  if (subject === undefined || subject.isProgram) return [...cases];
  const kept = await keptSteps(subject, bench);
  return withSecondTries(cases, (one) => tryAgain(one, kept));
}

function tryAgain({ case: { trial, subject, left }, run }: Sighted, kept: ReadonlySet<number>): SecondTry | undefined {
  const { trace, ending, settled } = run;
  const last = trace.marks.at(-1);
  if (left !== undefined || ending.kind === 'hung') return undefined;
  if (ending.kind === 'settled' && last?.kind !== 'rejected') return undefined;
  const promised = promiseOf(subject.before, subject.steps, trace.marks, ending.kind === 'died');
  const index = ending.kind === 'died' ? trace.marks.length : (last?.step ?? 0);
  const saves = kept.has(index) ? savedAgain(subject.steps[index], promised) : undefined;
  if (saves === undefined) return undefined;
  return {
    sighting: {
      tree: settled,
      timeOf: timesAt(trace, trace.ops.length),
      looker: { who: 'a fresh process that tries again' },
      saves,
      judge: ({ recovery }) => ({ promised, outcome: judgeAfterFault(promised, recovery, { ...trial.options, next: saves }) }),
    },
    leftovers: run.again === undefined ? `${index}\n${leftoversOf(settled, subject.trace)}` : 'any', // what the process that lived on finds depends on it
  };
}
