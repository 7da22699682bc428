/** Does work for all items at the same time. `onDone` receives the number of those that are done. Results are in the order of the items. */
export function allCounted<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  onDone: (done: number) => void,
): Promise<Result[]> {
  let done = 0;
  return Promise.all(
    items.map(async (item) => {
      const result = await work(item);
      done += 1;
      onDone(done);
      return result;
    }),
  );
}
