/** The save that was under way at a crash, carried out again after it. */
import { promisedOf } from '../../domain/sighting.ts';
import { acknowledgedAt } from '../../judge/promise.ts';
import type { CarriedOut } from '../../recover/believe.ts';
import { leftoversOf, type SecondTry, savedAgain } from '../second-tries.ts';
import type { CrashCase } from './crash-state.ts';

/** Undefined in recovery, at the end of the run and in random histories, where no save of a scenario is under way. */
export function tryAgainAfterCrash(
  { case: { state, subject, oracle }, sightings }: CarriedOut<CrashCase, undefined>,
  kept: ReadonlySet<number>,
): SecondTry | undefined {
  const [first] = sightings;
  if (first === undefined || state.how === 'in-recovery' || state.how === 'ended' || subject.history !== undefined) return undefined;
  const { trace, steps } = subject;
  const step = acknowledgedAt(trace, state.promisedAt);
  const saves = kept.has(step) ? savedAgain(steps[step], () => promisedOf(first)) : undefined;
  if (saves === undefined) return undefined;
  const { tree, timeOf } = first;
  return {
    leftovers: `${step}\n${leftoversOf(state.tree, trace)}`,
    sighting: () => ({
      tree,
      ...(timeOf && { timeOf }),
      looker: { who: 'a fresh process that tries again' },
      saves,
      judge: (found) => oracle(state.promisedAt, tree, found, saves),
    }),
  };
}
