/**
 * Sets of barriers that may mend all cells of a cause, the cheapest first: fewer barriers before more; then those that are known to mend more
 * of the cells; then files before directories, whose fsync may write the journal of all the file system.
 */

import type { MissingBarrierLine } from '../domain/result.ts';
import { barrierPlace } from '../explain/cause-mend.ts';

/** Of more barriers only all of them are tried. */
const SUBSETS_UP_TO = 4;

/** `ofCells`: for each cell that was mended alone, its barriers: there are none that are fewer. */
export function barrierSets(
  all: readonly MissingBarrierLine[],
  ofCells: readonly (readonly MissingBarrierLine[])[],
): (readonly MissingBarrierLine[])[] {
  if (all.length > SUBSETS_UP_TO) return [all];
  const least = Math.max(1, ...ofCells.map((own) => new Set(own.map(barrierPlace)).size));
  const subsets = Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((__, at) => (bits >> at) % 2 === 1));
  const mends = (subset: readonly MissingBarrierLine[]): number => {
    const places = new Set(subset.map(barrierPlace));
    return ofCells.filter((own) => own.every((one) => places.has(barrierPlace(one)))).length;
  };
  const directories = (subset: readonly MissingBarrierLine[]): number => subset.filter(({ target }) => target === 'directory').length;
  return subsets
    .filter(({ length }) => length >= least)
    .sort((one, other) => one.length - other.length || mends(other) - mends(one) || directories(one) - directories(other));
}
