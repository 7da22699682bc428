/**
 * The report for a terminal. What matters most comes last, where a CI log ends: first the picture, then known bugs in brief,
 * then each broken claim and each missed bug with everything, then the verdict.
 */
import { failsRun } from '../domain/grade.ts';
import type { CellResult, Result } from '../domain/result.ts';
import { printable } from '../domain/words.ts';
import { type Failure, failuresAlike, failuresByCell, moreOf } from './cases.ts';
import { type Colors, toColors } from './colors.ts';
import { failureBlock } from './failure.ts';
import { grid } from './grid.ts';
import { knownBugLines } from './known-bugs.ts';
import { joinWithin, wrapWords } from './lay-out.ts';
import type { Look } from './look.ts';
import { matrixTable } from './matrix-table.ts';
import { aboutCells, notesOf } from './notes.ts';
import { legend } from './picture.ts';
import { runWords, summaryWords, verdictLine } from './summary.ts';
import { tablesOf } from './tables.ts';
import { unprovenBlock } from './unproven.ts';

const NARROWEST = 40;

export function terminalReport(result: Result, options: Look): string {
  const colors = toColors(options.colors);
  const columns = Math.max(NARROWEST, options.columns);
  const failures = failuresByCell(result);
  const known = knownBugLines(failures, columns, colors);
  const sections = [
    joinWithin(runWords(result), columns).map(colors.dim),
    ...matrices(result, columns, colors),
    noteLines(result, columns, colors),
    known.length === 0 ? [] : [colors.bold('known bugs, found as expected'), ...known],
    ...blocks(failures, columns, colors),
    [...joinWithin(summaryWords(result), columns), verdictLine(result, colors)],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function matrices(result: Result, columns: number, colors: Colors): string[][] {
  const tables = tablesOf(result.cells);
  const pictured = tables.flatMap(({ kind, cells }) => (kind === 'pictures' ? [...cells] : []));
  const pictures = tables.flatMap(({ kind, title, cells }) => {
    if (kind !== 'pictures') return [];
    const heading = tables.length > 1 ? [colors.bold(title)] : [];
    return [[...heading, ...matrixTable({ ...result, cells: [...cells] }, columns, colors)]];
  });
  const grids = tables.flatMap((table) => (table.kind === 'grid' ? [grid(table, columns, colors)] : []));
  return [...pictures, ...(pictured.length === 0 ? [] : [legend(pictured, colors, columns)]), ...grids];
}

function blocks(failures: ReadonlyMap<CellResult, readonly Failure[]>, columns: number, colors: Colors): string[][] {
  const wrong = [...failures].filter(([cell]) => failsRun(cell));
  const alike = failuresAlike(wrong.flatMap(([, ofCell]) => ofCell));
  const unproven = new Map<string, CellResult[]>();
  const shown = wrong.flatMap(([cell, ofCell]) => {
    if (ofCell.length === 0 || cell.status === 'missed-bug') {
      const key = `${cell.store} ${cell.status} ${cell.reason}`;
      unproven.set(key, [...(unproven.get(key) ?? []), cell]);
    }
    return ofCell.flatMap((failure) => {
      const others = alike.get(failure);
      return others === undefined ? [] : [[failureBlock(cell, failure.first, colors, { columns, more: moreOf(failure, others) })]];
    });
  });
  return [...shown, ...[...unproven.values()].map((cells) => [unprovenBlock(cells, colors, columns)])];
}

function noteLines(result: Result, columns: number, colors: Colors): string[] {
  const notes = notesOf(result).flatMap((note) => wrapWords(printable(`${note.text} (${aboutCells(note)})`), columns - 2));
  return notes.length === 0 ? [] : [colors.bold('notes'), ...notes.map((line) => `  ${line}`)];
}
