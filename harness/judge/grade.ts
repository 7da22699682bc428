/** Grades in order, and whether a cell keeps its claim. Pure. */
import type { Claim, Grade, KnownBug, Outcome } from '../store/define.ts';

/** From worst to best. Doubt outranks success, and a proven loss outranks doubt. */
const FROM_WORST = ['lossy', 'inconclusive', 'atomic', 'durable'] as const satisfies readonly Grade[];
const WORTH: Record<Claim, number> = { lossy: 0, atomic: 1, durable: 2 };

/** The worst of the grades; inconclusive if there are none, because nothing was judged. */
export function worstGrade(grades: Iterable<Grade>): Grade {
  const found = new Set(grades);
  return FROM_WORST.find((grade) => found.has(grade)) ?? 'inconclusive';
}

/** True if a case of this grade breaks the claim. A claim of `lossy` promises nothing. */
export function isViolation(grade: Grade, claim: Claim): boolean {
  if (claim === 'lossy') return false;
  return grade === 'inconclusive' || WORTH[grade] < WORTH[claim];
}

export type CellStatus = { readonly status: 'kept' | 'broken' | 'known-bug' } | { readonly status: 'missed-bug'; readonly reason: string };

/** Whether a cell is as its store says: it keeps the claim, or shows the bug that it is known to have. */
export function statusOf(grade: Grade, claim: Claim, outcomes: Iterable<Outcome>, known: KnownBug | undefined): CellStatus {
  if (known === undefined) return { status: isViolation(grade, claim) ? 'broken' : 'kept' };
  const found = new Set(outcomes);
  const wanted = known.outcomes ?? [];
  if (grade !== known.grade) return { status: 'missed-bug', reason: `known to be ${known.grade} here, but found ${grade}` };
  if (wanted.length > 0 && !wanted.some((outcome) => found.has(outcome))) {
    return { status: 'missed-bug', reason: `known to end ${wanted.join(' or ')} here, but that was not found` };
  }
  return { status: 'known-bug' };
}
