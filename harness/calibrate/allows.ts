/**
 * Whether a profile allows exactly this tree, which a real file system left: found by search, without enumerating all states.
 *
 * Names first: if they are logged, each end of the log determines which inode is visible where; if they are free, they are searched
 * (`free-names.ts`). Then each visible inode must be able to match its entry with the same end of the log (`inode-fit.ts`).
 */
import type { Entry, Trace, Tree } from '../domain/trace.ts';
import { withChanges } from '../persistence/disk.ts';
import type { Unit } from '../persistence/micro-op.ts';
import { historyOf } from '../persistence/micro-op-history.ts';
import type { Namespace } from '../persistence/namespace.ts';
import { Pieces } from '../persistence/pieces.ts';
import type { Profile } from '../persistence/profile.ts';
import { FreeNames } from './free-names.ts';
import { InodeFit } from './inode-fit.ts';

/** Throws NotReplayable if the model cannot follow the trace, and Undecided if the search takes too long. */
export function allows(trace: Trace, profile: Profile, boundary: number, tree: Tree, options: { readonly unit?: Unit } = {}): boolean {
  const history = historyOf(trace, options.unit);
  if (!Number.isInteger(boundary) || boundary < 0 || boundary > history.actions.length)
    throw new RangeError(`there is no boundary ${boundary}: the trace has ${history.actions.length} ops`);
  const pieces = new Pieces(history.start, profile);
  for (const action of history.actions.slice(0, boundary)) for (const _ of pieces.carryOut(action));
  return new TreeFit(pieces, tree).possible();
}

/**
 * The same for given sets of names, each with the commit that it is based on; the log ends at that commit.
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

  /** Tries every end of the log, the latest first. */
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

  /** The entry that each inode must match under these names; undefined if the names are not the tree's. */
  #shown(namespace: Namespace): ReadonlyMap<number, Entry> | undefined {
    const { inodeTable: world } = this.#pieces;
    const shown = new Map<number, Entry>();
    let paths = 0;
    for (const [path, inode] of namespace.paths(world.names)) {
      const entry = this.#tree.get(path);
      const known = shown.get(inode);
      if (entry === undefined || entry.kind !== this.#pieces.disk.inode(inode).kind) return undefined;
      if (known !== undefined && looksOf(known) !== looksOf(entry)) return undefined; // one inode, so equal under both names
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

/** A key: equal if and only if the entries look the same. */
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
