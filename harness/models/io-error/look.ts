import type { Trace } from '../../domain/trace.ts';
import type { Look } from '../../record/fault.ts';

/** What stood at the paths of the directory right before an op of a run. */
export function lookBefore({ trees }: Pick<Trace, 'trees'>, op: number): Look {
  const tree = trees[op - 1];
  return (path) => {
    const entry = tree?.get(path);
    return entry === undefined ? undefined : entry.kind === 'directory' ? 'directory' : 'other';
  };
}
