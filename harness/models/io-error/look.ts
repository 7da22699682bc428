import type { Trace } from '../../domain/trace.ts';
import type { Look } from '../../record/fault.ts';

/** Looks up what existed at a path right before an op of a run. */
export function lookBefore({ trees }: Pick<Trace, 'trees'>, op: number): Look {
  const tree = trees[op - 1];
  return (path) => {
    const entry = tree?.get(path);
    return entry === undefined ? undefined : entry.kind === 'directory' ? 'directory' : 'other';
  };
}
