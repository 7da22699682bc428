/** The save that was under way at a crash, carried out again after it. */
import type { Bench } from '../../bench/bench.ts';
import { promisedOf } from '../../domain/sighting.ts';
import type { CarriedOut, Unmeasured } from '../../recover/believe.ts';
import { keptSteps, leftoversOf, type SecondTry, savedAgain, withSecondTries } from '../second-tries.ts';
import type { CrashCase } from './crash-state.ts';

type Sighted = CarriedOut<CrashCase, undefined>;

/** Crashes in recovery, at the end of the run, in random histories and in programs have no save of a scenario under way. */
export async function triedAgain(
  cases: readonly (Sighted | Unmeasured<CrashCase>)[],
  bench: Bench,
): Promise<(Sighted | Unmeasured<CrashCase>)[]> {
  const [subject] = cases.map((one) => one.case.subject);
  if (subject === undefined || subject.history !== undefined || subject.isProgram) return [...cases];
  const kept = await keptSteps(subject, bench);
  return withSecondTries(cases, (one) => tryAgain(one, kept));
}

function tryAgain({ case: { state, subject, oracle }, sightings }: Sighted, kept: ReadonlySet<number>): SecondTry | undefined {
  const [first] = sightings;
  if (first === undefined || state.how === 'in-recovery' || state.how === 'ended') return undefined;
  const { trace, steps } = subject;
  const step = trace.marks.filter(({ kind, afterOp }) => kind === 'resolved' && afterOp <= state.promisedAt).length;
  const saves = kept.has(step) ? savedAgain(steps[step], promisedOf(first)) : undefined;
  if (saves === undefined) return undefined;
  const { tree, timeOf } = first;
  return {
    sighting: {
      tree,
      ...(timeOf && { timeOf }),
      looker: { who: 'a fresh process that tries again' },
      saves,
      judge: (found) => oracle(state.promisedAt, tree, found, saves),
    },
    leftovers: `${step}\n${leftoversOf(state.tree, trace)}`,
  };
}
