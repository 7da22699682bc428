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

/** `durable`, or with the worst that was found `lossy: empty`; `no loss found` where too little was tried to say that there is none. */
export function gradeWords({
  grade,
  outcomes,
  status,
}: Pick<CellResult, 'grade' | 'outcomes'> & { readonly status?: CellResult['status'] }): string {
  const worst = worstLoss(outcomes);
  if (worst !== undefined) return `${grade}: ${worst}`;
  return status === 'unbroken' ? NO_LOSS_FOUND : grade;
}

/** What can be said of a cell in which little was tried. */
export const NO_LOSS_FOUND = 'no loss found';
