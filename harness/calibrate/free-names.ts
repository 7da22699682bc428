/**
 * Whether a tree's names are possible if each name change is kept or lost independently.
 *
 * Method: backtrack from the last change to the first, collecting decided names. A kept change decides its names that no later change
 * decided; a name whose changes are all lost is that of the durable disk. If a name's path is known, the decision is compared with the
 * tree at once; names in moved directories are compared at the end.
 */
import type { Entry, Tree } from '../domain/trace.ts';
import { withChanges } from '../persistence/disk.ts';
import type { NameChange } from '../persistence/micro-op.ts';
import { keyOfName } from '../persistence/named-pieces.ts';
import { type Namespace, NOTHING, ROOT } from '../persistence/namespace.ts';
import type { Pieces } from '../persistence/pieces.ts';
import { Steps } from './steps.ts';

/** Whether an inode can match an entry, and whether all inodes can match the tree under these names. */
interface Fits {
  readonly inode: (inode: number, entry: Entry) => boolean;
  readonly names: (namespace: Namespace) => boolean;
}

/** A directory's path in the tree, with a trailing slash; or that it has none, or is still undecided. */
type DirectoryPath = { readonly kind: 'known'; readonly prefix: string } | { readonly kind: 'none' } | { readonly kind: 'undecided' };

/** A name in a directory. */
type NameSlot = Pick<NameChange, 'directory' | 'name'>;
type Decided = ReadonlyMap<string, NameChange>;

export class FreeNames {
  readonly #pieces: Pieces;
  readonly #tree: Tree;
  readonly #fits: Fits;
  /** For each name, the index of the first piece that changes it. */
  readonly #first = new Map<string, number>();
  /** For each inode, the names that may lead to it; for each name, the directories that it may lead to. */
  readonly #namesOf = new Map<number, Map<string, NameSlot>>();
  readonly #directoriesAt = new Map<string, Set<number>>();
  readonly #paths = new Map<number, DirectoryPath>();
  readonly #shared = new Map<number, boolean>();
  readonly #failed = new Set<string>();
  readonly #steps = new Steps('these names are possible');

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

  /** Whether some choice among the changes before `at` gives exactly the names of the tree. */
  #before(at: number, decided: Decided): boolean {
    const piece = this.#pieces.names[at - 1];
    if (piece === undefined) return this.#fits.names(withChanges(this.#pieces.disk.namespace, [...decided.values()]));
    const open = piece.changes.filter((change) => !decided.has(keyOfName(change)));
    if (open.length === 0) return this.#before(at - 1, decided); // later changes hide it
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

  /** The decisions that matter to changes before `at`: which names are decided, and inodes that the tree may show twice. */
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
    const seen = [...(this.#namesOf.get(inode)?.values() ?? [])].filter((slot) => {
      const where = this.#pathOf(slot.directory);
      return where.kind === 'undecided' || (where.kind === 'known' && this.#tree.has(where.prefix + this.#textOf(slot)));
    });
    this.#shared.set(inode, seen.length > 1);
    return seen.length > 1;
  }

  #matchesTree(slot: NameSlot, inode: number): boolean {
    const where = this.#pathOf(slot.directory);
    if (where.kind !== 'known') return true;
    const entry = this.#tree.get(where.prefix + this.#textOf(slot));
    if (inode === NOTHING || entry === undefined) return inode === NOTHING && entry === undefined;
    return this.#fits.inode(inode, entry);
  }

  /** Whether the names that no piece changes are those of the tree, where their paths are known. */
  #unchangedMatch(): boolean {
    const { namespace } = this.#pieces.disk;
    const possible = new Set<string>();
    const complete = new Set<string>();
    for (const directory of this.#directories()) {
      const where = this.#pathOf(directory);
      if (where.kind !== 'known') continue;
      complete.add(where.prefix);
      for (const [name, inode] of namespace.entries(directory)) {
        possible.add(where.prefix + this.#textOf({ directory, name }));
        if (!this.#first.has(keyOfName({ directory, name })) && !this.#matchesTree({ directory, name }, inode)) return false;
      }
    }
    for (const { changes } of this.#pieces.names) {
      for (const slot of changes) {
        const where = this.#pathOf(slot.directory);
        if (where.kind === 'known') possible.add(where.prefix + this.#textOf(slot));
      }
    }
    return [...this.#tree.keys()].every((path) => !complete.has(path.slice(0, path.lastIndexOf('/') + 1)) || possible.has(path));
  }

  #pathOf(directory: number): DirectoryPath {
    if (directory === ROOT) return { kind: 'known', prefix: '' };
    const known = this.#paths.get(directory);
    if (known !== undefined) return known;
    this.#paths.set(directory, { kind: 'undecided' }); // ends the recursion for a directory that may have been moved below itself
    const found = this.#findPath(directory);
    this.#paths.set(directory, found);
    return found;
  }

  #findPath(directory: number): DirectoryPath {
    const [slot, another] = [...(this.#namesOf.get(directory)?.values() ?? [])];
    if (slot === undefined) return { kind: 'none' };
    if (another !== undefined || this.#directoriesAt.get(keyOfName(slot))?.size !== 1) return { kind: 'undecided' };
    const parent = this.#pathOf(slot.directory);
    if (parent.kind !== 'known') return parent;
    const path = parent.prefix + this.#textOf(slot);
    return this.#tree.get(path)?.kind === 'directory' ? { kind: 'known', prefix: `${path}/` } : { kind: 'none' };
  }

  #addLink(slot: NameSlot, inode: number): void {
    if (inode === NOTHING) return;
    const key = keyOfName(slot);
    this.#namesOf.set(inode, new Map([...(this.#namesOf.get(inode) ?? []), [key, slot]]));
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
