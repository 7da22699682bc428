/**
 * Delta debugging: a minimal part of a list for which a property still holds.
 *
 * After Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002), without the step that tries subsets,
 * since few minimal losses are that small. The result is 1-minimal: no single item can be removed. The earliest items are removed
 * first.
 */
export async function smallestPart<Item>(
  items: readonly Item[],
  stillHolds: (part: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  let part = items;
  for (let chunks = 2; part.length > 0; ) {
    const size = Math.ceil(part.length / chunks);
    let smaller: readonly Item[] | undefined;
    for (let at = 0; at < part.length && smaller === undefined; at += size) {
      const rest = [...part.slice(0, at), ...part.slice(at + size)];
      if (await stillHolds(rest)) smaller = rest;
    }
    if (smaller !== undefined) {
      part = smaller;
      chunks = Math.max(chunks - 1, 2);
    } else if (size === 1) {
      return part;
    } else {
      chunks = Math.min(chunks * 2, part.length);
    }
  }
  return part;
}
