/** A cell in a few words, with a mark for what is not as claimed. */
import { failsRun } from '../domain/grade.ts';
import type { CellResult } from '../domain/result.ts';
import type { Colors } from './colors.ts';
import { gradeWords, paintGrade } from './grades.ts';

/** `durable`, `lossy: empty`; `! lossy: empty` where a claim is broken or a bug missed, `(lossy: empty)` where it is only shown. */
export function cellText(cell: CellResult): string {
  const words = gradeWords(cell);
  switch (cell.status) {
    case 'kept':
    case 'unbroken':
      return words;
    case 'known-bug':
      return `${words} *`;
    case 'shown':
      return `(${words})`;
    case 'broken':
    case 'missed-bug':
      return `! ${words}`;
    default:
      return cell.status satisfies never;
  }
}

export function paintCell(cell: CellResult, text: string, colors: Colors): string {
  if (failsRun(cell)) return colors.bold(colors.red(text));
  return cell.status === 'kept' ? paintGrade(cell.grade, text, colors) : colors.dim(paintGrade(cell.grade, text, colors));
}

/** What the marks mean that occur. */
export function howToRead(cells: readonly CellResult[]): string {
  const seen = new Set(cells.map(({ status }) => status));
  return [
    ...(seen.has('broken') ? ['! claim broken'] : []),
    ...(seen.has('missed-bug') ? ['! known bug missed'] : []),
    ...(seen.has('known-bug') ? ['* known bug, found'] : []),
    ...(seen.has('shown') ? ['( ) below the claim, which is only shown there'] : []),
  ].join(' · ');
}
