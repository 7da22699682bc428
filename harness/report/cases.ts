/**
 * Which cases belong to a cell, and the few of them that are worth a block of their own: the first of each outcome.
 */
import { type CaseResult, type CellResult, PICTURE, type Result } from '../result.ts';
import { OUTCOMES } from '../store/define.ts';
import { counted } from '../words.ts';

/** The violations of one cell that have the same outcome. */
export interface Failure {
  readonly cell: CellResult;
  /** The one that comes first in the run. */
  readonly first: CaseResult;
  /** Boundaries with this outcome, `first` included. */
  readonly boundaries: number;
  /** Unbroken stretches of such boundaries. */
  readonly stretches: number;
}

/** What a cell's case ids have before the `@`. */
export function cellId(cell: Pick<CellResult, 'store' | 'scenario' | 'model' | 'profile'>): string {
  return `${cell.store}/${cell.scenario}/${modelName(cell)}`;
}

/** `process-kill`, or with a profile `power-loss:xfs`. */
export function modelName(cell: Pick<CellResult, 'model' | 'profile'>): string {
  return cell.profile === undefined ? cell.model : `${cell.model}:${cell.profile}`;
}

/** The failures of each cell, in the order of the run. Cells without one have an empty list. */
export function failuresByCell(result: Result): ReadonlyMap<CellResult, readonly Failure[]> {
  const violations = new Map<string, CaseResult[]>();
  for (const one of result.cases) {
    if (!one.violation) continue;
    const cell = one.id.slice(0, one.id.indexOf('@'));
    const others = violations.get(cell);
    if (others === undefined) violations.set(cell, [one]);
    else others.push(one);
  }
  return new Map(result.cells.map((cell) => [cell, failuresOf(cell, violations.get(cellId(cell)) ?? [])]));
}

function failuresOf(cell: CellResult, violations: readonly CaseResult[]): Failure[] {
  const inOrder = [...violations].sort(byBoundary);
  return OUTCOMES.flatMap((outcome) => {
    const same = inOrder.filter((one) => one.outcome === outcome);
    const first = same[0];
    if (first === undefined) return [];
    const stretches = cell.picture.match(new RegExp(`${PICTURE[outcome]}+`, 'g')) ?? [];
    return [{ cell, first, boundaries: Math.max(same.length, stretches.join('').length), stretches: stretches.length }];
  }).sort((one, other) => byBoundary(one.first, other.first));
}

function byBoundary(one: CaseResult, other: CaseResult): number {
  const inside = (of: CaseResult): number => of.inside ?? Number.MAX_SAFE_INTEGER;
  return (one.after?.index ?? 0) - (other.after?.index ?? 0) || inside(one) - inside(other) || (one.id < other.id ? -1 : 1);
}

/** `8 more boundaries`, `58 more boundaries, in 5 stretches`; undefined if the first is the only one. */
export function moreOf(failure: Failure): string | undefined {
  if (failure.boundaries === 1) return undefined;
  const stretches = failure.stretches > 1 ? `, in ${failure.stretches} stretches` : '';
  return `${counted(failure.boundaries - 1, 'more boundary', 'more boundaries')}${stretches}`;
}
