/** Which recoveries go alike, as far as a second crash can show. */
import { canonicalPath } from '../../domain/names.ts';
import type { Outcome } from '../../domain/store.ts';
import type { NameRule, Tree } from '../../domain/trace.ts';

/** By the outcome and the kinds of files: a file's name and whether it is empty count, its size does not, nor how many there are of a kind. */
export function wayToRecover(tree: Tree, outcome: Outcome, names: readonly NameRule[]): string {
  const files = [...tree].map(([path, entry]) => {
    const kind = entry.kind === 'file' && entry.bytes.length === 0 ? 'empty' : entry.kind;
    return `${canonicalPath(path, names)} ${kind}`;
  });
  return JSON.stringify([outcome, [...new Set(files)].sort()]);
}
