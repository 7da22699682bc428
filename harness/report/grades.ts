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

/** `durable`, or with the worst that was found `lossy: empty`. */
export function gradeWords({ grade, outcomes }: Pick<CellResult, 'grade' | 'outcomes'>): string {
  const worst = worstLoss(outcomes);
  return worst === undefined ? grade : `${grade}: ${worst}`;
}
