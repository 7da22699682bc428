/**
 * The matrix as a picture: one row per store and scenario, a letter per boundary.
 *
 * In a wide window the picture is a column, continued under itself. Where that column would be too narrow to show where things
 * happen, the picture goes below its row and takes the whole width.
 */
import { type Group, groupedBy } from '../domain/grouped.ts';
import { modelName } from '../domain/model-names.ts';
import type { CellResult } from '../domain/result.ts';
import { printable, withCommas } from '../domain/words.ts';
import type { Colors } from './colors.ts';
import { gradeName, paintGrade } from './grades.ts';
import { ofKind } from './kinds.ts';
import { longest, wrapWords } from './lay-out.ts';
import { lettersOf, pictureLines } from './picture.ts';

/** A picture column is no narrower than this, or than the longest picture. */
const NARROWEST_PICTURE = 30;

const PICTURE_TITLE = 'boundaries';

interface Run {
  readonly cells: readonly CellResult[];
  readonly observed: boolean;
}

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

/** A claim of what could not be judged is not broken. */
const statusName = ({ status, grade }: CellResult): string =>
  status === 'broken' && grade === 'inconclusive' ? 'not shown' : STATUS[status];

const GRADE: Column = {
  title: 'grade',
  text: gradeName,
  paint: (text, cell, colors) => paintGrade(cell.grade, text, colors),
  align: 'left',
};
const CLAIM: Column = { title: 'claim', text: statusName, paint: paintStatus, align: 'left' };
const KILLS = number('kills', ({ tried }) => (tried?.kind === 'kills' ? tried.kills : 0));
const FAULTS = number('faults', ({ tried }) => (tried?.kind === 'faults' ? tried.tried + tried.twice.tried : 0));
const STATES = number('states', (cell) => cell.states);
const FOLDED = number('folded', ({ tried }) => (tried?.kind === 'kills' ? tried.folded : 0));
const VIOLATIONS = number('violations', (cell) => cell.violations);

/** `title` stands over the labels; without one, the name of the only store does. */
export function matrixTable(result: Run, columns: number, colors: Colors, title?: string): string[] {
  const { cells } = result;
  const all = columnsOf(result);
  const sayings = (cell: CellResult): string =>
    [cell.store, lettersOf(cell), cell.folds, ...all.map(({ text }) => text(cell)), cell.reason].join('\0');
  const alike = [...groupedBy(cells, sayings).values()];
  const labels = labelsOf(alike);
  const heading = title ?? onlyStore(cells) ?? '';
  const left = Math.max(2 + longest([...labels.values()]), heading.length) + 2;
  const widest = longest([PICTURE_TITLE, ...cells.map(lettersOf)]);
  const wanted = Math.min(NARROWEST_PICTURE, widest);
  const verdicts = [all, all.filter((column) => column !== FOLDED), [GRADE, CLAIM, VIOLATIONS], [GRADE, CLAIM]].map(
    (shown) => new Verdicts(shown, cells),
  );
  const beside = verdicts.slice(0, 2).find((shown) => left + wanted + 2 + shown.width <= columns);
  const rows = beside === undefined ? rowsWithPictureBelow : rowsWithPictureBeside;
  const shown = beside ?? verdicts.find((shown) => left + shown.width <= columns) ?? new Verdicts([GRADE, CLAIM], cells);
  const firsts = alike.map(([first]) => first);
  return rows(firsts, { heading, labels, left, shown, columns, picture: Math.min(widest, columns - left - 2 - shown.width), colors });
}

/** All that there may be room for. */
function columnsOf({ cells, observed }: Run): Column[] {
  const isKills = cells.every(ofKind('kills'));
  const judged = cells.every(ofKind('faults')) ? FAULTS : isKills && !observed ? KILLS : STATES;
  return [GRADE, CLAIM, judged, ...(isKills ? [FOLDED] : []), VIOLATIONS];
}

interface Layout {
  readonly heading: string;
  readonly labels: ReadonlyMap<CellResult, string>;
  /** Width of margin and labels. */
  readonly left: number;
  readonly shown: Verdicts;
  readonly columns: number;
  /** Width of the picture, where it is a column. */
  readonly picture: number;
  readonly colors: Colors;
}

function rowsWithPictureBeside(cells: readonly CellResult[], { heading, labels, left, shown, picture, columns, colors }: Layout): string[] {
  return [
    `${colors.bold(heading.padEnd(left))}${colors.dim(`${PICTURE_TITLE.padEnd(picture)}  ${shown.titles()}`)}`,
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

function rowsWithPictureBelow(cells: readonly CellResult[], { heading, labels, left, shown, columns, colors }: Layout): string[] {
  return [
    `${colors.bold(heading.padEnd(left))}${colors.dim(shown.titles())}`,
    ...grouped(cells, colors, (cell) => [
      `  ${(labels.get(cell) ?? '').padEnd(left - 2)}${shown.row(cell, colors)}`,
      ...(lettersOf(cell) === '' ? [] : pictureLines(cell, columns - 4, colors).map((line) => `    ${line}`)),
      ...reasonLines(cell, 4, columns, colors),
    ]),
  ];
}

function grouped(cells: readonly CellResult[], colors: Colors, rows: (cell: CellResult) => string[]): string[] {
  const stores = [...groupedBy(cells, ({ store }) => store)];
  return stores.flatMap(([store, some], index) => [
    ...(index === 0 ? [] : ['']),
    ...(stores.length === 1 ? [] : [colors.bold(store)]),
    ...some.flatMap((cell) => rows(cell).map((line) => line.trimEnd())),
  ]);
}

/** A single store is named in the line of the titles. */
function onlyStore(cells: readonly CellResult[]): string | undefined {
  const stores = [...new Set(cells.map(({ store }) => store))];
  return stores.length === 1 ? stores[0] : undefined;
}

function reasonLines(cell: CellResult, indent: number, columns: number, colors: Colors): string[] {
  if (cell.grade !== 'inconclusive' || cell.reason === undefined) return [];
  return wrapWords(printable(cell.reason), Math.max(20, columns - indent)).map((line) => `${' '.repeat(indent)}${colors.yellow(line)}`);
}

/** The scenario; with the model where a result has several. A row that stands for several cells has the labels of all of them. */
function labelsOf(rows: readonly Group<CellResult>[]): ReadonlyMap<CellResult, string> {
  const models = new Set(rows.flat().map(modelName));
  const labelOf = (cell: CellResult): string => (models.size > 1 ? `${cell.scenario} ${modelName(cell)}` : cell.scenario);
  return new Map(
    rows.map((row) => [row[0], row.length > MOST_NAMED ? `${labelOf(row[0])} and ${row.length - 1} more` : row.map(labelOf).join(', ')]),
  );
}

/** A row names as many cells as this. */
const MOST_NAMED = 3;

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
