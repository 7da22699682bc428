/**
 * The report for a terminal: causes, then the picture, then what could not be shown and each missed bug, then the verdict.
 */
import { type Group, groupedBy } from '../domain/grouped.ts';
import type { CellResult, Result } from '../domain/result.ts';
import { counted, printable } from '../domain/words.ts';
import { causeSections, shownSection } from './causes.ts';
import { type Colors, toColors } from './colors.ts';
import { grid } from './grid.ts';
import { cutWords, joinWithin, wrapWords } from './lay-out.ts';
import type { Look } from './look.ts';
import { matrixTable } from './matrix-table.ts';
import { type Note, notesOf } from './notes.ts';
import { legendLines } from './picture.ts';
import { runWords, summaryWords, verdictLine } from './summary.ts';
import { tablesOf } from './tables.ts';
import { unprovenAlike, unprovenBlock } from './unproven.ts';

const NARROWEST = 40;
/** Where notes take more lines than this, those about the same cells are cut to one. */
const MOST_NOTE_LINES = 3;

export function terminalReport(result: Result, options: Look): string {
  const colors = toColors(options.colors);
  const columns = Math.max(NARROWEST, options.columns);
  const sections = [
    joinWithin(runWords(result), columns).map(colors.dim),
    ...causeSections(result, { columns, colors }),
    ...matrices(result, columns, colors),
    shownSection(result, { columns, colors }),
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
  const pictures = tables.pictures.map(({ title, cells }) =>
    matrixTable({ observed: result.observed, cells }, columns, colors, hasTitles ? title : undefined),
  );
  const grids = tables.grid === undefined ? [] : [grid(tables.grid, columns, colors)];
  const letters = legendLines(pictured, columns, colors);
  const isOne = pictures.length === 1 && new Set(pictured.map(({ store }) => store)).size === 1;
  return [...(isOne ? [[...pictures.flat(), ...letters]] : [...pictures, letters]), ...grids];
}

function unproven(cells: readonly CellResult[], columns: number, colors: Colors): string[][] {
  return unprovenAlike(cells).map((some) => [unprovenBlock(some, colors, columns)]);
}

function noteLines(result: Result, columns: number, colors: Colors): string[] {
  const notes = notesOf(result);
  if (notes.length === 0) return [];
  const whole = notes.flatMap((note) => wrapWords(printable(`${note.text} (${aboutWords(note.cells)})`), columns - 2));
  const brief = [...groupedBy(briefNotes(notes), ({ cells }) => cells.join()).values()];
  const areCut = whole.length > Math.max(MOST_NOTE_LINES, brief.length);
  const lines = areCut ? brief.map((some) => cutNotes(some, columns - 2)) : whole;
  return [colors.bold(areCut ? 'notes in brief (--reporter html has them in full)' : 'notes'), ...lines.map((line) => `  ${line}`)];
}

/** Several notes that begin alike as one: with that beginning, and the cells of all. */
function briefNotes(notes: readonly Note[]): Note[] {
  return [...groupedBy(notes, beginningOf).entries()].map(([text, some]) =>
    some.length === 1 ? some[0] : { text, cells: [...new Set(some.flatMap(({ cells }) => cells))] },
  );
}

/** What a note begins with, before it explains that. */
const beginningOf = ({ text }: Note): string => text.split(/: |; /, 1).join();

/** What several notes about the same cells begin with, or as much of one as there is room for. */
function cutNotes(notes: Group<Note>, width: number): string {
  const [{ text, cells }, ...others] = notes;
  const about = printable(` (${aboutWords(cells)})`);
  const begin = [...new Set(notes.map(beginningOf))].join('; ');
  return cutWords(printable(others.length === 0 ? text : begin), width - about.length) + about;
}

const aboutWords = ([first = '', ...others]: readonly string[]): string =>
  others.length === 0 ? first : counted(1 + others.length, 'cell');
