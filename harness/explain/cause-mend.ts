/**
 * The barriers that a cause lacks over all its cells: a file system that writes more by itself needs fewer of them than another one.
 *
 * A barrier only takes states away that a power cut may leave, so what mends one cell may be added in the others. Each cell was explored
 * with its own barriers; where one cell needs more than another one, all of them together were explored in that cell at most.
 */
import { groupedBy } from '../domain/grouped.ts';
import type { CellMend, MissingBarrierLine } from '../domain/result.ts';
import { mendText } from './mend-text.ts';
import { withoutBytes } from './op-text.ts';

type Mended = Extract<CellMend, { kind: 'mended' }>;

export interface CauseMend {
  readonly text: string;
  /** In the order of the run. */
  readonly barriers: readonly MissingBarrierLine[];
}

/** `mends`: of the cells of the cause, in any order that is the same in every run. Undefined where none was mended. */
export function causeMend(mends: readonly CellMend[]): CauseMend | undefined {
  const mended = mends.filter((mend): mend is Mended => mend.kind === 'mended');
  if (mended.length === 0) return undefined;
  const union = [
    ...groupedBy(
      mended.flatMap(({ barriers }) => barriers),
      barrierPlace,
    ).values(),
  ].map(([barrier]) => barrier);
  const inOneCell = mended.find(({ barriers }) => new Set(barriers.map(barrierPlace)).size === union.length);
  if (inOneCell !== undefined) return { text: mendText(inOneCell), barriers: inOneCell.barriers };
  const coverage = mended.some((one) => one.coverage === 'sampled') ? 'sampled' : 'exhaustive';
  const barriers = [...union].sort((one, other) => (one.after?.index ?? 0) - (other.after?.index ?? 0));
  return {
    text: `${mendText({ kind: 'mended', barriers, coverage })} (each cell was explored with its own of them, none with all)`,
    barriers,
  };
}

/** The same for one barrier in every cell: what is forced, and the line that it follows. */
export function barrierPlace({ target, path, after }: MissingBarrierLine): string {
  const { site, text } = after ?? {};
  return [target, path, site === undefined ? withoutBytes(text ?? '') : `${site.file}:${site.line}:${site.column}`].join('\0');
}
