/**
 * Which cases belong to a cell, and the few of them that are worth a block of their own: the first of each outcome.
 */
import { cellName, cellNameIn } from '../domain/case-id.ts';
import { groupedBy } from '../domain/grouped.ts';
import { modelName } from '../domain/model-names.ts';
import { OUTCOME_NAMES, OUTCOMES, type Outcome } from '../domain/outcomes.ts';
import type { CaseResult, CellResult, Result } from '../domain/result.ts';
import { counted } from '../domain/words.ts';
import { manyLike } from './moment.ts';

/** The violations of one cell that have the same outcome. */
export interface Failure {
  readonly cell: CellResult;
  /** The one that is explained, else the one that comes first in the run. */
  readonly first: CaseResult;
  /** Boundaries with this outcome, `first` included. */
  readonly boundaries: number;
  /** Unbroken stretches of such boundaries. */
  readonly stretches: number;
}

/** The failures of each cell, in the order of the run. Cells without one have an empty list. */
export function failuresByCell(result: Result): ReadonlyMap<CellResult, readonly Failure[]> {
  const violations = groupedBy(
    result.cases.filter(({ violation }) => violation),
    ({ id }) => cellNameIn(id),
  );
  return new Map(result.cells.map((cell) => [cell, failuresOf(cell, violations.get(cellName(cell)) ?? [])]));
}

function failuresOf(cell: CellResult, violations: readonly CaseResult[]): Failure[] {
  const inOrder = [...violations].sort(byBoundary);
  return OUTCOME_NAMES.flatMap((outcome) => {
    const same = inOrder.filter((one) => one.outcome === outcome);
    const first = same.find(({ landed, missingBarrier }) => (landed ?? missingBarrier) !== undefined) ?? same[0];
    if (first === undefined) return [];
    return [{ cell, first, ...extentOf(cell, outcome, same.length) }];
  }).sort((one, other) => byBoundary(one.first, other.first));
}

/** Where in a cell an outcome shows: of what has boundaries as its picture has it. */
function extentOf({ tried, outcomes, picture }: CellResult, outcome: Outcome, cases: number): Pick<Failure, 'boundaries' | 'stretches'> {
  switch (tried?.kind) {
    case 'schedules':
      return { boundaries: outcomes[outcome] ?? cases, stretches: 1 };
    case 'faults':
    case 'starts':
      return { boundaries: cases, stretches: 1 };
    case 'kills':
    case 'quits':
    case 'states':
    case 'cuts':
    case undefined: {
      const stretches = picture.match(new RegExp(`${OUTCOMES[outcome].letter}+`, 'g')) ?? [];
      return { boundaries: Math.max(cases, stretches.join('').length), stretches: stretches.length };
    }
    default:
      return tried satisfies never;
  }
}

/**
 * Ranks the cases of one failure for the report: 0 is shown first. A case with one fault ranks before one with two. A schedule without a crash
 * ranks before one with a crash, and one that a load shows ranks first.
 */
function rankOf({ id, fault, schedule, end, found }: CaseResult): number {
  if (fault !== undefined) return id.includes('~then=') ? 1 : 0;
  if (schedule === undefined) return 0;
  return (end ? 0 : 2) + (found.includes(' in the load of ') ? 0 : 1);
}

function byBoundary(one: CaseResult, other: CaseResult): number {
  const inside = (of: CaseResult): number => of.inside ?? Number.MAX_SAFE_INTEGER;
  return (
    rankOf(one) - rankOf(other) ||
    (one.after?.index ?? 0) - (other.after?.index ?? 0) ||
    inside(one) - inside(other) ||
    (one.id < other.id ? -1 : 1)
  );
}

/**
 * Which failures are worth a block of their own, each with the cells in which it shows as well: under power loss, one line of
 * source fails on several file systems and in many scenarios. The others have no entry.
 */
export function failuresAlike(failures: readonly Failure[]): ReadonlyMap<Failure, readonly CellResult[]> {
  const firsts = new Map<string, Failure>();
  const alike = new Map<Failure, CellResult[]>();
  for (const failure of failures) {
    const { cell, first } = failure;
    const key = `${first.outcome} ${whatOf(cell, first)}`;
    const known = firsts.get(key);
    if (known === undefined) {
      firsts.set(key, failure);
      alike.set(failure, []);
    } else alike.get(known)?.push(cell);
  }
  return alike;
}

/**
 * What failures are alike by. One line of source shows on many file systems and in many scenarios, and one history on many file systems; a
 * kill's window is reported where it is, and an order of ops has no one line.
 */
function whatOf(cell: CellResult, first: CaseResult): string {
  const { store, model, tried, histories } = cell;
  switch (tried?.kind) {
    case 'schedules':
      return cellName(cell);
    case 'quits':
      return cellName(cell);
    case 'kills':
      return histories === undefined ? cellName(cell) : ofHistory();
    case 'states':
    case 'cuts':
    case 'faults':
    case 'starts':
    case undefined:
      return histories === undefined ? [store, model, placeOf(first), causeOf(first)].join() : ofHistory();
    default:
      return tried satisfies never;
  }

  function ofHistory(): string {
    return [store, model, ...(first.history ?? [])].join();
  }
}

/** The line of source that failures are alike by: where the op is that landed too early, or the last one before the crash. */
function placeOf({ after, site }: CaseResult): string {
  return site === undefined ? (after?.text ?? '') : `${site.file}:${site.line}`;
}

/** What was lost and what would mend it, without the numbers that differ from scenario to scenario. */
function causeOf({ lost, missingBarrier = '', again, further = [] }: CaseResult): string {
  const ops = [...lost, missingBarrier, ...[again ?? [], further].flat().flatMap((later) => later.lost)].map((text) =>
    text.replaceAll(/ \d+\.\.\d+/g, '').replaceAll(/\d+/g, 'N'),
  );
  return [again === undefined ? 'once' : 'twice', ...further.map(() => 'again'), ...new Set(ops)].join();
}

/** Cells that are named; of more, the number is reported. */
const MOST_CELLS_NAMED = 6;

/** `replace/power-loss:xfs, reset/power-loss:xfs, 3 more cells` */
export function cellNames(cells: readonly CellResult[]): string {
  const named = cells.slice(0, MOST_CELLS_NAMED).map((cell) => `${cell.scenario}/${modelName(cell)}`);
  const rest = cells.length > named.length ? [counted(cells.length - named.length, 'more cell')] : [];
  return [...named, ...rest].join(', ');
}

/** `8 more boundaries`, `58 more boundaries, in 5 stretches; replace/power-loss:xfs`; undefined if the first is the only one. */
export function moreOf(failure: Failure, others: readonly CellResult[] = []): string | undefined {
  const stretches = failure.stretches > 1 ? `, in ${failure.stretches} stretches` : '';
  const boundaries = failure.boundaries === 1 ? [] : [`${manyLike(failure.boundaries - 1, failure.first)}${stretches}`];
  const cells = others.length === 0 ? [] : [cellNames(others)];
  return boundaries.length + cells.length === 0 ? undefined : [...boundaries, ...cells].join('; ');
}
