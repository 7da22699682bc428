/**
 * A cell's picture: one letter per boundary, wrapped, coloured, explained. It is never cut short.
 */
import { OUTCOME_NAMES, OUTCOMES } from '../domain/outcomes.ts';
import type { CellResult } from '../domain/result.ts';
import type { Colors } from './colors.ts';
import { longest, pieces, wrapWords } from './lay-out.ts';
import { NOT_MEASURED, outcomeOfLetter, paintFolded, paintOutcome } from './outcomes.ts';

/** The letters of a cell; one `?` where nothing was judged. Random histories that were judged have none. */
export function lettersOf({ picture, histories, states }: CellResult): string {
  if (picture !== '') return picture;
  return histories !== undefined && states > 0 ? '' : NOT_MEASURED;
}

/** The picture in lines of at most `width` letters, coloured. Boundaries that were folded into the one before are fainter. */
export function pictureLines(cell: CellResult, width: number, colors: Colors): string[] {
  const folds = pieces(cell.folds ?? '', width);
  return pieces(lettersOf(cell), width).map((letters, line) => paintLetters(letters, folds[line] ?? '', colors));
}

/** Runs of the same letter share one colour code. */
export function paintLetters(letters: string, folds: string, colors: Colors): string {
  let painted = '';
  for (let start = 0; start < letters.length; ) {
    const folded = folds[start] === '=';
    let end = start + 1;
    while (end < letters.length && letters[end] === letters[start] && (folds[end] === '=') === folded) end += 1;
    const paint = folded ? paintFolded : paintOutcome;
    painted += paint(outcomeOfLetter(letters[start] ?? ''), letters.slice(start, end), colors);
    start = end;
  }
  return painted;
}

const UNKNOWN = 'not measured';

/** What the letters mean, for each that occurs. */
export function legend(cells: readonly CellResult[], colors: Colors, columns = Number.POSITIVE_INFINITY): string[] {
  const seen = new Set(cells.flatMap((cell) => [...lettersOf(cell)]));
  const outcomes = OUTCOME_NAMES.filter((outcome) => seen.has(OUTCOMES[outcome].letter));
  const unknown = seen.has(NOT_MEASURED);
  const width = longest([...outcomes, unknown ? UNKNOWN : '']);
  const lines = outcomes.flatMap((outcome) => {
    const { letter, meaning } = OUTCOMES[outcome];
    const [first = '', ...rest] = wrapWords(meaning, columns - width - 7);
    const head = `  ${paintOutcome(outcome, letter, colors)}  ${paintOutcome(outcome, outcome.padEnd(width), colors)}`;
    return [`${head}  ${first}`, ...rest.map((line) => `${' '.repeat(width + 7)}${line}`)];
  });
  if (unknown) lines.push(`  ${colors.yellow(NOT_MEASURED)}  ${colors.yellow(UNKNOWN)}`);
  if (colors.isColorSupported && cells.some((cell) => cell.folds?.includes('='))) {
    lines.push(`  ${colors.dim('faint: nothing on disk changed since the letter before')}`);
  }
  return lines;
}
