/**
 * What the cells note, each note once with the cells that it is about.
 */
import { cellName } from '../domain/case-id.ts';
import type { CellResult, Result } from '../domain/result.ts';
import { withCommas } from '../domain/words.ts';
import { isSampled, triedOf } from './tried.ts';

export interface Note {
  readonly text: string;
  readonly cells: readonly string[];
}

/** `inWords` writes a note as the report shows it: notes that it writes alike are one. */
export function notesOf(result: Result, inWords: (note: string) => string = (note) => note): Note[] {
  const cells = new Map<string, string[]>();
  for (const cell of result.cells) {
    for (const note of new Set([...sampling(cell), ...cell.notes].map(inWords)))
      cells.set(note, [...(cells.get(note) ?? []), cellName(cell)]);
  }
  return [...cells].map(([text, about]) => ({ text, cells: about }));
}

function sampling(cell: CellResult): string[] {
  if (isSampled(cell)) return ['sampled: not every state of power loss was judged; --effort deep or --states judges more'];
  const inside = triedOf([cell], 'kills').flatMap(({ sampled }) => sampled ?? []);
  return inside.map(({ tried, of }) => `sampled: ${withCommas(tried)} of ${withCommas(of)} points inside writes and copies were tried`);
}

/** `rename-away/replace/process-kill and 7 more`. */
export function aboutCells({ cells }: Note): string {
  const [first = ''] = cells;
  return cells.length === 1 ? first : `${first} and ${cells.length - 1} more`;
}
