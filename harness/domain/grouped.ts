/** A group is never empty; groups, and the items in each, stand in the order of the items. */
export type Group<Item> = readonly [Item, ...Item[]];

export function groupedBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, Group<Item>> {
  return groupedByEach(items, (item) => [keyOf(item)]);
}

/** An item is in the group of each of its keys. */
export function groupedByEach<Item>(items: Iterable<Item>, keysOf: (item: Item) => readonly string[]): Map<string, Group<Item>> {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items)
    for (const key of keysOf(item)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [item]);
      else group.push(item);
    }
  return groups;
}
