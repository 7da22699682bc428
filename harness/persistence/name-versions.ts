/**
 * Every set of names that a power cut may leave, under one profile, at one boundary.
 *
 * Each extends another by one kept name change, and is stored as its differences from the durable names: the paths that lead to a
 * different inode. So a tree's hash is that of the durable tree plus a few terms.
 */
import { type Disk, pathTerm, withChanges } from './disk.ts';
import { type Hash, hashOfText, minus, NO_HASH, plus } from './hash.ts';
import type { NameChange } from './micro-op.ts';
import { type Namespace, NOTHING, ROOT } from './namespace.ts';
import { type NamePiece, NEVER } from './piece.ts';
import type { Profile } from './profile.ts';

export interface Path {
  readonly text: string;
  readonly hash: Hash;
}

interface Difference {
  readonly path: Path;
  readonly was: number;
  readonly now: number;
}

export interface NameVersion {
  readonly namespace: Namespace;
  readonly differences: readonly Difference[];
  /** The last kept piece, and the lost pieces before it. All later pieces are lost. */
  readonly last: NamePiece | undefined;
  readonly gaps: readonly NamePiece[];
  readonly low: number;
  high: number;
  /** Whether directories were created or moved, so that paths below them differ too. */
  readonly moved: boolean;
}

export class NameVersions {
  readonly #profile: Profile;
  #disk: Disk;
  #pieces: readonly NamePiece[] = [];
  #count = 0;
  #versions: NameVersion[] = [];
  readonly #known = new Map<string, number>();
  /** The durable tree: inodes by path. */
  readonly #flat = new Map<string, number>();
  readonly #directories = new Map<number, string>();
  readonly #links = new Map<number, Path[]>();
  readonly #paths = new Map<string, Path>();
  #hash: Hash = NO_HASH;

  constructor(profile: Profile, disk: Disk) {
    this.#profile = profile;
    this.#disk = disk;
    this.#survey();
    this.#restart();
  }

  get versions(): readonly NameVersion[] {
    return this.#versions;
  }

  /** Adds the last piece of the list, and returns the new versions. */
  extend(pieces: readonly NamePiece[]): readonly NameVersion[] {
    this.#pieces = pieces;
    const piece = pieces[this.#count];
    if (piece === undefined) throw new Error('there is no new piece');
    this.#count += 1;
    return this.#extend(piece);
  }

  /** Rebuilds the versions after inodes and name changes were forced; `pieces` are the remaining ones. */
  settle(disk: Disk, inodes: Iterable<number>, forced: readonly NameChange[], pieces: readonly NamePiece[]): void {
    const before = this.#disk;
    this.#disk = disk;
    for (const inode of inodes) {
      for (const { hash } of this.#links.get(inode) ?? []) {
        this.#hash = plus(minus(this.#hash, pathTerm(hash, before.inode(inode))), pathTerm(hash, disk.inode(inode)));
      }
    }
    if (forced.length === 0) return;
    if (this.#movesDirectories(before.namespace, forced)) this.#survey();
    else for (const change of forced) this.#setDurable(change);
    this.#pieces = pieces;
    this.#restart();
  }

  /** The hash of the tree with these names and with the durable version of every inode. */
  hashOf({ differences }: NameVersion): Hash {
    let hash = this.#hash;
    for (const { path, was, now } of differences) {
      if (was !== NOTHING) hash = minus(hash, pathTerm(path.hash, this.#disk.inode(was)));
      if (now !== NOTHING) hash = plus(hash, pathTerm(path.hash, this.#disk.inode(now)));
    }
    return hash;
  }

  /** The paths that lead to an inode. */
  pathsTo(inode: number, { differences }: NameVersion): readonly Path[] {
    const durable = this.#links.get(inode) ?? [];
    if (!differences.some(({ was, now }) => was === inode || now === inode)) return durable;
    const left = durable.filter((path) => !differences.some((difference) => difference.path === path));
    for (const { path, now } of differences) if (now === inode) left.push(path);
    return left;
  }

  /** Reads the whole durable tree. */
  #survey(): void {
    this.#flat.clear();
    this.#directories.clear();
    this.#directories.set(ROOT, '');
    this.#links.clear();
    this.#hash = NO_HASH;
    for (const [text, inode] of this.#disk.namespace.paths(this.#disk.inodeTable.names)) {
      this.#link(this.#path(text), inode);
      if (this.#disk.inode(inode).kind === 'directory') this.#directories.set(inode, `${text}/`);
    }
  }

  #setDurable({ directory, name, now }: NameChange): void {
    const path = this.#pathOf(directory, name);
    const was = this.#flat.get(path.text);
    if (was !== undefined) {
      const left = (this.#links.get(was) ?? []).filter((link) => link !== path);
      if (left.length === 0) this.#links.delete(was);
      else this.#links.set(was, left);
      this.#hash = minus(this.#hash, pathTerm(path.hash, this.#disk.inode(was)));
      this.#flat.delete(path.text);
    }
    if (now !== NOTHING) this.#link(path, now);
  }

  #link(path: Path, inode: number): void {
    this.#flat.set(path.text, inode);
    this.#links.set(inode, [...(this.#links.get(inode) ?? []), path]);
    this.#hash = plus(this.#hash, pathTerm(path.hash, this.#disk.inode(inode)));
  }

  #restart(): void {
    this.#versions = [];
    this.#known.clear();
    this.#count = 0;
    const { namespace } = this.#disk;
    this.#keep({ namespace, differences: [], last: undefined, gaps: [], low: 0, high: NEVER, moved: false });
    for (const piece of this.#pieces) {
      this.#count += 1;
      this.#extend(piece);
    }
  }

  #extend(piece: NamePiece): readonly NameVersion[] {
    const fresh: NameVersion[] = [];
    const before = this.#versions.length;
    for (let at = this.#profile.metadata === 'logged' ? before - 1 : 0; at < before; at += 1) {
      const version = this.#versions[at];
      if (version === undefined) continue;
      const next = this.#next(version, piece);
      if (piece.position > 0) version.high = piece.position - 1;
      if (this.#keep(next)) fresh.push(next);
    }
    return fresh;
  }

  #next(version: NameVersion, piece: NamePiece): NameVersion {
    const since = version.last === undefined ? 0 : this.#pieces.lastIndexOf(version.last) + 1;
    const namespace = withChanges(version.namespace, piece.changes);
    const moved = version.moved || this.#movesDirectories(version.namespace, piece.changes);
    return {
      namespace,
      differences: moved ? this.#allDifferences(namespace) : this.#differences(version, piece),
      last: piece,
      gaps: [...version.gaps, ...this.#pieces.slice(since, this.#count - 1)],
      low: Math.max(version.low, piece.position),
      high: NEVER,
      moved,
    };
  }

  /** Whether paths below the changed names change too. In this version, a name may lead to a different inode than it did in the run. */
  #movesDirectories(namespace: Namespace, changes: readonly NameChange[]): boolean {
    const isDirectory = (inode: number): boolean => inode !== NOTHING && this.#disk.inode(inode).kind === 'directory';
    return changes.some(
      ({ directory, name, now }) => !this.#directories.has(directory) || isDirectory(namespace.at(directory, name)) || isDirectory(now),
    );
  }

  #differences(version: NameVersion, { changes }: NamePiece): readonly Difference[] {
    let differences = version.differences;
    for (const { directory, name, now } of changes) {
      const path = this.#pathOf(directory, name);
      const was = this.#flat.get(path.text) ?? NOTHING;
      differences = differences.filter((difference) => difference.path !== path);
      if (was !== now) differences = [...differences, { path, was, now }];
    }
    return differences;
  }

  #allDifferences(namespace: Namespace): readonly Difference[] {
    const found = new Map(namespace.paths(this.#disk.inodeTable.names));
    const differences: Difference[] = [];
    for (const [text, was] of this.#flat) {
      const now = found.get(text) ?? NOTHING;
      if (was !== now) differences.push({ path: this.#path(text), was, now });
    }
    for (const [text, now] of found) if (!this.#flat.has(text)) differences.push({ path: this.#path(text), was: NOTHING, now });
    return differences;
  }

  /** Returns whether it is new. Of versions with the same entries, the one that lost least is kept. */
  #keep(version: NameVersion): boolean {
    if (this.#profile.metadata === 'logged') {
      this.#versions.push(version);
      return true;
    }
    const { a, b } = version.namespace.hash;
    const key = `${a} ${b}`;
    const at = this.#known.get(key);
    const known = at === undefined ? undefined : this.#versions[at];
    if (at === undefined || known === undefined) {
      this.#known.set(key, this.#versions.push(version) - 1);
      return true;
    }
    if (this.#lostBy(version) < this.#lostBy(known)) this.#versions[at] = version;
    return false;
  }

  #lostBy({ gaps, last }: NameVersion): number {
    return gaps.length + this.#count - (last === undefined ? 0 : this.#pieces.lastIndexOf(last) + 1);
  }

  /** The directory must be durable. */
  #pathOf(directory: number, name: number): Path {
    return this.#path(`${this.#directories.get(directory)}${this.#disk.inodeTable.names.textOf(name)}`);
  }

  #path(text: string): Path {
    const known = this.#paths.get(text);
    if (known !== undefined) return known;
    const path = { text, hash: hashOfText(text) };
    this.#paths.set(text, path);
    return path;
  }
}
