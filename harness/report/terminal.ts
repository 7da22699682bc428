/**
 * The report for a terminal: causes, then the picture, then what could not be shown and each missed bug, then the verdict.
 */
import type { CellResult, Result } from '../domain/result.ts';
import { printable } from '../domain/words.ts';
import { causeSections } from './causes.ts';
import { type Colors, toColors } from './colors.ts';
import { grid } from './grid.ts';
import { joinWithin, wrapWords } from './lay-out.ts';
import type { Look } from './look.ts';
import { matrixTable } from './matrix-table.ts';
import { aboutCells, notesOf } from './notes.ts';
import { legend } from './picture.ts';
import { runWords, summaryWords, verdictLine } from './summary.ts';
import { tablesOf } from './tables.ts';
import { unprovenAlike, unprovenBlock } from './unproven.ts';

const NARROWEST = 40;

export function terminalReport(result: Result, options: Look): string {
  const colors = toColors(options.colors);
  const columns = Math.max(NARROWEST, options.columns);
  const sections = [
    joinWithin(runWords(result), columns).map(colors.dim),
    ...causeSections(result, { columns, colors }),
    ...matrices(result, columns, colors),
    noteLines(result, columns, colors),
    ...unproven(result.cells, columns, colors),
    [...joinWithin(summaryWords(result), columns), verdictLine(result, colors)],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function matrices(result: Result, columns: number, colors: Colors): string[][] {
  const tables = tablesOf(result.cells);
  const pictured = tables.pictures.flatMap(({ cells }) => cells);
  const hasTitles = tables.pictures.length > 1 || tables.grid !== undefined;
  const pictures = tables.pictures.map(({ title, cells }) => [
    ...(hasTitles ? [colors.bold(title)] : []),
    ...matrixTable({ observed: result.observed, cells }, columns, colors),
  ]);
  const grids = tables.grid === undefined ? [] : [grid(tables.grid, columns, colors)];
  return [...pictures, ...(pictured.length === 0 ? [] : [legend(pictured, colors, columns)]), ...grids];
}

function unproven(cells: readonly CellResult[], columns: number, colors: Colors): string[][] {
  return unprovenAlike(cells).map((some) => [unprovenBlock(some, colors, columns)]);
}

function noteLines(result: Result, columns: number, colors: Colors): string[] {
  const notes = notesOf(result).flatMap((note) => wrapWords(printable(`${note.text} (${aboutCells(note)})`), columns - 2));
  return notes.length === 0 ? [] : [colors.bold('notes'), ...notes.map((line) => `  ${line}`)];
}
