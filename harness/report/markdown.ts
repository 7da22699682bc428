/**
 * The report to commit: the same to the byte on every run that finds the same.
 *
 * Has    grades, boundaries, kills, outcomes, pictures, and each failure with its line of source.
 * Hasn't times, absolute paths, sizes, seeds, patch versions: whatever may differ between two runs that find the same.
 */

import { provesAll } from '../domain/effort.ts';
import { failsRun } from '../domain/grade.ts';
import { modelName } from '../domain/model-names.ts';
import { OUTCOME_NAMES } from '../domain/outcomes.ts';
import type { Cause, CellResult, Result, Tried } from '../domain/result.ts';
import { counted, printable, withCommas } from '../domain/words.ts';
import { withoutBytes } from '../explain/op-text.ts';
import { MODELS } from '../models/all.ts';
import type { Cell } from '../models/model.ts';
import { type Failure, failuresAlike, failuresByCell, moreOf } from './cases.ts';
import { causesWords } from './causes.ts';
import { NO_COLORS } from './colors.ts';
import { failureBlock } from './failure.ts';
import { gradeWords, nothingFound } from './grades.ts';
import { kindOf, ofKind } from './kinds.ts';
import { longest, pieces } from './lay-out.ts';
import { limitWords } from './limits.ts';
import { anchor, escaped, fenced, inlineCode, table } from './markdown-text.ts';
import { siteText } from './moment.ts';
import { aboutCells, notesOf } from './notes.ts';
import { legend, lettersOf } from './picture.ts';
import { majorVersion, stableCase, stableOps, stableText } from './stable.ts';
import { isGenerated } from './tables.ts';
import { isSampled, triedOf } from './tried.ts';
import { unprovenBlock } from './unproven.ts';

/** Width of the code blocks: what GitHub shows without scrolling. */
const COLUMNS = 110;

export function markdownReport(result: Result): string {
  const texts = markdownParts(result).map(({ text }) => text);
  return `${texts.join('\n\n')}\n`;
}

/** What can stand in a document without the others. */
export interface Part {
  readonly kind: 'run' | 'cause' | 'matrix' | 'reading' | 'notes' | 'store';
  /** Of what it is, where there are several of its kind. */
  readonly name: string;
  readonly text: string;
}

/** The head first. */
export function markdownParts(result: Result): Part[] {
  const failures = failuresByCell(result);
  const models = [...new Set(result.cells.map(modelName))];
  const stores = [...new Set(result.cells.map((cell) => cell.store))];
  return [
    { kind: 'run', name: '', text: header(result) },
    ...causes(result),
    ...models.map((model): Part => {
      const cells = result.cells.filter((cell) => modelName(cell) === model);
      return { kind: 'matrix', name: model, text: matrix(cells, model) };
    }),
    { kind: 'reading', name: '', text: howToRead(result) },
    ...notes(result).map((text): Part => ({ kind: 'notes', name: '', text })),
    ...stores.map((store): Part => ({ kind: 'store', name: store, text: storeSection(store, result.cells, failures).join('\n\n') })),
  ];
}

function header(result: Result): string {
  const bad = result.cells.filter(failsRun).length;
  const known = result.cells.filter(({ status }) => status === 'known-bug').length;
  const verdict =
    bad > 0
      ? `**${counted(bad, 'cell')} not as claimed.**`
      : !provesAll(result)
        ? `Found: ${nothingFound(result.cells)}. ${tooLittle(result)}`
        : `Every claim was kept${known > 0 ? `; ${counted(known, 'cell')} with a known bug ${known === 1 ? 'shows' : 'show'} it, as expected` : ''}.`;
  const how = howItCrashed(result);
  return [
    '# Crash matrix',
    `What a fresh process finds in the directory of each store after ${how}, and how that compares with what the store had promised.`,
    `Made by crash-matrix with the ${result.recorder} recorder, Node ${majorVersion(result.node)}, ${platformName(result.platform)}. Generated: do not edit.`,
    `Effort: ${result.effort}. In a cell that is ${limitWords(result.limits).join(', ')}.`,
    verdict,
  ].join('\n\n');
}

function tooLittle({ effort, faults }: Result): string {
  if (faults !== undefined) return `Of the calls only ${faults.join(', ')} failed, which is too little to say that a claim is kept.`;
  return `The effort was ${effort}, which is too small to say that a claim is kept.`;
}

function howItCrashed({ cells, observed }: Result): string {
  const ran = new Set(cells.map(({ model }) => model));
  const models: readonly Cell['model'][] = MODELS;
  return models
    .filter(({ name }) => ran.has(name))
    .map(({ words }) => words.report(observed))
    .join('; after ');
}

/** Without the version of the kernel, if it follows. */
function platformName(platform: string): string {
  return platform.split(' ')[0] ?? platform;
}

/** What one change each would mend, store by store. */
function causes({ causes: all }: Result): Part[] {
  if (all.length === 0) return [];
  const stores = [...new Set(all.map(({ store }) => store))];
  const what = `${causesWords(all)}: what one change each would mend, with the source, the plainest case, and the change.`;
  return [
    { kind: 'cause', name: 'the heading', text: `## Causes\n\n${what}` },
    ...stores.map((store): Part => {
      const lines = all.filter((cause) => cause.store === store).flatMap(causeLines);
      return { kind: 'cause', name: store, text: [`[${escaped(store)}](#${anchor(store)})\n`, ...lines].join('\n') };
    }),
  ];
}

function causeLines({ says, site, outcomes, cells, shortest, mend, status }: Cause): string[] {
  const standing = { broken: '', shown: ', only shown', known: ', known' }[status];
  const more = [site?.source, shortest].flatMap((text) => (text === undefined ? [] : [inlineCode(text)]));
  return [
    `- ${escaped(stableText(says))}. Leaves ${outcomes.join(', ')} in ${counted(cells.length, 'cell')}${standing}.`,
    `  ${more.join(' · ')}`,
    ...(mend === undefined ? [] : [`  ${mend.verified ? 'Mended by' : 'To mend it'}: ${escaped(stableOps(mend.text))}`]),
  ];
}

function matrix(cells: readonly CellResult[], model: string): string {
  const stores = [...new Set(cells.map((cell) => cell.store))];
  const scenarios = [...new Set(cells.map((cell) => cell.scenario))];
  const at = new Map(cells.map((cell) => [`${cell.store}/${cell.scenario}`, cell]));
  const rows = stores.map((store) => [
    `[${escaped(store)}](#${anchor(store)})`,
    ...scenarios.map((scenario) => verdict(at.get(`${store}/${scenario}`))),
  ]);
  return `## ${escaped(model)}\n\n${table(['store', ...scenarios.map(escaped)], rows, [])}`;
}

/** `durable`, `lossy: empty (known)`, `**lossy: empty**` where a claim is broken. */
function verdict(cell: CellResult | undefined): string {
  if (cell === undefined) return '';
  const words = gradeWords(cell);
  switch (cell.status) {
    case 'kept':
    case 'unbroken':
      return words;
    case 'known-bug':
      return `${words} (known)`;
    case 'shown':
      return `_${words}_`;
    case 'broken':
      return `**${words}**`;
    case 'missed-bug':
      return `**${words}, known bug missed**`;
    default:
      return cell.status satisfies never;
  }
}

function howToRead(result: Result): string {
  return [
    '**Grades**: `durable`, only allowed values were found; `atomic`, also earlier ones, under models in which unwritten data can vanish;',
    '`lossy`, anything else; `inconclusive`, not measured. _(known)_: the store is known to have this bug, and the run fails if it is not found.',
    'A cell shows its grade and its worst outcome; **bold** is a broken claim or a missed bug, _slanted_ is below the claim where the store is not held to it.\n',
    ...(triedOf(result.cells, 'states').length > 0
      ? [
          'Under power loss, _58 of 116_ says that 58 different trees were judged, of 116 combinations of what can be lost; _sampled_, that there are more.\n',
        ]
      : []),
    'A picture has one letter for each boundary, in the order of the run: before the first op, after each op, and inside writes and copies.',
    'Boundaries between which nothing on disk changed are _folded_: one kill stands for all of them.\n',
    fenced(legend(result.cells)),
  ].join('\n');
}

function notes(result: Result): string[] {
  const lines = notesOf(result, stableText).map((note) => `- ${escaped(printable(note.text))} (${escaped(aboutCells(note))})`);
  return lines.length === 0 ? [] : [lines.join('\n')];
}

function storeSection(store: string, all: readonly CellResult[], failures: ReadonlyMap<CellResult, readonly Failure[]>): string[] {
  const ofStore = all.filter((cell) => cell.store === store);
  const written = ofStore.filter((cell) => !isGenerated(cell));
  const models = [...new Set(written.map(({ model }) => model))];
  const ofModel = models.map((model) => written.filter((cell) => cell.model === model));
  const [orders, others] = [true, false].map((is) => ofModel.filter(([cell]) => cell !== undefined && ofKind('schedules')(cell) === is));
  const sections: [readonly CellResult[], (cells: readonly CellResult[]) => string[]][] = [
    ...(others ?? []).map((cells): [readonly CellResult[], (cells: readonly CellResult[]) => string[]] => [cells, sectionOf(cells)]),
    [(orders ?? []).flat(), scheduleSection],
    [ofStore.filter(isGenerated), historySection],
  ];
  return [
    `## ${escaped(store)}`,
    ...sections.flatMap(([cells, section]) => (cells.length === 0 ? [] : section(cells))),
    ...failureBlocks(ofStore, failures),
  ];
}

/** The section for the cells of one model. */
function sectionOf([first]: readonly CellResult[]): (cells: readonly CellResult[]) => string[] {
  const kind = first === undefined ? 'kills' : kindOf(first);
  switch (kind) {
    case 'kills':
      return killSection;
    case 'quits':
      return quitSection;
    case 'states':
    case 'cuts':
      return powerSection;
    case 'faults':
      return faultSection;
    case 'starts':
      return startSection;
    case 'schedules':
      return scheduleSection;
    default:
      return kind satisfies never;
  }
}

/** Each failure once, with the cells in which it shows as well. */
function failureBlocks(cells: readonly CellResult[], failures: ReadonlyMap<CellResult, readonly Failure[]>): string[] {
  const reported = cells.filter(({ status }) => status !== 'shown').flatMap((cell) => failures.get(cell) ?? []);
  const alike = failuresAlike(reported);
  const blocks = cells.flatMap((cell) => cellBlocks(cell, failures.get(cell) ?? [], alike));
  return blocks.length === 0 ? [] : [fenced(blocks.join('\n\n').split('\n'))];
}

/** What was tried on each file system, and which barriers are worth their time. */
function powerSection(cells: readonly CellResult[]): string[] {
  const [model = ''] = cells.map((cell) => cell.model);
  const profiles = [...new Set(cells.map(({ profile = '' }) => profile))];
  const scenarios = [...new Set(cells.map(({ scenario }) => scenario))];
  const at = new Map(cells.map((cell) => [`${cell.scenario}/${cell.profile}`, cell]));
  const rows = scenarios.map((scenario) => [escaped(scenario), ...profiles.map((profile) => triedIn(at.get(`${scenario}/${profile}`)))]);
  return [
    `${escaped(model)}: what was found, and how many distinct states were judged of those that were tried.`,
    table(['scenario', ...profiles], rows, []),
    ...barrierTable(cells, profiles),
  ];
}

/** `lossy: empty · 611 of 1,842`: distinct of all. */
function triedIn(cell: CellResult | undefined): string {
  if (cell === undefined) return '';
  const of = ofHowMany(cell);
  const sampled = isSampled(cell) ? ', sampled' : '';
  return `${verdict(cell)} · ${withCommas(cell.states)}${of === undefined ? '' : ` of ${withCommas(of)}`}${sampled}`;
}

/** States, or cuts, among which the distinct ones were found. */
function ofHowMany({ tried }: CellResult): number | undefined {
  switch (tried?.kind) {
    case 'states':
      return tried.explored.pages.states + (tried.explored.sectors?.states ?? 0);
    case 'cuts':
      return tried.cuts;
    case 'kills':
    case 'quits':
    case 'faults':
    case 'starts':
    case 'schedules':
    case undefined:
      return undefined;
    default:
      return tried satisfies never;
  }
}

/** Under each profile, whether the claim would fall without a barrier: in some scenario, in none, or not decided. */
function barrierTable(cells: readonly CellResult[], profiles: readonly string[]): string[] {
  const uses = new Map<string, Map<string, Set<string>>>();
  for (const { profile = '', tried } of cells) {
    for (const { text, site, needed } of tried?.kind === 'states' ? (tried.barriers ?? []) : []) {
      const name = `${escaped(withoutBytes(stableText(text)))}${site === undefined ? '' : `, ${escaped(siteText(site))}`}`;
      const byProfile = uses.get(name) ?? new Map<string, Set<string>>();
      uses.set(name, byProfile);
      byProfile.set(profile, (byProfile.get(profile) ?? new Set()).add(needed));
    }
  }
  if (uses.size === 0) return [];
  const word = (needed: ReadonlySet<string> | undefined): string => {
    if (needed === undefined) return '';
    if (needed.has('yes')) return 'needed';
    return needed.has('undecided') ? 'not decided' : '**buys nothing**';
  };
  const rows = [...uses].map(([name, byProfile]) => [name, ...profiles.map((profile) => word(byProfile.get(profile)))]);
  return ['Barriers, and whether a claim would fall without each:', table(['barrier', ...profiles], rows, [])];
}

function killSection(cells: readonly CellResult[]): string[] {
  const labels = cells.map(({ scenario }) => scenario);
  const rows = cells.map((cell, index) => {
    const [{ kills, folded } = { kills: 0, folded: 0 }] = triedOf([cell], 'kills');
    const counts = [cell.points, kills, folded, cell.violations].map(withCommas);
    return [escaped(labels[index] ?? ''), verdict(cell), cell.claim, ...counts, outcomeCounts(cell)];
  });
  const columns = ['scenario', 'found', 'claim', 'boundaries', 'kills', 'folded', 'violations', 'crash states by outcome'];
  return [table(columns, rows, [3, 4, 5, 6]), fenced(pictures(cells, labels))];
}

function quitSection(cells: readonly CellResult[]): string[] {
  const labels = cells.map(({ scenario }) => scenario);
  const rows = cells.map((cell, index) => {
    const [quits] = triedOf([cell], 'quits');
    const counts = [quits?.asked ?? 0, quits?.asKills ?? 0, quits?.inWork ?? 0, cell.violations].map(withCommas);
    return [escaped(labels[index] ?? ''), verdict(cell), cell.claim, ...counts, outcomeCounts(cell)];
  });
  const columns = ['scenario', 'found', 'claim', 'handled', 'as a kill', 'in the middle of work', 'violations', 'quits by outcome'];
  return [
    `${[...new Set(cells.map(({ model }) => model))].join(', ')}: processes that were asked to quit where the store handles that, and quits that nothing handles.`,
    table(columns, rows, [3, 4, 5, 6]),
    fenced(pictures(cells, labels)),
  ];
}

const labelOf = ({ scenario, profile }: CellResult): string => (profile === undefined ? scenario : `${scenario}, ${profile}`);

function faultSection(cells: readonly CellResult[]): string[] {
  const labels = cells.map(labelOf);
  const rows = cells.map((cell, index) => {
    const [faults] = triedOf([cell], 'faults');
    const counts = [faults?.tried ?? 0, faults?.twice.tried ?? 0, cell.violations].map(withCommas);
    return [escaped(labels[index] ?? ''), verdict(cell), cell.claim, ...counts, outcomeCounts(cell), lyingWords(faults?.lying)];
  });
  const columns = ['scenario', 'found', 'claim', 'faults', 'twice', 'violations', 'faults by outcome', 'power loss if fsync lies'];
  return [
    `${[...new Set(cells.map(({ model }) => model))].join(', ')}: each call failed in turn, with each error that it can return; a letter for each op, the worst of its faults.`,
    table(columns, rows, [3, 4, 5]),
    fenced(pictures(cells, labels)),
  ];
}

function startSection(cells: readonly CellResult[]): string[] {
  const labels = cells.map(labelOf);
  const rows = cells.map((cell, index) => {
    const [starts] = triedOf([cell], 'starts');
    return [
      escaped(labels[index] ?? ''),
      verdict(cell),
      cell.claim,
      ...[starts?.tried ?? 0, cell.violations].map(withCommas),
      outcomeCounts(cell),
    ];
  });
  const [model = ''] = cells.map((cell) => cell.model);
  return [
    `${escaped(model)}: what was found, with a letter for each start.`,
    table(['scenario', 'found', 'claim', 'starts', 'violations', 'starts by outcome'], rows, [3, 4]),
    fenced(pictures(cells, labels)),
  ];
}

/** What is left of a store by an fsync that only says that it is done: nothing that a store could mend. */
function lyingWords(lying: Parameters<typeof gradeWords>[0] | undefined): string {
  return lying === undefined ? '' : `_${gradeWords(lying)}_`;
}

function scheduleSection(cells: readonly CellResult[]): string[] {
  const rows = cells.map((cell) => {
    const [schedules] = triedOf([cell], 'schedules');
    const counts = [schedules?.tried ?? 0, (schedules?.crashes ?? 0) + (schedules?.kills ?? 0)].map(withCommas);
    return [escaped(`${cell.scenario}, ${cell.model}`), verdict(cell), cell.claim, ...counts, reachWords(schedules), outcomeCounts(cell)];
  });
  return [
    'Tasks at the same time:',
    table(['scenario', 'found', 'claim', 'schedules', 'crashes', 'reach', 'ends by outcome'], rows, [3, 4]),
  ];
}

/** `exhaustive`; `up to 1 switch`. */
function reachWords(schedules: Extract<Tried, { kind: 'schedules' }> | undefined): string {
  if (schedules === undefined) return '';
  const { reach, bound = 0 } = schedules;
  return reach === 'bounded' ? `up to ${counted(bound, 'switch', 'switches')}` : reach;
}

function historySection(cells: readonly CellResult[]): string[] {
  const rows = cells.map((cell) => [
    escaped(modelName(cell)),
    verdict(cell),
    cell.claim,
    ...[cell.histories?.tried ?? 0, cell.states].map(withCommas),
    outcomeCounts(cell),
  ]);
  return ['Random histories:', table(['model', 'found', 'claim', 'histories', 'states', 'states by outcome'], rows, [3, 4])];
}

function pictures(cells: readonly CellResult[], labels: readonly string[]): string[] {
  const width = longest(labels) + 2;
  return cells.flatMap((cell, index) =>
    pieces(lettersOf(cell), COLUMNS - width).map((line, part) => `${(part === 0 ? (labels[index] ?? '') : '').padEnd(width)}${line}`),
  );
}

function cellBlocks(cell: CellResult, failures: readonly Failure[], alike: ReturnType<typeof failuresAlike>): string[] {
  const blocks = failures.flatMap((failure) => {
    const others = alike.get(failure);
    if (others === undefined) return [];
    return [failureBlock(cell, stableCase(failure.first), NO_COLORS, { columns: COLUMNS, more: moreOf(failure, others) })];
  });
  if (cell.status === 'missed-bug' || cell.grade === 'inconclusive') {
    const { reason, ...rest } = cell;
    blocks.push(unprovenBlock([{ ...rest, ...(reason !== undefined && { reason: stableText(reason) }) }], NO_COLORS, COLUMNS));
  }
  return blocks;
}

function outcomeCounts(cell: CellResult): string {
  return OUTCOME_NAMES.filter((outcome) => (cell.outcomes[outcome] ?? 0) > 0)
    .map((outcome) => `${outcome} ${withCommas(cell.outcomes[outcome] ?? 0)}`)
    .join(', ');
}
