/**
 * One queue per store path: tasks of this process run one after the other, in the order of the calls.
 * The lock file excludes other processes; without the queue, tasks of one process would compete for it by polling.
 */
const lastInLine = new Map<string, Promise<unknown>>();

/** Runs `task` when all earlier tasks for `path` (absolute) have settled, whether they succeeded or not. */
export function inTurn<Result>(path: string, task: () => Promise<Result>): Promise<Result> {
  const result = (lastInLine.get(path) ?? Promise.resolve()).then(task);
  const settled = result.then(
    () => {},
    () => {},
  );
  lastInLine.set(path, settled);
  void settled.then(() => {
    if (lastInLine.get(path) === settled) lastInLine.delete(path);
  });
  return result;
}
