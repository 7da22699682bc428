import type { CellResult } from '../domain/result.ts';
import type { Grade } from '../domain/store.ts';
import type { Colors } from './colors.ts';
import { worstLoss } from './outcomes.ts';

export function paintGrade(grade: Grade, text: string, colors: Colors): string {
  switch (grade) {
    case 'durable':
      return colors.green(text);
    case 'atomic':
    case 'inconclusive':
      return colors.yellow(text);
    case 'lossy':
      return colors.red(text);
    default:
      return grade satisfies never;
  }
}

type Graded = Pick<CellResult, 'grade' | 'outcomes'> & { readonly status?: CellResult['status'] };

/** `durable`; `no loss found` where nothing was found by an effort that proves nothing. */
export function gradeName({ grade, outcomes, status }: Graded): string {
  return status === 'unbroken' && worstLoss(outcomes) === undefined ? 'no loss found' : grade;
}

/** `durable`, or with the worst that was found `lossy: empty`. */
export function gradeWords(cell: Graded): string {
  const worst = worstLoss(cell.outcomes);
  return worst === undefined ? gradeName(cell) : `${cell.grade}: ${worst}`;
}

/** What can be said of a run that fails nothing by an effort that proves nothing. */
export function nothingFound(cells: readonly CellResult[]): string {
  return cells.some(({ outcomes }) => worstLoss(outcomes) !== undefined) ? 'no unexpected loss found' : 'no loss found';
}
