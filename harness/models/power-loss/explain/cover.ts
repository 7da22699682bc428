/**
 * Minimum set cover: exact up to three sets, greedy beyond.
 *
 * Every cover contains a set with the rarest element, so the search branches only on those sets. Sets are tried in the given order,
 * so among covers of equal size earlier sets are preferred.
 */

/** Covers up to this size are proven to be the smallest. */
const EXACT_UP_TO = 3;

/** A set of the elements 0 … n-1. */
export type Row = Uint8Array;

export type Cover =
  | { readonly kind: 'covered'; readonly chosen: readonly number[]; readonly smallest: 'proven' | 'greedy' }
  /** No set has this element. */
  | { readonly kind: 'uncovered'; readonly element: number }
  /** The covers found are excluded or too large. */
  | { readonly kind: 'none'; readonly because: 'excluded' | 'too-large' };

/** `max`: the largest acceptable cover. `excluded`: whether a cover is known not to work. */
export function smallestCover(
  rows: readonly Row[],
  count: number,
  max: number,
  excluded: (chosen: readonly number[]) => boolean = () => false,
): Cover {
  for (let element = 0; element < count; element += 1) {
    if (!rows.some((row) => row[element] === 1)) return { kind: 'uncovered', element };
  }
  for (let size = 1; size <= Math.min(max, EXACT_UP_TO); size += 1) {
    const chosen = exactCover(rows, new Uint8Array(count), size, [], excluded);
    if (chosen !== undefined) return { kind: 'covered', chosen, smallest: 'proven' };
  }
  const chosen = pruned(rows, count, greedyCover(rows, count));
  if (chosen.length > max) return { kind: 'none', because: 'too-large' };
  return excluded(chosen) ? { kind: 'none', because: 'excluded' } : { kind: 'covered', chosen, smallest: 'greedy' };
}

function exactCover(
  rows: readonly Row[],
  covered: Row,
  left: number,
  chosen: readonly number[],
  excluded: (chosen: readonly number[]) => boolean,
): readonly number[] | undefined {
  const pivot = rarest(rows, covered);
  if (pivot === undefined) return excluded(chosen) ? undefined : chosen;
  if (left === 0) return undefined;
  for (const [index, row] of rows.entries()) {
    if (row[pivot] !== 1) continue;
    const more = exactCover(rows, union(covered, row), left - 1, [...chosen, index], excluded);
    if (more !== undefined) return more;
  }
  return undefined;
}

/** The uncovered element that the fewest rows contain; undefined if all are covered. */
function rarest(rows: readonly Row[], covered: Row): number | undefined {
  const first = covered.indexOf(0);
  if (first < 0) return undefined;
  let [best, fewest] = [first, Number.POSITIVE_INFINITY];
  for (let element = first; element < covered.length; element += 1) {
    if (covered[element] === 1) continue;
    let owners = 0;
    for (const row of rows) if (row[element] === 1) owners += 1;
    if (owners < fewest) [best, fewest] = [element, owners];
  }
  return best;
}

function union(a: Row, b: Row): Row {
  const both = a.slice();
  for (let element = 0; element < both.length; element += 1) if (b[element] === 1) both[element] = 1;
  return both;
}

/** Repeatedly takes the set that adds the most elements. Every element must be in some set. */
function greedyCover(rows: readonly Row[], count: number): readonly number[] {
  const chosen: number[] = [];
  let covered: Row = new Uint8Array(count);
  while (covered.includes(0)) {
    const gains = rows.map((row) => row.reduce((gain, has, element) => gain + (has === 1 && covered[element] === 0 ? 1 : 0), 0));
    const best = gains.indexOf(Math.max(...gains));
    chosen.push(best);
    covered = union(covered, rows[best] ?? covered);
  }
  return chosen;
}

/** Drops sets whose elements are covered by the others, the last chosen first. */
function pruned(rows: readonly Row[], count: number, chosen: readonly number[]): readonly number[] {
  return chosen.reduceRight<readonly number[]>((kept, candidate) => {
    const others = kept.filter((index) => index !== candidate);
    const covered = others.reduce((all: Row, index) => union(all, rows[index] ?? all), new Uint8Array(count));
    return covered.includes(0) ? kept : others;
  }, chosen);
}
