/** The head of the page, with what is looked up in it. */
import { groupedByEach } from '../../domain/grouped.ts';
import type { PageCause, PageCell, PageHead } from './data.ts';

export interface Report {
  readonly head: PageHead;
  readonly cells: ReadonlyMap<string, PageCell>;
  /** The causes that show in a cell. */
  readonly causesIn: ReadonlyMap<string, readonly PageCause[]>;
}

export function reportOf(head: PageHead): Report {
  const causesIn = groupedByEach(head.causes, ({ cells }) => cells);
  return { head, causesIn, cells: new Map(head.cells.map((cell) => [cell.id, cell])) };
}
