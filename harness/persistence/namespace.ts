/**
 * The names on a disk: directories, each an immutable map from names to inodes.
 *
 * Inodes are identified by number; 1 is the store's directory. A directory without a name exists but is not visible. If a rename of
 * a directory was kept and an earlier one lost, the directory may have two names; one that is its own ancestor is not entered again.
 */
import { type Hash, hashOfText, minus, NO_HASH, plus, term } from './hash.ts';
import { IntMap } from './int-map.ts';

export const ROOT = 1;
/** Instead of an inode: the name does not exist. */
export const NOTHING = 0;

/** Names as small numbers, so that maps of names are maps of integers. */
export class Names {
  readonly #ids = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #hashes = new Map<string, Hash>();

  idOf(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    this.#ids.set(name, this.#texts.length);
    this.#texts.push(name);
    return this.#texts.length - 1;
  }

  textOf(id: number): string {
    return this.#texts[id] ?? '';
  }

  /** The hash of a path, cached: most disks have the same few paths. */
  hashOf(path: string): Hash {
    const known = this.#hashes.get(path);
    if (known !== undefined) return known;
    const hash = hashOfText(path);
    this.#hashes.set(path, hash);
    return hash;
  }
}

export class Namespace {
  readonly #directories: IntMap<IntMap<number>>;
  /** Covers every entry of every directory, including directories without a name. */
  readonly hash: Hash;

  private constructor(directories: IntMap<IntMap<number>>, hash: Hash) {
    this.#directories = directories;
    this.hash = hash;
  }

  static readonly empty = new Namespace(IntMap.empty(), NO_HASH);

  /** The inode at a name, or NOTHING. */
  at(directory: number, name: number): number {
    return this.#directories.get(directory)?.get(name) ?? NOTHING;
  }

  with(directory: number, name: number, inode: number): Namespace {
    const names = this.#directories.get(directory) ?? IntMap.empty<number>();
    const hash = plus(minus(this.hash, entryTerm(directory, name, names.get(name))), entryTerm(directory, name, inode));
    return new Namespace(this.#directories.with(directory, names.with(name, inode === NOTHING ? undefined : inode)), hash);
  }

  /** Names (by id) and inodes of one directory. */
  entries(directory: number): Iterable<readonly [number, number]> {
    return this.#directories.get(directory)?.entries() ?? [];
  }

  /** Every path and its inode, parents before children. */
  paths(names: Names): readonly (readonly [string, number])[] {
    const found: (readonly [string, number])[] = [];
    const ancestors = new Set<number>();
    const visit = (directory: number, prefix: string): void => {
      ancestors.add(directory);
      for (const [name, inode] of this.entries(directory)) {
        const path = prefix + names.textOf(name);
        found.push([path, inode]);
        if (this.#directories.get(inode) !== undefined && !ancestors.has(inode)) visit(inode, `${path}/`);
      }
      ancestors.delete(directory);
    };
    visit(ROOT, '');
    return found;
  }
}

function entryTerm(directory: number, name: number, inode: number | undefined): Hash {
  if (inode === undefined || inode === NOTHING) return NO_HASH;
  return term({ a: directory, b: directory }, term({ a: name, b: name }, { a: inode, b: inode }));
}
