/**
 * A model that comes once per file system, as a grid: one row per store and scenario, one column per file system.
 */
import type { CellResult } from '../result.ts';
import { counted, withCommas } from '../words.ts';
import type { Colors } from './colors.ts';
import { gradeWords, paintGrade } from './grades.ts';
import { joinWithin, longest, wrapWords } from './lay-out.ts';

const GAP = '  ';

/** The lines of one model's cells; in a narrow window the columns continue below. */
export function grid(model: string, cells: readonly CellResult[], columns: number, colors: Colors): string[] {
  const stores = [...new Set(cells.map(({ store }) => store))];
  const profiles = [...new Set(cells.map(({ profile = '' }) => profile))];
  const label = 2 + longest(cells.map(({ scenario }) => scenario));
  const at = new Map(cells.map((cell) => [`${cell.store}/${cell.scenario}/${cell.profile}`, cell]));
  const widths = profiles.map((profile) => longest([profile, ...cells.filter((cell) => cell.profile === profile).map(gridText)]));
  const bands = bandsWithin(widths, columns - label);
  return [
    colors.bold(model),
    ...bands.flatMap((band) => [
      `${' '.repeat(label)}${band.map((index) => GAP + colors.dim((profiles[index] ?? '').padEnd(widths[index] ?? 0))).join('')}`.trimEnd(),
      ...stores.flatMap((store) => [
        colors.bold(store),
        ...[...new Set(cells.filter((cell) => cell.store === store).map(({ scenario }) => scenario))].map((scenario) => {
          const texts = band.map((index) => {
            const cell = at.get(`${store}/${scenario}/${profiles[index]}`);
            return GAP + (cell === undefined ? '' : paintCell(cell, gridText(cell).padEnd(widths[index] ?? 0), colors));
          });
          return `  ${scenario.padEnd(label - 2)}${texts.join('')}`.trimEnd();
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
  if (cell.status === 'broken' || cell.status === 'missed-bug') return colors.bold(colors.red(text));
  return cell.status === 'kept' ? paintGrade(cell.grade, text, colors) : colors.dim(paintGrade(cell.grade, text, colors));
}

function howToRead(cells: readonly CellResult[]): string {
  const seen = new Set(cells.map(({ status }) => status));
  return [
    ...(seen.has('broken') ? ['! claim broken'] : []),
    ...(seen.has('missed-bug') ? ['! known bug missed'] : []),
    ...(seen.has('known-bug') ? ['* known bug, found'] : []),
    ...(seen.has('shown') ? ['( ) below the claim, but the store is not held to it there'] : []),
  ].join(' · ');
}

/** How much was tried, in words. */
export function coverageWords(cells: readonly CellResult[]): string[] {
  const explored = cells.flatMap(({ explored }) =>
    explored === undefined ? [] : [explored.pages, ...(explored.sectors ? [explored.sectors] : [])],
  );
  const cuts = cells.reduce((sum, cell) => sum + (cell.cuts ?? 0), 0);
  const states = explored.reduce((sum, { states }) => sum + states, 0);
  const judged = cells.reduce((sum, cell) => sum + cell.states, 0);
  const sampled = cells.filter(isSampled).length;
  return [
    ...(explored.length === 0 ? [] : [`${withCommas(states)} states explored`]),
    ...(cuts === 0 ? [] : [`${counted(cuts, 'cut')}: what this kernel happened to write, where power-loss has what it may`]),
    `${withCommas(judged)} distinct ones judged`,
    ...(explored.length === 0
      ? []
      : [sampled === 0 ? 'all that there are' : `all that there are in ${cells.length - sampled} cells, sampled in ${sampled}`]),
    ...recoveryWords(cells),
  ];
}

/** How many of the ways in which recovery can go were crashed in their turn. */
export function recoveryWords(cells: readonly CellResult[]): string[] {
  const recoveries = cells.flatMap(({ recoveries }) => recoveries ?? []);
  if (recoveries.length === 0) return [];
  const sum = (of: (one: (typeof recoveries)[number]) => number): number => recoveries.reduce((total, one) => total + of(one), 0);
  const [crashed, ways, states] = [sum(({ crashed }) => crashed), sum((one) => one.of), sum((one) => one.states)];
  return [`${withCommas(crashed)} of ${counted(ways, 'way')} to recover crashed again in ${counted(states, 'state')}`];
}

export function isSampled({ explored }: CellResult): boolean {
  return explored !== undefined && (explored.pages.kind === 'sampled' || explored.sectors?.kind === 'sampled');
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
