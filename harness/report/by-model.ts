/**
 * Many cells model by model: what was found, the worst first, and where. What was found alike under several profiles or in several
 * scenarios is said once.
 */
import { type Group, groupedBy } from '../domain/grouped.ts';
import type { CellResult } from '../domain/result.ts';
import { counted } from '../domain/words.ts';
import { among } from './among.ts';
import { cellText, paintCell } from './cell-text.ts';
import type { Colors } from './colors.ts';
import { longest, wrapWords } from './lay-out.ts';

const GAP = 2;
/** Where there is less room than this beside what was found, it is said below. */
const NARROWEST = 24;
/** As many scenarios or profiles as this are named, even where they are all that ran. */
const MOST_NAMED = 3;

/** The stores have headings where there are several. */
export function byModel(cells: readonly CellResult[], columns: number, colors: Colors): string[] {
  const stores = [...groupedBy(cells, ({ store }) => store)];
  const indent = stores.length === 1 ? 0 : 2;
  const left = indent + longest(cells.map(({ model }) => model)) + GAP;
  const middle = longest(cells.map(cellText)) + GAP;
  return stores.flatMap(([store, ofStore]) => [
    ...(stores.length === 1 ? [] : [colors.bold(store)]),
    ...[...groupedBy(ofStore, ({ model }) => model)].flatMap(([model, ofModel]) =>
      found(ofModel).flatMap((alike, row) => {
        const [first] = alike;
        const label = (row === 0 ? `${' '.repeat(indent)}${model}` : '').padEnd(left);
        const where = whereWords(alike, ofModel);
        if (columns - left - middle < NARROWEST) {
          const below = where.flatMap((text) => wrapWords(text, columns - left - GAP));
          return [`${label}${paintCell(first, cellText(first), colors)}`, ...below.map((line) => `${' '.repeat(left + GAP)}${line}`)];
        }
        const [beside = '', ...rest] = where.flatMap((text) => wrapWords(text, columns - left - middle));
        const verdict = paintCell(first, cellText(first).padEnd(middle), colors);
        return [`${label}${verdict}${beside}`, ...rest.map((line) => `${' '.repeat(left + middle)}${line}`)];
      }),
    ),
  ]);
}

const ORDER: readonly CellResult['status'][] = ['broken', 'missed-bug', 'known-bug', 'shown', 'unbroken', 'kept'];

/** The cells of a model that have the same to say together; what fails the run first, and what was kept last. */
function found(cells: Group<CellResult>): Group<CellResult>[] {
  const alike = [...groupedBy(cells, cellText).values()];
  return alike.toSorted(([one], [other]) => ORDER.indexOf(one.status) - ORDER.indexOf(other.status));
}

/** `all 5 profiles in all but reset`; a line for each set of scenarios. */
function whereWords(some: Group<CellResult>, ran: Group<CellResult>): string[] {
  const scenarios = names(ran.map(({ scenario }) => scenario));
  const profiles = names(ran.flatMap(({ profile }) => profile ?? []));
  const inScenarios = (cells: readonly CellResult[]): string =>
    among(names(cells.map(({ scenario }) => scenario)), scenarios, allWords(scenarios, 'scenario'));
  if (profiles.length === 0) return [inScenarios(some)];
  const ofProfiles = groupedBy(
    groupedBy(some, ({ profile = '' }) => profile),
    ([, cells]) => inScenarios(cells),
  );
  return [...ofProfiles].map(([where, those]) => {
    const on = those.map(([profile]) => profile);
    return `${among(on, profiles, allWords(profiles, 'profile'))} in ${where}`;
  });
}

const allWords = (ran: readonly string[], noun: string): string =>
  ran.length > MOST_NAMED ? `all ${counted(ran.length, noun)}` : ran.join(', ');

const names = (all: readonly string[]): string[] => [...new Set(all)];
