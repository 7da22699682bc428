/**
 * Whether the names of a tree can be left where each change of names is kept or lost by itself.
 *
 * Method: from the last change back to the first, with the names that are decided. A kept change decides those of its names that no
 * later one has; a name that every change to it lost is that of the durable disk. Where a name's path is known, the tree says at
 * once whether the decision can stand; directories that moved are looked at in the end.
 */
import type { Entry, Tree } from '../domain/trace.ts';
import { withChanges } from '../persistence/disk.ts';
import type { NameChange } from '../persistence/micro-op.ts';
import { keyOfName } from '../persistence/named-pieces.ts';
import { type Namespace, NOTHING, ROOT } from '../persistence/namespace.ts';
import type { Pieces } from '../persistence/pieces.ts';
import { Steps } from './steps.ts';

/** Whether an inode can look like an entry, and whether all inodes can look like the tree's entries under their names. */
interface Fits {
  readonly inode: (inode: number, entry: Entry) => boolean;
  readonly names: (namespace: Namespace) => boolean;
}

/** Where a directory is in the tree: at a path (with a slash at its end), nowhere, or it is open which. */
type DirectoryPath = { readonly kind: 'at'; readonly prefix: string } | { readonly kind: 'nowhere' } | { readonly kind: 'open' };

/** A name in a directory. */
type NameSlot = Pick<NameChange, 'directory' | 'name'>;
type Decided = ReadonlyMap<string, NameChange>;

export class FreeNames {
  readonly #pieces: Pieces;
  readonly #tree: Tree;
  readonly #fits: Fits;
  /** The first piece that changes each name, by its number. */
  readonly #first = new Map<string, number>();
  /** Of each inode, the names that may lead to it; of each name, the directories that it may lead to. */
  readonly #namesOf = new Map<number, Map<string, NameSlot>>();
  readonly #directoriesAt = new Map<string, Set<number>>();
  readonly #paths = new Map<number, DirectoryPath>();
  readonly #shared = new Map<number, boolean>();
  readonly #failed = new Set<string>();
  readonly #steps = new Steps('the names can be these');

  constructor(pieces: Pieces, tree: Tree, fits: Fits) {
    this.#pieces = pieces;
    this.#tree = tree;
    this.#fits = fits;
    for (const directory of this.#directories()) {
      for (const [name, now] of pieces.disk.namespace.entries(directory)) this.#addLink({ directory, name }, now);
    }
    for (const [number, { changes }] of pieces.names.entries()) {
      for (const change of changes) {
        if (!this.#first.has(keyOfName(change))) this.#first.set(keyOfName(change), number);
        this.#addLink(change, change.now);
      }
    }
  }

  /** Throws Undecided. */
  possible(): boolean {
    return this.#unchangedMatch() && this.#before(this.#pieces.names.length, new Map());
  }

  /** Whether the changes before `at` can be kept or lost so that all names are those of the tree. */
  #before(at: number, decided: Decided): boolean {
    const piece = this.#pieces.names[at - 1];
    if (piece === undefined) return this.#fits.names(withChanges(this.#pieces.disk.namespace, [...decided.values()]));
    const open = piece.changes.filter((change) => !decided.has(keyOfName(change)));
    if (open.length === 0) return this.#before(at - 1, decided); // it cannot be seen
    const key = `${at} ${this.#keyOf(at, decided)}`;
    if (this.#failed.has(key)) return false;
    this.#steps.take();
    const durable = open
      .filter((change) => this.#first.get(keyOfName(change)) === at - 1)
      .map((change) => ({ ...change, now: this.#pieces.disk.namespace.at(change.directory, change.name) }));
    const found = [open, durable].some(
      (changes) =>
        changes.every((change) => this.#matchesTree(change, change.now)) &&
        this.#before(at - 1, new Map([...decided, ...changes.map((change) => [keyOfName(change), change] as const)])),
    );
    if (!found) this.#failed.add(key);
    return found;
  }

  /** What of the decisions matters to those before `at`: which names are decided, and inodes that the tree could show twice. */
  #keyOf(at: number, decided: Decided): string {
    const words: string[] = [];
    for (const [name, { now }] of decided) {
      if (this.#isShared(now)) words.push(`${name}=${now}`);
      else if ((this.#first.get(name) ?? 0) < at) words.push(name);
    }
    return words.sort().join(' ');
  }

  #isShared(inode: number): boolean {
    if (inode === NOTHING) return false;
    if (this.#pieces.disk.inode(inode).kind === 'directory') return true;
    const known = this.#shared.get(inode);
    if (known !== undefined) return known;
    const seen = [...(this.#namesOf.get(inode)?.values() ?? [])].filter((place) => {
      const where = this.#pathOf(place.directory);
      return where.kind === 'open' || (where.kind === 'at' && this.#tree.has(where.prefix + this.#textOf(place)));
    });
    this.#shared.set(inode, seen.length > 1);
    return seen.length > 1;
  }

  #matchesTree(place: NameSlot, inode: number): boolean {
    const where = this.#pathOf(place.directory);
    if (where.kind !== 'at') return true;
    const entry = this.#tree.get(where.prefix + this.#textOf(place));
    if (inode === NOTHING || entry === undefined) return inode === NOTHING && entry === undefined;
    return this.#fits.inode(inode, entry);
  }

  /** Whether names that no piece changes are those of the tree, as far as it is known where they are. */
  #unchangedMatch(): boolean {
    const { namespace } = this.#pieces.disk;
    const possible = new Set<string>();
    const complete = new Set<string>();
    for (const directory of this.#directories()) {
      const where = this.#pathOf(directory);
      if (where.kind !== 'at') continue;
      complete.add(where.prefix);
      for (const [name, inode] of namespace.entries(directory)) {
        possible.add(where.prefix + this.#textOf({ directory, name }));
        if (!this.#first.has(keyOfName({ directory, name })) && !this.#matchesTree({ directory, name }, inode)) return false;
      }
    }
    for (const { changes } of this.#pieces.names) {
      for (const place of changes) {
        const where = this.#pathOf(place.directory);
        if (where.kind === 'at') possible.add(where.prefix + this.#textOf(place));
      }
    }
    return [...this.#tree.keys()].every((path) => !complete.has(path.slice(0, path.lastIndexOf('/') + 1)) || possible.has(path));
  }

  #pathOf(directory: number): DirectoryPath {
    if (directory === ROOT) return { kind: 'at', prefix: '' };
    const known = this.#paths.get(directory);
    if (known !== undefined) return known;
    this.#paths.set(directory, { kind: 'open' }); // for one that may have been moved below itself
    const found = this.#findPath(directory);
    this.#paths.set(directory, found);
    return found;
  }

  #findPath(directory: number): DirectoryPath {
    const [place, another] = [...(this.#namesOf.get(directory)?.values() ?? [])];
    if (place === undefined) return { kind: 'nowhere' };
    if (another !== undefined || this.#directoriesAt.get(keyOfName(place))?.size !== 1) return { kind: 'open' };
    const parent = this.#pathOf(place.directory);
    if (parent.kind !== 'at') return parent;
    const path = parent.prefix + this.#textOf(place);
    return this.#tree.get(path)?.kind === 'directory' ? { kind: 'at', prefix: `${path}/` } : { kind: 'nowhere' };
  }

  #addLink(place: NameSlot, inode: number): void {
    if (inode === NOTHING) return;
    const key = keyOfName(place);
    this.#namesOf.set(inode, new Map([...(this.#namesOf.get(inode) ?? []), [key, place]]));
    if (this.#pieces.disk.inode(inode).kind !== 'directory') return;
    this.#directoriesAt.set(key, new Set([...(this.#directoriesAt.get(key) ?? []), inode]));
  }

  *#directories(): Generator<number> {
    for (const [inode, { kind }] of this.#pieces.inodeTable.born.entries()) if (kind === 'directory') yield inode;
  }

  #textOf({ name }: NameSlot): string {
    return this.#pieces.inodeTable.names.textOf(name);
  }
}
