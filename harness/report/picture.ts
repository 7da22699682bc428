/**
 * A cell's picture: one letter per boundary, wrapped, coloured, explained. It is never cut short.
 */
import { OUTCOME_NAMES, OUTCOMES, type Outcome } from '../domain/outcomes.ts';
import type { CellResult } from '../domain/result.ts';
import type { Colors } from './colors.ts';
import { BETWEEN, joinWithin, longest, pieces, wrapWords } from './lay-out.ts';
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

interface Letter {
  readonly letter: string;
  readonly name: string;
  /** What it stands for, where the name does not say it. */
  readonly meaning?: string;
  readonly outcome?: Outcome;
}

/** Each letter that occurs. */
function lettersIn(cells: readonly CellResult[]): Letter[] {
  const seen = new Set(cells.flatMap((cell) => [...lettersOf(cell)]));
  return [
    ...OUTCOME_NAMES.map((outcome) => ({ outcome, name: outcome, letter: OUTCOMES[outcome].letter, meaning: OUTCOMES[outcome].meaning })),
    { letter: NOT_MEASURED, name: UNKNOWN },
  ].filter(({ letter }) => seen.has(letter));
}

/** What the letters mean, for each that occurs: a line for each. */
export function legend(cells: readonly CellResult[]): string[] {
  const letters = lettersIn(cells);
  const width = longest(letters.map(({ name }) => name));
  return letters.map(({ letter, name, meaning = '' }) => `${letter}  ${name.padEnd(width)}  ${meaning}`.trimEnd());
}

/** The same, as many to a line as there is room for. */
export function legendLines(cells: readonly CellResult[], columns: number, colors: Colors): string[] {
  const letters = lettersIn(cells).map(({ letter, name, meaning, outcome }) => {
    const head = `${letter} ${name}`;
    const lines = wrapWords(meaning === undefined ? head : `${head}: ${meaning}`, columns);
    const paint = (line: string): string => paintOutcome(outcome, head, colors) + colors.dim(line.slice(head.length));
    return { lines, paint };
  });
  const paints = new Map(letters.map(({ lines: [first], paint }) => [first, paint]));
  const folded = colors.isColorSupported && cells.some((cell) => cell.folds?.includes('='));
  const painted = joinWithin(
    letters.flatMap(({ lines }) => lines),
    columns,
  ).map((line) =>
    line
      .split(BETWEEN)
      .map((text) => (paints.get(text) ?? colors.dim)(text))
      .join(colors.dim(BETWEEN)),
  );
  return [...painted, ...(folded ? [colors.dim('faint: nothing on disk changed since the letter before')] : [])];
}
