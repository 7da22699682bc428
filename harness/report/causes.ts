/**
 * What one change each would mend, as every report opens: causes that break a claim with everything, others in brief.
 */
import { cellName, cellNameIn } from '../domain/case-id.ts';
import { groupedBy } from '../domain/grouped.ts';
import type { CaseResult, Cause, CellResult, Result } from '../domain/result.ts';
import { counted, printable } from '../domain/words.ts';
import { among } from './among.ts';
import type { Colors } from './colors.ts';
import { failureRows, layOutRows, type Row } from './failure.ts';
import { wrapWords } from './lay-out.ts';
import { paintOutcome } from './outcomes.ts';

interface Reported {
  readonly cause: Cause;
  readonly cell: CellResult;
  readonly plainest: CaseResult;
}

/** Causes by which no claim falls, a line each: `--strict` reports them as it reports the others. */
export function shownSection({ cells, causes }: Pick<Result, 'cells' | 'causes'>, { columns, colors }: CausesLook): string[] {
  const shown = causes.filter(({ status }) => status === 'shown');
  if (shown.length === 0) return [];
  const isOnly = new Set(cells.map(({ store }) => store)).size === 1;
  const lines = shown.flatMap((cause) => wrapWords(printable(isOnly ? cause.says : saysOf(cause)), columns - 4));
  const heading = `only shown, no claim falls by them (in full with --strict): ${causesWords(shown)}`;
  return [...wrapWords(heading, columns).map(colors.bold), ...lines.map((line) => `  ${line}`)];
}

/** What of a result causes are reported from. */
type Reportable = Pick<Result, 'cells' | 'cases' | 'causes' | 'baseline'>;

interface CausesLook {
  readonly columns: number;
  readonly colors: Colors;
}

export function causeSections(result: Reportable, look: CausesLook): string[][] {
  const cells = new Map(result.cells.map((cell) => [cellName(cell), cell]));
  const cases = new Map(result.cases.map((one) => [one.id, one]));
  const reported = result.causes.flatMap((cause): Reported[] => {
    const plainest = cases.get(cause.shortest);
    const cell = cells.get(cellNameIn(cause.shortest));
    return plainest === undefined || cell === undefined ? [] : [{ cause, cell, plainest }];
  });
  const of = (status: Cause['status']): Reported[] => reported.filter(({ cause }) => cause.status === status);
  const [broken, known] = [of('broken'), of('known')];
  const { colors } = look;
  return [
    ...baselineLines(result, look),
    ...broken.map((one, index) => [
      ...(index === 0 ? [colors.bold(colors.red(causesWords(broken.map(({ cause }) => cause))))] : []),
      ...block(one, index + 1, result.cells, look),
    ]),
    ...brief(result.baseline === undefined ? 'known bugs, found as expected' : 'known', known, look),
  ];
}

/** What the baseline has that nobody found. */
function baselineLines({ baseline }: Reportable, { columns, colors }: CausesLook): string[][] {
  if (baseline === undefined || baseline.mended.length === 0) return [];
  const heading = `mended, and still in ${baseline.file}: --update-baseline takes ${baseline.mended.length === 1 ? 'it' : 'them'} out`;
  return [[colors.bold(colors.red(heading)), ...baseline.mended.flatMap(({ says }) => wrapWords(printable(`  ${says}`), columns))]];
}

/** `1 cause, 42 cells` */
export function causesWords(causes: readonly Cause[]): string {
  const cells = new Set(causes.flatMap((cause) => cause.cells));
  return `${counted(causes.length, 'cause')}, ${counted(cells.size, 'cell')}`;
}

function block(
  { cause, cell, plainest }: Reported,
  number: number,
  cells: readonly CellResult[],
  { columns, colors }: CausesLook,
): string[] {
  const { beyond, mend, site, outcomes } = cause;
  const [first = '', ...rest] = wrapWords(printable(`${number}  ${saysOf(cause)}`), columns);
  const rows: Row[] = [
    ...(site?.source === undefined ? [] : [{ label: 'source', items: [[{ text: site.source }]], most: MOST_SOURCE_LINES }]),
    { label: 'leaves', items: [outcomes.map((outcome) => ({ text: outcome, paint: (text) => paintOutcome(outcome, text, colors) }))] },
    { label: 'in', items: reachWords(cause, cells).map((text) => [{ text }]) },
    ...(beyond === undefined ? [] : [{ label: 'beyond baseline', items: beyond.map((text) => [{ text }]) }]),
    ...(mend === undefined ? [] : [{ label: mend.verified ? 'mended by' : 'to mend it', items: [[{ text: mend.text }]] }]),
    ...failureRows(cell, plainest, colors, undefined).filter(({ label }) => label !== 'would mend it'),
  ];
  return [colors.bold(first), ...rest.map((line) => `   ${line}`), ...layOutRows(rows, colors, columns)];
}

/** A statement may be of any length. */
const MOST_SOURCE_LINES = 2;

const saysOf = ({ store, says }: Cause): string => `${store}: ${says}`;

/** One line each, with what replays it. */
function brief(title: string, some: readonly Reported[], { columns, colors }: CausesLook): string[][] {
  if (some.length === 0) return [];
  const lines = some.flatMap(({ cause, plainest }) => {
    const cells = counted(cause.cells.length, 'cell');
    const words = wrapWords(printable(`${saysOf(cause)} (${cause.outcomes.join(', ')}; ${cells})`), columns - 4);
    return [...words.map((line, index) => (index === 0 ? `  ${line}` : `    ${line}`)), colors.dim(`    ${plainest.replay}`)];
  });
  return [[colors.bold(`${title}: ${causesWords(some.map(({ cause }) => cause))}`), ...lines]];
}

/**
 * The models with their profiles and scenarios: `power-loss on ext4, xfs in replace, reset`. Profiles that were reached in other scenarios
 * than others of their model are named apart; models that say the same of scenarios stand together.
 */
export function reachWords({ cells, store }: Pick<Cause, 'cells' | 'store'>, all: readonly CellResult[]): string[] {
  const reached = new Set(cells);
  const ofStore = all.filter((cell) => cell.store === store);
  const models = [...new Set(ofStore.filter((cell) => reached.has(cellName(cell))).map(({ model }) => model))];
  const inModels = models.flatMap((model) => {
    const ran = ofStore.filter((cell) => cell.model === model);
    const profiles = namesOf(ran, ({ profile }) => profile);
    const scenariosOf = (some: readonly CellResult[]): string[] => namesOf(some, ({ scenario }) => scenario);
    const inProfiles = (profiles.length === 0 ? [undefined] : profiles).flatMap((profile) => {
      const inProfile = ran.filter((cell) => cell.profile === profile);
      const some = inProfile.filter((cell) => reached.has(cellName(cell)));
      return some.length === 0 ? [] : [{ profile, scenarios: among(scenariosOf(some), scenariosOf(inProfile), 'all scenarios') }];
    });
    return [...groupedBy(inProfiles, ({ scenarios }) => scenarios)].map(([scenarios, some]) => {
      const on = among(
        some.flatMap(({ profile }) => profile ?? []),
        profiles,
        `all ${counted(profiles.length, 'profile')}`,
      );
      return { where: profiles.length === 0 ? model : `${model} on ${on}`, scenarios };
    });
  });
  return [...groupedBy(inModels, ({ scenarios }) => scenarios)].map(
    ([scenarios, some]) => `${some.map(({ where }) => where).join(', ')} in ${scenarios}`,
  );
}

const namesOf = (cells: readonly CellResult[], nameOf: (cell: CellResult) => string | undefined): string[] => [
  ...new Set(cells.flatMap((cell) => nameOf(cell) ?? [])),
];
