/**
 * Many cells as a grid: one row per store and scenario, one column per file system or model.
 */
import { failsRun } from '../domain/grade.ts';
import type { CellResult } from '../domain/result.ts';
import { counted, withCommas } from '../domain/words.ts';
import type { Colors } from './colors.ts';
import { gradeWords, paintGrade } from './grades.ts';
import { joinWithin, longest, wrapWords } from './lay-out.ts';
import type { Table } from './tables.ts';
import { isSampled, triedOf } from './tried.ts';

const GAP = '  ';

/** In a narrow window the columns continue below. */
export function grid(
  { title, cells, columnOf }: Omit<Extract<Table, { kind: 'grid' }>, 'kind'>,
  columns: number,
  colors: Colors,
): string[] {
  const stores = [...new Set(cells.map(({ store }) => store))];
  const names = [...new Set(cells.map(columnOf))];
  const label = 2 + longest(cells.map(({ scenario }) => scenario));
  const at = new Map(cells.map((cell) => [`${cell.store}/${cell.scenario}/${columnOf(cell)}`, cell]));
  const widths = names.map((name) => longest([name, ...cells.filter((cell) => columnOf(cell) === name).map(gridText)]));
  const bands = bandsWithin(widths, columns - label);
  /** The scenarios of a store, each with its label; one for all where they have the same to say. */
  const rowsOf = (store: string): (readonly [scenario: string, label: string])[] => {
    const scenarios = [...new Set(cells.filter((cell) => cell.store === store).map(({ scenario }) => scenario))];
    const texts = scenarios.map((scenario) =>
      names.map((name) => at.get(`${store}/${scenario}/${name}`)).map((cell) => (cell === undefined ? '' : gridText(cell))),
    );
    const [first] = scenarios;
    const areAlike = scenarios.length > 1 && new Set(texts.map((row) => row.join('\0'))).size === 1;
    if (areAlike && first !== undefined) return [[first, `all ${scenarios.length}`]];
    return scenarios.map((scenario) => [scenario, scenario]);
  };
  return [
    colors.bold(title),
    ...bands.flatMap((band) => [
      `${' '.repeat(label)}${band.map((index) => GAP + colors.dim((names[index] ?? '').padEnd(widths[index] ?? 0))).join('')}`.trimEnd(),
      ...stores.flatMap((store) => [
        colors.bold(store),
        ...rowsOf(store).map(([scenario, row]) => {
          const texts = band.map((index) => {
            const cell = at.get(`${store}/${scenario}/${names[index]}`);
            return GAP + (cell === undefined ? '' : paintCell(cell, gridText(cell).padEnd(widths[index] ?? 0), colors));
          });
          return `  ${row.padEnd(label - 2)}${texts.join('')}`.trimEnd();
        }),
      ]),
    ]),
    ...wrapWords(howToRead(cells), columns).map(colors.dim),
    ...joinWithin(coverageWords(cells), columns).map(colors.dim),
  ];
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

/**
 * How much was tried, in words.
 * @internal
 */
export function coverageWords(cells: readonly CellResult[]): string[] {
  const explored = triedOf(cells, 'states').flatMap(({ explored: { pages, sectors } }) => [pages, ...(sectors ? [sectors] : [])]);
  const cuts = triedOf(cells, 'cuts').reduce((sum, one) => sum + one.cuts, 0);
  const states = explored.reduce((sum, { states }) => sum + states, 0);
  const judged = cells.reduce((sum, cell) => sum + cell.states, 0);
  const sampled = cells.filter(isSampled).length;
  return [
    ...scheduleWords(cells),
    ...historyWords(cells),
    ...(explored.length === 0 ? [] : [`${withCommas(states)} states explored`]),
    ...(cuts === 0 ? [] : [`${counted(cuts, 'cut')}: what this kernel happened to write, where power-loss has what it may`]),
    `${withCommas(judged)} distinct ones judged`,
    ...(explored.length === 0
      ? []
      : [sampled === 0 ? 'all that there are' : `all that there are in ${cells.length - sampled} cells, sampled in ${sampled}`]),
    ...recoveryWords(cells),
  ];
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
function bandsWithin(widths: readonly number[], room: number): number[][] {
  const bands: number[][] = [];
  let left = 0;
  for (const [index, width] of widths.entries()) {
    const needed = width + GAP.length;
    const band = bands.at(-1);
    if (band !== undefined && needed <= left) {
      band.push(index);
      left -= needed;
    } else {
      bands.push([index]);
      left = room - needed;
    }
  }
  return bands;
}
