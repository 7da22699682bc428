/**
 * Cells that fail without a case to show: nothing could be measured, or a known bug was not found.
 */
import { failsRun } from '../domain/grade.ts';
import { type Group, groupedBy } from '../domain/grouped.ts';
import type { CellResult } from '../domain/result.ts';
import { counted, printable } from '../domain/words.ts';
import { cellNames } from './cases.ts';
import type { Colors } from './colors.ts';
import { failureHeading } from './failure.ts';
import { wrapWords } from './lay-out.ts';

/** Cells that fail without a violation, or in which a known bug was not found: together those of one store that have the same to say. */
export function unprovenAlike(cells: readonly CellResult[]): Group<CellResult>[] {
  const unproven = cells.filter((cell) => failsRun(cell) && (cell.status === 'missed-bug' || cell.violations === 0));
  return [...groupedBy(unproven, ({ store, status, reason }) => `${store} ${status} ${reason}`).values()];
}

/** `cells` are of one store, and have the same to say. */
export function unprovenBlock(cells: Group<CellResult>, colors: Colors, columns = Number.POSITIVE_INFINITY): string {
  const [cell, ...others] = cells;
  const also = others.length === 0 ? [] : [`the same in ${cellNames(others)}`];
  const lines = [unprovenReason(cell), ...(cell.status === 'missed-bug' ? [EITHER] : []), ...also];
  const wrapped = lines.flatMap((line) => wrapWords(printable(line), columns - 2));
  return [...failureHeading(cell, cell.grade, colors, columns), ...wrapped.map((line) => `  ${line}`)].join('\n');
}

/** In one line: why nothing can be said of a cell, or which known bug was not found in it. */
export function unprovenReason({ status, reason, states }: CellResult): string {
  if (status !== 'missed-bug') return reason ?? 'not measured, and no reason was given';
  return `known bug missed: ${reason ?? `it was not found in ${counted(states, 'crash state')}`}`;
}

const EITHER = 'Either the harness has gone blind, or the bug is mended: then take it out of the knownBugs of the store.';
