/** Orders lists of numbers of the same length by their first difference, as words are ordered: negative if `one` comes first. */
export function compareNumbers(one: readonly number[], other: readonly number[]): number {
  return one.map((value, at) => value - (other[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
