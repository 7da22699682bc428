/** The picture of crashes: one letter per boundary for the worst that a crash there leaves. */
import { OUTCOMES, type Outcome } from '../../domain/store.ts';
import { PICTURE } from '../../domain/result.ts';
import type { Letter } from '../model.ts';
import type { CrashVerdict } from './crash-state.ts';

/** A boundary that was not measured. */
export const DOUBT = '?';

/** The first crash at each boundary, with the worst outcome there. */
export function worstAtEach(verdicts: readonly CrashVerdict[]): ReadonlyMap<number, Outcome> {
  const at = new Map<number, Outcome[]>();
  for (const { case: { state }, outcome } of verdicts)
    if (state.how !== 'in-recovery') at.set(state.at.op, [...(at.get(state.at.op) ?? []), outcome]);
  return new Map([...at].map(([boundary, outcomes]) => [boundary, worstOf(outcomes) ?? 'original']));
}

/** A boundary without an outcome of its own shows that of the one before it. */
export function carriedOn(boundaries: number, worst: ReadonlyMap<number, Outcome>): Letter[] {
  let last = DOUBT;
  return Array.from({ length: boundaries }, (_, boundary) => {
    const outcome = worst.get(boundary);
    if (outcome !== undefined) last = PICTURE[outcome];
    return { letter: last, folded: outcome === undefined };
  });
}

/** Where a boundary may leave both values, the letter is the later value's. */
export function worstOf(outcomes: readonly Outcome[]): Outcome | undefined {
  return [...outcomes].sort((one, other) => OUTCOMES.indexOf(other) - OUTCOMES.indexOf(one))[0];
}

export function letterOf(outcomes: readonly Outcome[]): string {
  const worst = worstOf(outcomes);
  return worst === undefined ? DOUBT : PICTURE[worst];
}
