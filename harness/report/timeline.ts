/**
 * A run op by op, with the place where it was killed: what `replay` shows.
 *
 *     3  o  stat sessions.json                                      src/atomic-write.ts:9
 *   * 4  E  rename sessions.json -> sessions.json.bak.<time>        src/strategies/rename-away.ts:18
 *   ── killed here, after op 4 ──
 *
 * `*` marks ops that changed what is on disk, `lost` those that the power cut took; letters are those of the picture; what
 * comes after the crash is dimmed.
 */

import type { Mark, Op, Step, Tree } from '../domain/trace.ts';
import { printable, withCommas } from '../domain/words.ts';
import { markText, opText } from '../explain/op-text.ts';
import { type Colors, toColors } from './colors.ts';
import { longest } from './lay-out.ts';
import { siteText } from './moment.ts';
import { paintLetters } from './picture.ts';

/** After op `op`, or with `bytes` inside it. Op 0: before the first. */
interface Boundary {
  readonly op: number;
  readonly bytes?: number;
}

export interface TimelineInput {
  readonly ops: readonly Op[];
  readonly marks: readonly Mark[];
  /** `trees[k]` is what was on disk after op k; the same object where nothing changed. */
  readonly trees?: readonly Tree[];
  readonly at: Boundary;
  /** The crash there: `killed here`, `the power went here`. Absent where the run ended by itself. */
  readonly crash?: string;
  /** Ops of which something is not on disk after the power was lost. */
  readonly lost?: ReadonlySet<number>;
  /** The picture of the cell. */
  readonly picture: string;
  /** The boundary that each letter of the picture stands for. Without it, letters are shown only if there is one per op and one before. */
  readonly boundaries?: readonly Boundary[];
  /** The steps of the scenario, to name the marks. */
  readonly steps?: readonly Step[];
}

/** Stands below timelines. */
export const timelineLegend = (colors: boolean | Colors): string => toColors(colors).dim('  *  changed what is on disk');

export function timeline(input: TimelineInput, colors: boolean | Colors): string {
  const paint = toColors(colors);
  const { at, ops } = input;
  const line = opLines(input, paint);
  const lines: string[] = [];
  const inside = at.bytes !== undefined;
  /** A kill at the boundary after op k comes as late as it can: what settled before op k+1 had settled. */
  const isBefore = (mark: Mark): boolean => (inside ? mark.afterOp < at.op : mark.afterOp <= at.op);
  const marksAfter = (op: number): void => {
    for (const mark of input.marks.filter((one) => one.afterOp === op)) {
      const text = `  ── ${markText(mark, input.steps)} ──`;
      lines.push(isBefore(mark) ? paint.bold(text) : paint.dim(text));
    }
  };
  if (inside && at.op === 0) throw new Error('there is no op 0 to be killed inside of');
  for (let op = 0; op <= ops.length; op += 1) {
    if (op > 0) lines.push(line(op, op > at.op));
    if (inside && op === at.op) lines.push(paint.bold(paint.red(crashText(input))));
    marksAfter(op);
    if (!inside && op === at.op) lines.push(paint.bold(paint.red(crashText(input))));
  }
  return lines.join('\n');
}

function opLines({ ops, picture, boundaries, trees, lost }: TimelineInput, colors: Colors): (op: number, dimmed: boolean) => string {
  const texts = ops.map((op) => printable(opText(op)));
  const letters = lettersOfOps(ops.length, picture, boundaries);
  const [indexWidth, letterWidth, textWidth] = [String(ops.length).length, longest(letters), longest(texts)];
  return (number, dimmed) => {
    const op = ops[number - 1];
    const text = texts[number - 1] ?? '';
    const letter = letters[number] ?? '';
    const changed = trees !== undefined && trees[number] !== trees[number - 1] ? '*' : ' ';
    const isLost = lost?.has(number) ?? false;
    const lostMark = lost === undefined || lost.size === 0 ? '' : isLost ? 'lost ' : '     ';
    const start = `  ${lostMark}${changed} ${String(number).padStart(indexWidth)}  `;
    const gap = ' '.repeat(letterWidth - letter.length + (letterWidth > 0 ? 2 : 0));
    const site = op?.site === undefined ? '' : printable(siteText(op.site));
    const end = site === '' ? text : `${text.padEnd(textWidth)}   ${site}`;
    if (isLost) return colors.red(`${start}${letter}${gap}${end}`);
    if (dimmed) return colors.dim(`${start}${letter}${gap}${end}`);
    return `${start}${paintLetters(letter, '', colors)}${gap}${site === '' ? end : `${text.padEnd(textWidth)}   ${colors.cyan(site)}`}`;
  };
}

/** For each op the letters of the boundaries inside it and of the one after it; a run of one letter inside an op is shown once. */
function lettersOfOps(ops: number, picture: string, boundaries: readonly Boundary[] | undefined): string[] {
  if (boundaries === undefined) return picture.length === ops + 1 ? [...picture] : [];
  const letters: string[] = Array.from({ length: ops + 1 }, () => '');
  for (const [index, { op, bytes }] of boundaries.entries()) {
    const letter = picture[index] ?? '';
    const before = letters[op] ?? '';
    if (bytes === undefined || !before.endsWith(letter)) letters[op] = before + letter;
  }
  return letters;
}

function crashText({ at, crash }: TimelineInput): string {
  if (crash === undefined) return '  ── the run ended here; nothing was killed ──';
  if (at.bytes !== undefined) return `  ── ${crash}, ${withCommas(at.bytes)} bytes into op ${at.op} ──`;
  return `  ── ${crash}, ${at.op === 0 ? 'before op 1' : `after op ${at.op}`} ──`;
}
