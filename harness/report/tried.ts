/** What was tried in cells, by its kind. A cell in which nothing could be judged has none. */
import type { CellResult, Tried } from '../domain/result.ts';

/** Of those cells in which this kind of thing was tried. */
export function triedOf<Kind extends Tried['kind']>(cells: readonly CellResult[], kind: Kind): Extract<Tried, { kind: Kind }>[] {
  return cells.flatMap(({ tried }) => (isOf(tried, kind) ? [tried] : []));
}

function isOf<Kind extends Tried['kind']>(tried: Tried | undefined, kind: Kind): tried is Extract<Tried, { kind: Kind }> {
  return tried?.kind === kind;
}

/** Whether not all states were judged that a persistence profile allows. */
export function isSampled({ tried }: CellResult): boolean {
  switch (tried?.kind) {
    case 'states':
      return tried.explored.pages.kind === 'sampled' || tried.explored.sectors?.kind === 'sampled';
    case 'kills':
    case 'quits':
    case 'cuts':
    case 'faults':
    case 'starts':
    case 'schedules':
    case undefined:
      return false;
    default:
      return tried satisfies never;
  }
}
