/**
 * One failure as a block of text: what was lost, what did it, what would mend it, how to see it again.
 */
import { failsRun } from '../domain/grade.ts';
import { modelName } from '../domain/model-names.ts';
import { OUTCOMES } from '../domain/outcomes.ts';
import type { CaseResult, CellResult, SiteLine } from '../domain/result.ts';
import type { Grade } from '../domain/store.ts';
import { counted, printable, withCommas } from '../domain/words.ts';
import type { Colors } from './colors.ts';
import { fitSideBySide, GAP, longest, wrapSegments, wrapWords } from './lay-out.ts';
import { crashRow, type MomentRow, momentRows, opWords, siteText } from './moment.ts';
import { paintOutcome } from './outcomes.ts';

interface Segment {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** One label with what belongs to it; each item begins a line of its own, its segments side by side if they fit. */
export interface Row {
  readonly label: string;
  readonly items: readonly (readonly Segment[])[];
  /** Must stay on one line, because it is there to be copied. */
  readonly whole?: boolean;
  /** As many lines as this are shown. */
  readonly most?: number;
}

interface BlockOptions {
  /** Width of the window; without it, lines are as long as they are. */
  readonly columns?: number;
  /** How many boundaries end the same, in words. */
  readonly more?: string | undefined;
}

const MOST_FILES = 12;
/** Characters of the name of a member. */
const LONGEST_NAME = 48;

export function failureBlock(cell: CellResult, failure: CaseResult, colors: Colors, options: BlockOptions = {}): string {
  const { columns = Number.POSITIVE_INFINITY, more } = options;
  return [
    ...failureHeading(cell, failure.grade, colors, columns),
    ...layOutRows(failureRows(cell, failure, colors, more), colors, columns),
  ].join('\n');
}

/** `rename-away / replace / process-kill   lossy (claims durable)`: red, unless the bug is known. */
export function failureHeading(cell: CellResult, grade: Grade, colors: Colors, columns: number): string[] {
  const name = `${cell.store} / ${cell.scenario} / ${modelName(cell)}`;
  const expected = cell.status === 'known-bug' ? ', as expected: a known bug' : '';
  const verdict = `${grade} (claims ${cell.claim}${heldWords(cell)})${expected}`;
  const lines = wrapSegments([name, verdict], columns - 2).map((line, index) => (index === 0 ? line : `  ${line}`));
  return lines.map(failsRun(cell) ? (line) => colors.bold(colors.red(line)) : colors.bold);
}

/** Why a claim counts that is otherwise only shown; that the store itself claims it needs no words. */
function heldWords({ heldBy, ...variant }: CellResult): string {
  switch (heldBy) {
    case 'name':
      return `, held to it because --model names ${modelName(variant)}`;
    case 'strict':
      return ', held to it by --strict';
    case 'claim':
    case undefined:
      return '';
    default:
      return heldBy satisfies never;
  }
}

export function failureRows(cell: CellResult, failure: CaseResult, colors: Colors, more: string | undefined): Row[] {
  const found = { text: failure.found, paint: (text: string) => paintOutcome(failure.outcome, text, colors) };
  const rows: Row[] = [
    ...momentRows(failure, cell.model).map(asRow),
    ...(failure.forced === undefined ? [] : [{ label: 'before that', items: [[{ text: failure.forced }]] }]),
    ...lossRows(failure),
    ...[failure.again ?? [], failure.further ?? []].flat().flatMap((later) => laterCrashRows(later, cell.model)),
    { label: failure.foundBy ?? OUTCOMES[failure.outcome].foundBy, items: [[found, { text: `had promised ${failure.promised}` }]] },
    ...differenceRows(failure.differs),
    { label: 'on disk', items: filesOnDisk(failure.onDisk) },
  ];
  if (
    failure.site !== undefined &&
    failure.fault === undefined &&
    failure.landed === undefined &&
    !isSameSite(failure.site, failure.after?.site)
  ) {
    rows.push({ label: 'asked for at', items: [[{ text: siteText(failure.site) }]] });
  }
  if (failure.until !== undefined) rows.push(asRow({ label: `until op ${failure.until.index}`, words: opWords(failure.until) }));
  if (failure.missingBarrier !== undefined) rows.push({ label: 'would mend it', items: [[{ text: failure.missingBarrier }]] });
  if (more !== undefined) rows.push({ label: 'the same at', items: [[{ text: more }]] });
  rows.push({ label: 'replay', items: [[{ text: failure.replay, paint: colors.cyan }]], whole: true });
  return rows;
}

/** `2 missing: a, b`, `1 changed: c.updatedAt`. */
function differenceRows(differs: CaseResult['differs']): Row[] {
  if (differs === undefined) return [];
  const kinds = (['missing', 'changed', 'added'] as const).map((kind) => [kind, differs[kind]] as const);
  const texts = kinds.flatMap(([kind, { count, names }]) => {
    if (count === 0) return [];
    const named = names.map((name) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name)).join(', ');
    const more = names.length > 0 && count > names.length ? ', …' : '';
    return [{ text: `${withCommas(count)} ${kind}${named === '' ? '' : `: ${named}${more}`}` }];
  });
  return [{ label: differs.from === 'promised' ? 'unlike promised' : 'unlike the save', items: [texts] }];
}

export const asRow = ({ label, words }: MomentRow): Row => ({ label, items: [words.map((text) => ({ text }))] });

/** What is not on disk, and what is without it. */
function lossRows({ landed, lost }: Pick<CaseResult, 'landed' | 'lost'>): Row[] {
  return [
    ...(lost.length === 0 ? [] : [{ label: 'lost', items: manyLines(lost) }]),
    ...(landed === undefined ? [] : [{ label: 'because', items: [[{ text: landed }]] }]),
  ];
}

function laterCrashRows(later: NonNullable<CaseResult['again']>, model: string): Row[] {
  const { label, words } = crashRow({ ...later, end: false }, model);
  return [asRow({ label: 'then, in recovery', words: [label, ...words] }), ...lossRows(later)];
}

/** Labels in one column, text in the next, continued under itself. */
export function layOutRows(rows: readonly Row[], colors: Colors, columns: number): string[] {
  const width = longest(rows.map((row) => row.label));
  return rows.flatMap(({ label, items, whole = false, most = Number.POSITIVE_INFINITY }) => {
    const lines = items.flatMap((segments) => segmentLines(segments, whole ? Number.POSITIVE_INFINITY : columns - width - 5));
    const shown = lines.length > most ? [...lines.slice(0, most - 1), `${lines[most - 1]} …`] : lines;
    return shown.map((line, index) => `  ${colors.dim((index === 0 ? label : '').padEnd(width))}   ${line}`);
  });
}

function segmentLines(segments: readonly Segment[], width: number): string[] {
  const safe = segments.map(({ text, paint = String }) => ({ text: printable(text), paint }));
  if (
    fitSideBySide(
      safe.map(({ text }) => text),
      width,
    )
  )
    return [safe.map(({ text, paint }) => paint(text)).join(GAP)];
  return safe.flatMap(({ text, paint }) => wrapWords(text, width).map(paint));
}

function isSameSite(one: SiteLine | undefined, other: SiteLine | undefined): boolean {
  return one?.file === other?.file && one?.line === other?.line;
}

function manyLines(texts: readonly string[]): Segment[][] {
  const shown = texts.slice(0, MOST_FILES).map((text) => [{ text }]);
  return texts.length > MOST_FILES ? [...shown, [{ text: `and ${texts.length - MOST_FILES} more` }]] : shown;
}

function filesOnDisk(files: CaseResult['onDisk']): Segment[][] {
  if (files.length === 0) return [[{ text: 'nothing' }]];
  const shown = files
    .slice(0, MOST_FILES)
    .map(({ path, bytes }) => [{ text: bytes === undefined ? path : `${path} (${counted(bytes, 'byte')})` }]);
  return files.length > MOST_FILES ? [...shown, [{ text: `and ${files.length - MOST_FILES} more` }]] : shown;
}
