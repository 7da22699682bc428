/** The head of the page, with what is looked up in it. */
import type { PageCause, PageCell, PageHead } from './data.ts';

export interface Report {
  readonly head: PageHead;
  readonly cells: ReadonlyMap<string, PageCell>;
  /** The causes that show in a cell. */
  readonly causesIn: ReadonlyMap<string, readonly PageCause[]>;
}

export function reportOf(head: PageHead): Report {
  const causesIn = new Map<string, PageCause[]>();
  for (const cause of head.causes)
    for (const cell of cause.cells) {
      const others = causesIn.get(cell);
      if (others === undefined) causesIn.set(cell, [cause]);
      else others.push(cause);
    }
  return { head, causesIn, cells: new Map(head.cells.map((cell) => [cell.id, cell])) };
}
