/** File modes: was a file, at some boundary, readable by more users than the one it replaced? Pure. */
import type { Trace, Tree } from '../domain/trace.ts';

const READABLE_BY_OTHERS = 0o044;

/** In a tree that a crash of this run left: the path of a file that is readable by users who could not read the file that stood there, or will be replaced by it. */
export function exposure(trace: Trace): (tree: Tree) => string | undefined {
  const limits = limitsOf(trace);
  return (tree) => {
    for (const [path, limit] of limits) {
      const mode = fileMode(tree, path);
      if (mode !== undefined && (mode & READABLE_BY_OTHERS & ~limit) !== 0 && !isEmptyFile(tree, path)) return path;
    }
    return undefined;
  };
}

/** Path -> the read bits that its content may have: those of the file that the path held first, or of the file that it is renamed over. */
function limitsOf(trace: Trace): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  const first = trace.trees[0] ?? new Map();
  for (const path of first.keys()) {
    const mode = fileMode(first, path);
    if (mode !== undefined) limits.set(path, mode & READABLE_BY_OTHERS);
  }
  // From the last rename to the first, so that a file that gets to its place over another name is followed all the way.
  for (const op of trace.ops.toReversed()) {
    const limit = op.call === 'rename' && op.error === undefined && op.to !== undefined ? limits.get(op.to.actual) : undefined;
    if (limit !== undefined) limits.set(op.file.actual, limit);
  }
  return limits;
}

function fileMode(tree: Tree, path: string): number | undefined {
  const entry = tree.get(path);
  return entry?.kind === 'file' ? entry.mode : undefined;
}

function isEmptyFile(tree: Tree, path: string): boolean {
  const entry = tree.get(path);
  return entry?.kind === 'file' && entry.bytes.length === 0;
}
