/**
 * Which files the first acknowledged save made, and how long they stand. Pure.
 *
 * While they stand, a crash state without them is a state from before that save: the crash took the save back. Later the store itself may
 * have moved them away; then a load that finds nothing has lost the value, whatever the crash took.
 */
import { canonicalPath } from '../domain/names.ts';
import type { Trace } from '../domain/trace.ts';

export interface FirstSave {
  /** Whether the run made the file at this path. The path may be of another run of the same ops. */
  readonly isOwn: (path: string) => boolean;
  /** The last boundary at which all files that the save left still exist. */
  readonly standsUntil: number;
}

/** `acknowledged`: the boundary at which the save had resolved; undefined if none did. */
export function firstSaveOf({ trees, variation }: Pick<Trace, 'trees' | 'variation'>, acknowledged: number | undefined): FirstSave {
  const inEveryRun = (path: string): string => canonicalPath(path, variation.names);
  const start = trees[0] ?? new Map();
  const before = new Set([...start.keys()].map(inEveryRun));
  const isOwn = (path: string): boolean => !before.has(inEveryRun(path));
  if (acknowledged === undefined) return { isOwn, standsUntil: trees.length };
  const made = [...(trees[acknowledged]?.keys() ?? [])].filter((path) => !start.has(path));
  const gone = trees.findIndex((tree, at) => at > acknowledged && made.some((path) => !tree.has(path)));
  return { isOwn, standsUntil: gone < 0 ? trees.length : gone - 1 };
}
