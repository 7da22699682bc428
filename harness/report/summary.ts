/**
 * A run in two lines: what was done, and whether every claim was kept.
 */
import { EFFORTS, GATING_EFFORT, type Limits, provesAll } from '../domain/effort.ts';
import { groupedBy } from '../domain/grouped.ts';
import { modelName } from '../domain/model-names.ts';
import type { CellResult, Result } from '../domain/result.ts';
import { counted, duration, withCommas } from '../domain/words.ts';
import type { Colors } from './colors.ts';
import { nothingFound } from './grades.ts';
import { historyWords, recoveryWords, scheduleWords } from './grid.ts';
import { ofKind } from './kinds.ts';
import { isSampled, triedOf } from './tried.ts';

export function runWords(result: Result): string[] {
  const how = result.observed ? `${result.recorder} recorder, observed` : `${result.recorder} recorder`;
  const stores = [...new Set(result.cells.map(({ store }) => store))];
  return [
    `crash-matrix ${result.version}`,
    ...(stores.length > 1 ? [counted(stores.length, 'store')] : stores),
    ...modelWords(result.cells),
    how,
    effortWords(result),
    `Node ${result.node.replace(/^v/, '')}`,
    result.platform,
    `seed ${result.seed}`,
  ];
}

/** A run names as many models as this; of more it says how many. Its matrix names them all. */
const MOST_MODELS = 3;

function modelWords(cells: readonly CellResult[]): string[] {
  const models = [...groupedBy(cells, ({ model }) => model)];
  if (models.length > MOST_MODELS) return [counted(models.length, 'model')];
  return models.map(([model, some]) => {
    const names = new Set(some.map(modelName));
    return names.size === 1 ? [...names].join() : model;
  });
}

/** `standard effort`, with the limits that options changed: `standard effort, histories 3`. */
function effortWords({ effort, limits, faults = [] }: Result): string {
  const changed = Object.entries(limits).filter(([name, limit]) => EFFORTS[effort][name as keyof Limits] !== limit);
  return [
    `${effort} effort`,
    ...changed.map(([name, limit]) => `${name} ${typeof limit === 'number' ? withCommas(limit) : limit}`),
    ...faults.map((fault) => `fault ${fault}`),
  ].join(', ');
}

/** `72 cells`, `1,204 kills`, `31 violations`, … */
export function summaryWords(result: Result): string[] {
  const { cells } = result;
  const sum = (of: (cell: CellResult) => number): number => cells.reduce((total, cell) => total + of(cell), 0);
  const found = withStatus(cells, 'known-bug');
  const missed = withStatus(cells, 'missed-bug');
  const shown = withStatus(cells, 'shown');
  const inconclusive = cells.filter((cell) => cell.grade === 'inconclusive').length;
  return [
    `${counted(cells.length, 'cell')}${shown === 0 ? '' : `, ${withCommas(shown)} only shown`}`,
    ...kills(result),
    ...quits(cells),
    ...power(cells),
    ...recoveryWords(cells),
    ...faults(cells),
    ...scheduleWords(cells),
    ...historyWords(cells),
    counted(
      sum((cell) => cell.violations),
      'violation',
    ),
    ...(found + missed === 0 ? [] : [`known bugs: ${found} found, ${missed} missed`]),
    ...(inconclusive === 0 ? [] : [`${inconclusive} inconclusive`]),
    duration(result.durationMs),
  ];
}

function kills({ cells, observed }: Result): string[] {
  const killed = cells.filter(ofKind('kills'));
  if (killed.length === 0) return [];
  const sum = (of: (cell: CellResult) => number): number => killed.reduce((total, cell) => total + of(cell), 0);
  return [
    observed
      ? counted(
          sum(({ states }) => states),
          'state observed',
          'states observed',
        )
      : counted(
          triedOf(cells, 'kills').reduce((total, one) => total + one.kills, 0),
          'kill',
        ),
  ];
}

function quits(cells: readonly CellResult[]): string[] {
  const tried = triedOf(cells, 'quits');
  if (tried.length === 0) return [];
  const sum = (of: (one: (typeof tried)[number]) => number): number => tried.reduce((total, one) => total + of(one), 0);
  const [asked, asKills] = [sum((one) => one.asked), sum((one) => one.asKills)];
  const ends = counted(asked + asKills, 'end of a process', 'ends of a process');
  return [`${ends}${asKills === 0 ? '' : ` (${withCommas(asKills)} as by a kill)`}`];
}

function faults(cells: readonly CellResult[]): string[] {
  const tried = triedOf(cells, 'faults').map((one) => one.tried + one.twice.tried);
  return tried.length === 0
    ? []
    : [
        counted(
          tried.reduce((sum, one) => sum + one, 0),
          'fault',
        ),
      ];
}

function power(cells: readonly CellResult[]): string[] {
  const lost = cells.filter(ofKind('states'));
  const cuts = triedOf(cells, 'cuts');
  const judged = lost.reduce((sum, { states }) => sum + states, 0);
  const made = cuts.reduce((sum, one) => sum + one.cuts, 0);
  return [
    ...(lost.length === 0 ? [] : [`${counted(judged, 'power-loss state')} of ${coverage(lost)}`]),
    ...(cuts.length === 0 ? [] : [`${counted(made, 'power cut')}: what this kernel happened to write, where power-loss has what it may`]),
  ];
}

/** `40 (all)`: how many combinations of what was lost were looked at, and whether these are all that there are. */
function coverage(cells: readonly CellResult[]): string {
  const explored = triedOf(cells, 'states').flatMap(({ explored: { pages, sectors } }) => [pages, ...(sectors ? [sectors] : [])]);
  const sampled = cells.filter(isSampled).length;
  const all = sampled === 0 ? 'all' : `all in ${counted(cells.length - sampled, 'cell')}, sampled in ${sampled}`;
  return `${withCommas(explored.reduce((sum, { states }) => sum + states, 0))} combinations (${all})`;
}

/** The last line of a report: green only if everything is as claimed or as known, and enough was tried to say so. */
export function verdictLine(result: Result, colors: Colors): string {
  const { baseline } = result;
  if (baseline !== undefined && result.cells.length > 0) return againstBaseline(result, baseline, colors);
  const notShown = result.cells.filter(({ status, grade }) => status === 'broken' && grade === 'inconclusive').length;
  const broken = withStatus(result.cells, 'broken') - notShown;
  const missed = withStatus(result.cells, 'missed-bug');
  if (result.cells.length === 0) return colors.bold(colors.red('nothing was tried'));
  const wrong = [
    ...(broken > 0 ? [`${counted(broken, 'claim broken', 'claims broken')}${namedWords(result.cells, broken)}`] : []),
    ...(notShown > 0 ? [counted(notShown, 'claim not shown', 'claims not shown')] : []),
    ...(missed > 0 ? [counted(missed, 'known bug missed', 'known bugs missed')] : []),
  ];
  if (wrong.length > 0) return colors.bold(colors.red(wrong.join(', ')));
  if (!provesAll(result)) return colors.bold(colors.yellow(`${nothingFound(result.cells)}; ${whyUnproven(result)}`));
  const known = withStatus(result.cells, 'known-bug') > 0 ? ', and every known bug was found' : '';
  return colors.bold(colors.green(`every claim was kept${known}`));
}

function whyUnproven({ effort, faults }: Result): string {
  if (faults !== undefined) return `some faults alone prove no claim: a run without --fault does`;
  return `${effort} effort proves no claim: --effort ${GATING_EFFORT} does`;
}

/** How many of the broken claims would be shown only, had `--model` not named their profiles. */
function namedWords(cells: readonly CellResult[], broken: number): string {
  const named = cells.filter(({ status, grade, heldBy }) => status === 'broken' && grade !== 'inconclusive' && heldBy === 'name').length;
  if (named === 0) return '';
  return ` (${named === broken ? '' : `${named} of them `}held because --model names the profile)`;
}

/** What the run is worth against its baseline: known causes pass. */
function againstBaseline({ cells, causes }: Result, { known, mended, untried }: NonNullable<Result['baseline']>, colors: Colors): string {
  const broken = causes.filter(({ status }) => status === 'broken');
  const wider = broken.filter(({ beyond }) => beyond !== undefined).length;
  const notShown = cells.filter(({ status, grade }) => status === 'broken' && grade === 'inconclusive').length;
  const missed = withStatus(cells, 'missed-bug');
  const wrong = [
    ...(broken.length > wider ? [counted(broken.length - wider, 'new cause')] : []),
    ...(wider > 0 ? [counted(wider, 'cause that reaches further', 'causes that reach further')] : []),
    ...(mended.length > 0 ? [counted(mended.length, 'mended cause to take out', 'mended causes to take out')] : []),
    ...(notShown > 0 ? [counted(notShown, 'claim not shown', 'claims not shown')] : []),
    ...(missed > 0 ? [counted(missed, 'known bug missed', 'known bugs missed')] : []),
  ];
  const rest = [`${counted(known, 'known cause')}`, ...(untried > 0 ? [`${untried} not tried`] : [])].join(', ');
  return wrong.length > 0
    ? colors.bold(colors.red(`${wrong.join(', ')} (${rest})`))
    : colors.bold(colors.green(`nothing that the baseline does not know (${rest})`));
}

function withStatus(cells: readonly CellResult[], status: CellResult['status']): number {
  return cells.filter((cell) => cell.status === status).length;
}
