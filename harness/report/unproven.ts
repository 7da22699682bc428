/**
 * Cells that fail without a case to show: nothing could be measured, or a known bug was not found.
 */
import type { CellResult } from '../domain/result.ts';
import { counted, printable } from '../domain/words.ts';
import { cellNames } from './cases.ts';
import type { Colors } from './colors.ts';
import { failureHeading } from './failure.ts';
import { wrapWords } from './lay-out.ts';

/** `cells` are of one store, and have the same to say; at least one. */
export function unprovenBlock(cells: readonly CellResult[], colors: Colors, columns = Number.POSITIVE_INFINITY): string {
  const [cell, ...others] = cells;
  if (cell === undefined) return '';
  const also = others.length === 0 ? [] : [`the same in ${cellNames(others)}`];
  const lines = [...(cell.status === 'missed-bug' ? missed(cell) : [cell.reason ?? 'not measured, and no reason was given']), ...also];
  const wrapped = lines.flatMap((line) => wrapWords(printable(line), columns - 2));
  return [...failureHeading(cell, cell.grade, colors, columns), ...wrapped.map((line) => `  ${line}`)].join('\n');
}

function missed(cell: CellResult): string[] {
  return [
    `known bug missed: ${cell.reason ?? `it was not found in ${counted(cell.states, 'crash state')}`}`,
    'Either the harness has gone blind, or the bug is mended: then take it out of the knownBugs of the store.',
  ];
}
