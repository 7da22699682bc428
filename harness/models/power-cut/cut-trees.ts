/**
 * Deduplicates the trees of several runs. Two trees are equal if they differ only in what varies from run to run: names of temp files,
 * times, process ids, nonces. If a file's contents vary, its size and its number of zero bytes show whether something is missing.
 */
import { canonicalPath } from '../../domain/names.ts';
import type { Entry, Trace, Tree, Variation } from '../../domain/trace.ts';
import { hashBytes, maskContents, maskTarget } from '../../domain/tree.ts';
import type { CutRun, CutTree } from './cuts.ts';

export class CutTrees {
  readonly #trace: Trace;
  readonly #found = new Map<string, CutTree>();

  /** `trace`: the recording that all runs follow. */
  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** Call in a stable order of runs: a state takes its id from the first run that has it. */
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

  /** Each tree once per set of acknowledged steps, at the first boundary where it was left, in boundary order. */
  states(): CutTree[] {
    return [...this.#found.values()].sort((a, b) => a.boundary - b.boundary);
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
