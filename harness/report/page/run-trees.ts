/** The trees of a run. */
import type { Run } from '../../domain/evidence.ts';

/** The id of the tree after so many ops; undefined of tasks before their end. */
export function treeAfter({ start, ops }: Run, at: number): string | undefined {
  return ops.slice(0, at).findLast(({ tree }) => tree !== undefined)?.tree ?? start;
}
