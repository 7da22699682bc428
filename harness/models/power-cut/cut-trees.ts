/**
 * Which trees of several runs are the same: those with the same files, but for what each run makes up afresh (names of temp files, times,
 * process ids, nonces). Where a file's contents are made up, its size and its zeros tell whether something is missing.
 */
import { canonicalPath } from '../../domain/names.ts';
import type { Entry, Trace, Tree, Variation } from '../../domain/trace.ts';
import { hashBytes, maskContents, maskTarget } from '../../domain/tree.ts';
import type { CutRun, CutTree } from './cuts.ts';

export class CutTrees {
  readonly #trace: Trace;
  readonly #found = new Map<string, CutTree>();

  /** The recording that all runs follow. */
  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** To be told of the runs in the same order each time: a state is named after the first that has it. */
  add({ cuts, trees, force, pid }: CutRun): void {
    const keys = trees.map((tree) => keyOf(tree, pid, this.#trace.variation));
    for (const { boundary, image } of cuts) {
      const tree = trees[image];
      if (tree === undefined) continue;
      const key = `${this.#promise(boundary)} ${keys[image]}`;
      const known = this.#found.get(key);
      if (known === undefined || boundary < known.boundary) this.#found.set(key, { boundary, force, tree, pid });
    }
  }

  /** Each tree once per promise, at the first boundary where it was left, in the order of boundaries. */
  states(): CutTree[] {
    return [...this.#found.values()].sort((one, other) => one.boundary - other.boundary);
  }

  #promise(boundary: number): number {
    return this.#trace.marks.filter(({ afterOp }) => afterOp <= boundary).length;
  }
}

function keyOf(tree: Tree, pid: number, { names, contents }: Variation): string {
  const inWords = (path: string, entry: Entry): string => {
    switch (entry.kind) {
      case 'file':
        if (contents.has(path)) return `${entry.mode} ${entry.bytes.length} ${entry.bytes.filter((byte) => byte === 0).length}`;
        return `${entry.mode} ${hashBytes(maskContents(entry.bytes, pid))}`;
      case 'symlink':
        return contents.has(path) ? 'a link' : `to ${maskTarget(entry.target, pid, names)}`;
      case 'directory':
      case 'other':
        return `${entry.kind} ${entry.mode}`;
      default:
        return entry satisfies never;
    }
  };
  return [...tree]
    .map(([actual, entry]) => {
      const path = canonicalPath(actual, names);
      return `${path}: ${inWords(path, entry)}`;
    })
    .sort()
    .join('\n');
}
