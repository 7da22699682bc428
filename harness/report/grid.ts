/**
 * Many cells as a grid: one row per store and scenario, one column per file system or model.
 */
import { type Group, groupedBy } from '../domain/grouped.ts';
import type { CellResult } from '../domain/result.ts';
import { counted, withCommas } from '../domain/words.ts';
import { byModel } from './by-model.ts';
import { cellText, howToRead, paintCell } from './cell-text.ts';
import type { Colors } from './colors.ts';
import { longest, wrapWords } from './lay-out.ts';
import type { Grid } from './tables.ts';
import { triedOf } from './tried.ts';

const GAP = '  ';

/** One store, or columns that do not fit side by side, are a list by model. */
export function grid(table: Grid, columns: number, colors: Colors): string[] {
  const stores = [...groupedBy(table.cells, ({ store }) => store)];
  const rows = (stores.length > 1 && gridRows(table, stores, columns, colors)) || byModel(table.cells, columns, colors);
  return [...rows, ...wrapWords(howToRead(table.cells), columns).map(colors.dim)].map((line) => line.trimEnd());
}

type OfStore = readonly [store: string, cells: Group<CellResult>];

/** Undefined if they are wider than the window. */
function gridRows({ title, cells, columnOf }: Grid, stores: readonly OfStore[], columns: number, colors: Colors): string[] | undefined {
  const named = [...groupedBy(cells, columnOf)].map(([name, some]) => ({ name, width: longest([name, ...some.map(cellText)]) }));
  const labels = cells.map(({ scenario }) => scenario);
  const left = 2 + longest([...labels, othersLabel(new Set(labels).size)]);
  if (named.reduce((sum, { width }) => sum + GAP.length + width, left) > columns) return undefined;
  const titles = named.map(({ name, width }) => GAP + colors.dim(name.padEnd(width)));
  const ofStore = ([store, some]: OfStore): string[] => {
    const lines = rowsOf(some, named, columnOf).map(({ label, shown }) => {
      const texts = shown.map((cell, index) => {
        const width = named[index]?.width ?? 0;
        return GAP + (cell === undefined ? ' '.repeat(width) : paintCell(cell, cellText(cell).padEnd(width), colors));
      });
      return `  ${label.padEnd(left - 2)}${texts.join('')}`;
    });
    return [colors.bold(store), ...lines];
  };
  return [colors.bold(title), `${' '.repeat(left)}${titles.join('')}`, ...stores.flatMap(ofStore)];
}

interface Named {
  readonly name: string;
  readonly width: number;
}

interface GridRow {
  readonly label: string;
  /** The cell in each column; of the first scenario where several share the row. */
  readonly shown: readonly (CellResult | undefined)[];
}

/** As many scenarios as this that have the same to say share a row, named by its count. */
const ALIKE = 3;

const othersLabel = (count: number): string => `${count} others`;

/** The rows of one store. */
function rowsOf(cells: Group<CellResult>, columns: readonly Named[], columnOf: Grid['columnOf']): GridRow[] {
  const rows = [...groupedBy(cells, ({ scenario }) => scenario)].map(([label, some]) => ({
    label,
    shown: columns.map(({ name }) => some.find((cell) => columnOf(cell) === name)),
  }));
  const alike = groupedBy(rows, ({ shown }) => shown.map((cell) => (cell === undefined ? '' : cellText(cell))).join('\0'));
  const [most] = [...alike.values()].toSorted((one, other) => other.length - one.length);
  if (most === undefined || most.length < Math.min(ALIKE, Math.max(2, rows.length))) return rows;
  const [first, ...others] = most;
  const label = most.length === rows.length ? `all ${most.length}` : othersLabel(most.length);
  return rows.filter((row) => !others.includes(row)).map((row) => (row === first ? { ...row, label } : row));
}

/** `1,204 schedules`, `3,310 crashes in them`. */
export function scheduleWords(cells: readonly CellResult[]): string[] {
  const schedules = triedOf(cells, 'schedules');
  if (schedules.length === 0) return [];
  const sum = (of: (one: (typeof schedules)[number]) => number): number => schedules.reduce((total, one) => total + of(one), 0);
  const some = schedules.filter(({ reach }) => reach === 'sampled').length;
  return [
    counted(
      sum(({ tried }) => tried),
      'schedule',
    ),
    `${counted(
      sum(({ crashes, kills }) => crashes + kills),
      'crash',
      'crashes',
    )} in them`,
    ...(some === 0 ? [] : [`sampled in ${counted(some, 'cell')}`]),
  ];
}

/** `180 histories`; the cells of one store share theirs. */
export function historyWords(cells: readonly CellResult[]): string[] {
  const tried = cells.flatMap(({ histories }) => histories?.tried || []);
  if (tried.length === 0) return [];
  return [
    `${counted(
      tried.reduce((sum, one) => sum + one, 0),
      'history',
      'histories',
    )}`,
  ];
}

/** How many of the ways in which recovery can go were crashed in their turn. */
export function recoveryWords(cells: readonly CellResult[]): string[] {
  const recoveries = cells
    .flatMap(({ tried }) => (tried?.kind === 'kills' || tried?.kind === 'states' ? (tried.recoveries ?? []) : []))
    .flatMap((one) => [one, ...(one.deeper?.levels ?? [])]);
  if (recoveries.length === 0) return [];
  const sum = (of: (one: (typeof recoveries)[number]) => number): number => recoveries.reduce((total, one) => total + of(one), 0);
  const [crashed, ways, states] = [sum(({ crashed }) => crashed), sum((one) => one.of), sum((one) => one.states)];
  return [`${withCommas(crashed)} of ${counted(ways, 'recovery', 'recoveries')} crashed again, ${counted(states, 'state')} judged`];
}
