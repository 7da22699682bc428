/** Grades in order, and whether a cell keeps its claim. Pure. */
import type { Claim, Grade, KnownBug, Outcome } from './store.ts';

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

/** Why a claim is held where the profile alone would only show it: the store claims it there, `--model` names the profile, or `--strict`. */
export const HELD_BY = ['claim', 'name', 'strict'] as const;

export interface Held {
  readonly claim: Claim;
  /** What makes a broken claim fail the run; `nothing`: it is only shown. */
  readonly heldBy: 'profile' | (typeof HELD_BY)[number] | 'nothing';
}

export interface ExpectedBug {
  readonly bug: KnownBug;
  /** Whether it may stay hidden: real power cuts show what the kernel happened to do, and random histories what was drawn. */
  readonly mayHide: boolean;
}

export type CellStatus =
  | { readonly status: 'kept' | 'unbroken' | 'broken' | 'shown' | 'known-bug' }
  | { readonly status: 'missed-bug'; readonly reason: string };

/** Whether a cell fails the run: its claim is broken, or a bug that it is known to have was not found. */
export function failsRun({ status }: Pick<CellStatus, 'status'>): boolean {
  return status === 'broken' || status === 'missed-bug';
}

/**
 * Whether a cell is as its store says: it keeps the claim, or shows the bug that it is known to have. `proves`: whether so much was tried
 * that finding nothing says something.
 */
export function statusOf(
  grade: Grade,
  { claim, heldBy }: Held,
  outcomes: Iterable<Outcome>,
  known: ExpectedBug | undefined,
  proves: boolean,
): CellStatus {
  const breaks = isViolation(grade, claim);
  if (!breaks && !proves) return { status: 'unbroken' };
  if (known === undefined || (known.mayHide && !breaks)) {
    if (!breaks) return { status: 'kept' };
    return { status: heldBy === 'nothing' ? 'shown' : 'broken' };
  }
  const found = new Set(outcomes);
  const { grade: bad, outcomes: wanted = [] } = known.bug;
  if (grade !== bad) return { status: 'missed-bug', reason: `known to be ${bad} here, but found ${grade}` };
  if (wanted.length > 0 && !wanted.some((outcome) => found.has(outcome))) {
    return { status: 'missed-bug', reason: `known to end ${wanted.join(' or ')} here, but that was not found` };
  }
  return { status: 'known-bug' };
}
