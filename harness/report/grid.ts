/**
 * Many cells as a grid: one row per store and scenario, one column per file system or model.
 */
import { failsRun } from '../domain/grade.ts';
import { type Group, groupedBy } from '../domain/grouped.ts';
import type { CellResult } from '../domain/result.ts';
import { counted, withCommas } from '../domain/words.ts';
import type { Colors } from './colors.ts';
import { gradeWords, paintGrade } from './grades.ts';
import { longest, wrapWords } from './lay-out.ts';
import type { Grid } from './tables.ts';
import { triedOf } from './tried.ts';

const GAP = '  ';

/** In a narrow window the columns continue below, with the rows that have something to say in them. */
export function grid({ title, cells, columnOf }: Grid, columns: number, colors: Colors): string[] {
  const names = [...groupedBy(cells, columnOf)].map(([name, some]) => ({ name, width: longest([name, ...some.map(gridText)]) }));
  const stores = [...groupedBy(cells, ({ store }) => store)];
  const only = stores.length === 1 ? stores[0]?.[0] : undefined;
  const labels = cells.map(({ scenario }) => scenario);
  const left = Math.max(2 + longest([...labels, othersLabel(new Set(labels).size)]), only?.length ?? 0);
  const bandLines = (band: readonly Named[]): string[] => {
    const titles = band.map(({ name, width }) => GAP + colors.dim(name.padEnd(width)));
    const ofStore = ([store, some]: (typeof stores)[number]): string[] => {
      const lines = rowsOf(some, band, columnOf).map(({ label, shown }) => {
        const texts = shown.map((cell, index) => {
          const width = band[index]?.width ?? 0;
          return GAP + (cell === undefined ? ' '.repeat(width) : paintCell(cell, gridText(cell).padEnd(width), colors));
        });
        return `  ${label.padEnd(left - 2)}${texts.join('')}`.trimEnd();
      });
      return only !== undefined || lines.length === 0 ? lines : [colors.bold(store), ...lines];
    };
    return [`${colors.bold((only ?? '').padEnd(left))}${titles.join('')}`.trimEnd(), ...stores.flatMap(ofStore)];
  };
  return [
    colors.bold(title),
    ...bandsWithin(names, columns - left).flatMap(bandLines),
    ...wrapWords(howToRead(cells), columns).map(colors.dim),
  ];
}

interface Named {
  readonly name: string;
  readonly width: number;
}

interface GridRow {
  readonly label: string;
  /** The cell in each column of the band; of the first scenario where several share the row. */
  readonly shown: readonly (CellResult | undefined)[];
}

/** As many scenarios as this that have the same to say share a row, named by its count. */
const ALIKE = 3;

const othersLabel = (count: number): string => `${count} others`;

/** The rows of one store in these columns. */
function rowsOf(cells: Group<CellResult>, band: readonly Named[], columnOf: Grid['columnOf']): GridRow[] {
  const rows = [...groupedBy(cells, ({ scenario }) => scenario)].map(([label, some]) => ({
    label,
    shown: band.map(({ name }) => some.find((cell) => columnOf(cell) === name)),
  }));
  const said = rows.filter(({ shown }) => shown.some((cell) => cell !== undefined));
  const alike = groupedBy(said, ({ shown }) => shown.map((cell) => (cell === undefined ? '' : gridText(cell))).join('\0'));
  const [most] = [...alike.values()].toSorted((one, other) => other.length - one.length);
  if (most === undefined || most.length < Math.min(ALIKE, Math.max(2, said.length))) return said;
  const [first, ...others] = most;
  const label = most.length === said.length ? `all ${most.length}` : othersLabel(most.length);
  return said.filter((row) => !others.includes(row)).map((row) => (row === first ? { ...row, label } : row));
}

/** `durable`, `lossy: empty`; `! lossy: empty` where a claim is broken or a bug missed, `(lossy: empty)` where it is only shown. */
function gridText(cell: CellResult): string {
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

function paintCell(cell: CellResult, text: string, colors: Colors): string {
  if (failsRun(cell)) return colors.bold(colors.red(text));
  return cell.status === 'kept' ? paintGrade(cell.grade, text, colors) : colors.dim(paintGrade(cell.grade, text, colors));
}

function howToRead(cells: readonly CellResult[]): string {
  const seen = new Set(cells.map(({ status }) => status));
  return [
    ...(seen.has('broken') ? ['! claim broken'] : []),
    ...(seen.has('missed-bug') ? ['! known bug missed'] : []),
    ...(seen.has('known-bug') ? ['* known bug, found'] : []),
    ...(seen.has('shown') ? ['( ) below the claim, which is only shown there'] : []),
  ].join(' · ');
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
  const recoveries = cells.flatMap(({ tried }) => (tried?.kind === 'kills' || tried?.kind === 'states' ? (tried.recoveries ?? []) : []));
  if (recoveries.length === 0) return [];
  const sum = (of: (one: (typeof recoveries)[number]) => number): number => recoveries.reduce((total, one) => total + of(one), 0);
  const [crashed, ways, states] = [sum(({ crashed }) => crashed), sum((one) => one.of), sum((one) => one.states)];
  return [`${withCommas(crashed)} of ${counted(ways, 'recovery', 'recoveries')} crashed again, ${counted(states, 'state')} judged`];
}

/** As many columns at a time as fit side by side, at least one. */
function bandsWithin(columns: readonly Named[], room: number): Named[][] {
  const bands: Named[][] = [];
  let left = 0;
  for (const column of columns) {
    const needed = column.width + GAP.length;
    const band = bands.at(-1);
    if (band !== undefined && needed <= left) {
      band.push(column);
      left -= needed;
    } else {
      bands.push([column]);
      left = room - needed;
    }
  }
  return bands;
}
