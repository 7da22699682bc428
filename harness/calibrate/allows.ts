/**
 * Whether a profile may leave exactly this tree: asked of what a real file system left, without listing all that it may leave.
 *
 * The names come first: where they are logged, each end of the log fixes which inode is shown where; where they are free, they are
 * searched (`free-names.ts`). Then each inode that is shown must be able to look so with the same end of the log (`inode-fit.ts`).
 */
import type { Entry, Trace, Tree } from '../domain/trace.ts';
import { historyOf } from '../persistence/actions.ts';
import { withChanges } from '../persistence/disk.ts';
import type { Unit } from '../persistence/micro-op.ts';
import type { Namespace } from '../persistence/namespace.ts';
import { Pieces } from '../persistence/pieces.ts';
import type { Profile } from '../persistence/profile.ts';
import { FreeNames } from './free-names.ts';
import { InodeFit } from './inode-fit.ts';

/** Throws NotReplayable where the model cannot follow the trace, and Undecided where the search would be too long. */
export function allows(trace: Trace, profile: Profile, boundary: number, tree: Tree, options: { readonly unit?: Unit } = {}): boolean {
  const history = historyOf(trace, options.unit);
  if (!Number.isInteger(boundary) || boundary < 0 || boundary > history.actions.length)
    throw new RangeError(`there is no boundary ${boundary}: the trace has ${history.actions.length} ops`);
  const pieces = new Pieces(history.start, profile);
  for (const action of history.actions.slice(0, boundary)) for (const _ of pieces.carryOut(action));
  return new TreeFit(pieces, tree).possible();
}

/**
 * The same where somebody else says which names may be there, and how far the log goes with them: as of the commit that they stand on.
 */
export function allowsWithNames(
  trace: Trace,
  profile: Profile,
  boundary: number,
  tree: Tree,
  names: Iterable<{ readonly namespace: Namespace; readonly commit: number }>,
): boolean {
  const history = historyOf(trace);
  const pieces = new Pieces(history.start, profile);
  const ends = [0];
  for (const action of history.actions.slice(0, boundary)) {
    for (const _ of pieces.carryOut(action));
    ends.push(pieces.logEnd);
  }
  const fit = new TreeFit(pieces, tree);
  for (const { namespace, commit } of names) if (fit.possibleWith(namespace, ends[commit] ?? 0)) return true;
  return false;
}

class TreeFit {
  readonly #pieces: Pieces;
  readonly #tree: Tree;
  readonly #inodeFits = new Map<string, InodeFit>();

  constructor(pieces: Pieces, tree: Tree) {
    this.#pieces = pieces;
    this.#tree = tree;
  }

  possible(): boolean {
    const { profile } = this.#pieces;
    switch (profile.metadata) {
      case 'logged':
        return this.#logged();
      case 'free':
        return this.#free();
      default:
        return profile.metadata satisfies never;
    }
  }

  possibleWith(namespace: Namespace, logEnd: number): boolean {
    const shown = this.#shown(namespace);
    return shown !== undefined && this.#allFit(shown, logEnd);
  }

  /** Every end of the log, the latest first. */
  #logged(): boolean {
    const { names, disk, logEnd, durableLog } = this.#pieces;
    const namespaces = [disk.namespace];
    for (const { changes } of names) namespaces.push(withChanges(namespaces.at(-1) ?? disk.namespace, changes));
    for (let kept = names.length; kept >= 0; kept -= 1) {
      const shown = this.#shown(namespaces[kept] ?? disk.namespace);
      if (shown === undefined) continue;
      const first = kept === 0 ? durableLog : (names[kept - 1]?.position ?? 0);
      for (let end = (names[kept]?.position ?? logEnd + 1) - 1; end >= first; end -= 1) if (this.#allFit(shown, end)) return true;
    }
    return false;
  }

  #free(): boolean {
    const allFit = (namespace: Namespace): boolean => {
      const shown = this.#shown(namespace);
      return shown !== undefined && this.#allFit(shown, 0);
    };
    return new FreeNames(this.#pieces, this.#tree, { inode: (inode, entry) => this.#fits(inode, entry, 0), names: allFit }).possible();
  }

  /** What each inode has to look like with these names; undefined if they are not those of the tree. */
  #shown(namespace: Namespace): ReadonlyMap<number, Entry> | undefined {
    const { inodeTable: world } = this.#pieces;
    const shown = new Map<number, Entry>();
    let paths = 0;
    for (const [path, inode] of namespace.paths(world.names)) {
      const entry = this.#tree.get(path);
      const other = shown.get(inode);
      if (entry === undefined || entry.kind !== this.#pieces.disk.inode(inode).kind) return undefined;
      if (other !== undefined && looksOf(other) !== looksOf(entry)) return undefined; // under two names, it is still one
      shown.set(inode, entry);
      paths += 1;
    }
    return paths === this.#tree.size ? shown : undefined;
  }

  #allFit(shown: ReadonlyMap<number, Entry>, logEnd: number): boolean {
    for (const [inode, entry] of shown) if (!this.#fits(inode, entry, logEnd)) return false;
    return true;
  }

  #fits(inode: number, entry: Entry, logEnd: number): boolean {
    const key = `${inode} ${looksOf(entry)}`;
    const { files, disk, inodeTable: world } = this.#pieces;
    const fit = this.#inodeFits.get(key) ?? new InodeFit(disk.inode(inode), files.get(inode) ?? [], entry, world.unit);
    this.#inodeFits.set(key, fit);
    return fit.possible(logEnd);
  }
}

/** Two entries have the same exactly if they look the same. */
function looksOf(entry: Entry): string {
  switch (entry.kind) {
    case 'file':
      return `${entry.mode} ${entry.hash}`;
    case 'directory':
    case 'other':
      return `${entry.mode}`;
    case 'symlink':
      return entry.target;
    default:
      return entry satisfies never;
  }
}
