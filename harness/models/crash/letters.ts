/** The picture of crashes: one letter per boundary for the worst that a crash there leaves. */
import { OUTCOMES, type Outcome, worstOutcome } from '../../domain/outcomes.ts';
import type { Letter } from '../model.ts';
import type { CrashVerdict } from './crash-state.ts';

/** A boundary that was not measured. */
export const DOUBT = '?';

/** The first crash at each boundary, with the worst outcome there. */
export function worstAtEach(verdicts: readonly CrashVerdict[]): ReadonlyMap<number, Outcome> {
  const at = new Map<number, Outcome[]>();
  for (const {
    case: { state },
    outcome,
  } of verdicts)
    if (state.how !== 'in-recovery') at.set(state.at.op, [...(at.get(state.at.op) ?? []), outcome]);
  return new Map([...at].map(([boundary, outcomes]) => [boundary, worstOutcome(outcomes) ?? 'original']));
}

/** A boundary without an outcome of its own shows that of the one before it. */
export function carriedOn(boundaries: number, worst: ReadonlyMap<number, Outcome>): Letter[] {
  let last = DOUBT;
  return Array.from({ length: boundaries }, (_, boundary) => {
    const outcome = worst.get(boundary);
    if (outcome !== undefined) last = OUTCOMES[outcome].letter;
    return { letter: last, folded: outcome === undefined };
  });
}

export function letterOf(outcomes: readonly Outcome[]): string {
  const worst = worstOutcome(outcomes);
  return worst === undefined ? DOUBT : OUTCOMES[worst].letter;
}
