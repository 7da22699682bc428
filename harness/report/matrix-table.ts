/**
 * The matrix as a picture: one row per store and scenario, a letter per boundary.
 *
 * In a wide window the picture is a column, continued under itself. Where that column would be too narrow to show where things
 * happen, the picture goes below its row and takes the whole width.
 */
import { modelName } from '../domain/model-names.ts';
import type { CellResult, Result } from '../domain/result.ts';
import { printable, withCommas } from '../domain/words.ts';
import type { Colors } from './colors.ts';
import { gradeName, paintGrade } from './grades.ts';
import { ofKind } from './kinds.ts';
import { longest, wrapWords } from './lay-out.ts';
import { lettersOf, pictureLines } from './picture.ts';

/** A picture column is no narrower than this, or than the longest picture. */
const NARROWEST_PICTURE = 30;

const PICTURE_TITLE = 'boundaries';

interface Column {
  readonly title: string;
  readonly text: (cell: CellResult) => string;
  readonly paint: (text: string, cell: CellResult, colors: Colors) => string;
  readonly align: 'left' | 'right';
}

const STATUS: { readonly [status in CellResult['status']]: string } = {
  kept: 'kept',
  unbroken: 'not proven',
  broken: 'BROKEN',
  shown: 'only shown',
  'known-bug': 'known bug',
  'missed-bug': 'BUG MISSED',
};

const GRADE: Column = {
  title: 'grade',
  text: gradeName,
  paint: (text, cell, colors) => paintGrade(cell.grade, text, colors),
  align: 'left',
};
const CLAIM: Column = { title: 'claim', text: (cell) => STATUS[cell.status], paint: paintStatus, align: 'left' };
const KILLS = number('kills', ({ tried }) => (tried?.kind === 'kills' ? tried.kills : 0));
const FAULTS = number('faults', ({ tried }) => (tried?.kind === 'faults' ? tried.tried + tried.twice.tried : 0));
const STATES = number('states', (cell) => cell.states);
const FOLDED = number('folded', ({ tried }) => (tried?.kind === 'kills' ? tried.folded : 0));
const VIOLATIONS = number('violations', (cell) => cell.violations);

export function matrixTable(result: Result, columns: number, colors: Colors): string[] {
  const { cells } = result;
  const labels = labelsOf(cells);
  const left = 2 + longest([...labels.values()]) + 2;
  const isKills = cells.every(ofKind('kills'));
  const isFaults = cells.every(ofKind('faults'));
  const judged = isFaults ? [FAULTS] : isKills && !result.observed ? [KILLS] : [STATES];
  const folded = isKills ? [FOLDED] : [];
  const widest = longest([PICTURE_TITLE, ...cells.map(lettersOf)]);
  const wanted = Math.min(NARROWEST_PICTURE, widest);
  const verdicts = [
    [GRADE, CLAIM, ...judged, ...folded, VIOLATIONS],
    [GRADE, CLAIM, ...judged, VIOLATIONS],
    [GRADE, CLAIM, VIOLATIONS],
    [GRADE, CLAIM],
  ].map((shown) => new Verdicts(shown, cells));
  const beside = verdicts.slice(0, 2).find((shown) => left + wanted + 2 + shown.width <= columns);
  const rows = beside === undefined ? rowsWithPictureBelow : rowsWithPictureBeside;
  const shown = beside ?? verdicts.find((shown) => left + shown.width <= columns) ?? new Verdicts([GRADE, CLAIM], cells);
  return rows(cells, { labels, left, shown, columns, picture: Math.min(widest, columns - left - 2 - shown.width), colors });
}

interface Layout {
  readonly labels: ReadonlyMap<CellResult, string>;
  /** Width of margin and labels. */
  readonly left: number;
  readonly shown: Verdicts;
  readonly columns: number;
  /** Width of the picture, where it is a column. */
  readonly picture: number;
  readonly colors: Colors;
}

function rowsWithPictureBeside(cells: readonly CellResult[], { labels, left, shown, picture, columns, colors }: Layout): string[] {
  const heading = `${''.padEnd(left)}${PICTURE_TITLE.padEnd(picture)}  ${shown.titles()}`;
  return [
    colors.dim(heading),
    ...grouped(cells, colors, (cell) => {
      const [first = '', ...rest] = pictureLines(cell, picture, colors);
      const gap = ' '.repeat(Math.max(0, picture - lettersOf(cell).length));
      return [
        `  ${(labels.get(cell) ?? '').padEnd(left - 2)}${first}${gap}  ${shown.row(cell, colors)}`,
        ...rest.map((line) => `${' '.repeat(left)}${line}`),
        ...reasonLines(cell, left, columns, colors),
      ];
    }),
  ];
}

function rowsWithPictureBelow(cells: readonly CellResult[], { labels, left, shown, columns, colors }: Layout): string[] {
  return [
    colors.dim(`${''.padEnd(left)}${shown.titles()}`),
    ...grouped(cells, colors, (cell) => [
      `  ${(labels.get(cell) ?? '').padEnd(left - 2)}${shown.row(cell, colors)}`,
      ...pictureLines(cell, columns - 4, colors).map((line) => `    ${line}`),
      ...reasonLines(cell, 4, columns, colors),
    ]),
  ];
}

function grouped(cells: readonly CellResult[], colors: Colors, rows: (cell: CellResult) => string[]): string[] {
  const stores = [...new Set(cells.map((cell) => cell.store))];
  return stores.flatMap((store, index) => [
    ...(index === 0 ? [] : ['']),
    colors.bold(store),
    ...cells.filter((cell) => cell.store === store).flatMap((cell) => rows(cell).map((line) => line.trimEnd())),
  ]);
}

function reasonLines(cell: CellResult, indent: number, columns: number, colors: Colors): string[] {
  if (cell.grade !== 'inconclusive' || cell.reason === undefined) return [];
  return wrapWords(printable(cell.reason), Math.max(20, columns - indent)).map((line) => `${' '.repeat(indent)}${colors.yellow(line)}`);
}

/** The scenario; with the model where a result has several. */
function labelsOf(cells: readonly CellResult[]): ReadonlyMap<CellResult, string> {
  const models = new Set(cells.map(modelName));
  return new Map(cells.map((cell) => [cell, models.size > 1 ? `${cell.scenario} ${modelName(cell)}` : cell.scenario]));
}

/** The columns right of the label: as wide as their widest text. */
class Verdicts {
  readonly width: number;
  readonly #columns: readonly (readonly [Column, number])[];

  constructor(columns: readonly Column[], cells: readonly CellResult[]) {
    this.#columns = columns.map((column) => [column, longest([column.title, ...cells.map(column.text)])]);
    this.width = this.#columns.reduce((sum, [, width]) => sum + width, 2 * (columns.length - 1));
  }

  titles(): string {
    return this.#columns.map(([column, width]) => pad(column.title, width, column.align)).join('  ');
  }

  row(cell: CellResult, colors: Colors): string {
    return this.#columns.map(([column, width]) => column.paint(pad(column.text(cell), width, column.align), cell, colors)).join('  ');
  }
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  return align === 'left' ? text.padEnd(width) : text.padStart(width);
}

function number(title: string, value: (cell: CellResult) => number): Column {
  const paint = (text: string, cell: CellResult, colors: Colors): string => (value(cell) === 0 ? colors.dim(text) : text);
  return { title, text: (cell) => withCommas(value(cell)), paint, align: 'right' };
}

function paintStatus(text: string, cell: CellResult, colors: Colors): string {
  switch (cell.status) {
    case 'kept':
      return colors.green(text);
    case 'known-bug':
    case 'shown':
    case 'unbroken':
      return colors.dim(text);
    case 'broken':
    case 'missed-bug':
      return colors.bold(colors.red(text));
    default:
      return cell.status satisfies never;
  }
}
