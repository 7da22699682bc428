/**
 * What a disk may hold after a power cut: names and inodes, both immutable, so that each of thousands of disks costs only its
 * differences from the others.
 */
import type { Entry, Tree } from '../domain/trace.ts';
import { hashBytes } from '../domain/tree.ts';
import { type Hash, hashOfText, NO_HASH, plus, term } from './hash.ts';
import { contentsOf, directoryInode, type FileInode, fileOf, type Inode, otherInode, symlinkInode } from './inode.ts';
import { IntMap } from './int-map.ts';
import { applied, type Effect, type NameChange, type Unit } from './micro-op.ts';
import { type Names, Namespace, NOTHING, ROOT } from './namespace.ts';

/** The names and inodes of a trace. `born[n]` is inode n at its creation, or before the first op. */
export interface InodeTable {
  readonly unit: Unit;
  readonly names: Names;
  readonly born: readonly Inode[];
}

export class Disk {
  readonly inodeTable: InodeTable;
  readonly namespace: Namespace;
  readonly #changed: IntMap<Inode>;

  constructor(inodeTable: InodeTable, namespace: Namespace, changed: IntMap<Inode> = IntMap.empty()) {
    this.inodeTable = inodeTable;
    this.namespace = namespace;
    this.#changed = changed;
  }

  inode(number: number): Inode {
    const inode = this.#changed.get(number) ?? this.inodeTable.born[number];
    if (inode === undefined) throw new Error(`there is no inode ${number}`);
    return inode;
  }

  withInode(number: number, inode: Inode): Disk {
    return new Disk(this.inodeTable, this.namespace, this.#changed.with(number, inode));
  }

  withNamespace(namespace: Namespace): Disk {
    return new Disk(this.inodeTable, namespace, this.#changed);
  }

  renamed(changes: readonly NameChange[]): Disk {
    return this.withNamespace(withChanges(this.namespace, changes));
  }

  /** The disk after one micro-op. */
  after(inode: number, effect: Effect): Disk {
    if (effect.kind !== 'names') return this.withInode(inode, applied(this.inode(inode), effect, this.inodeTable.unit));
    return this.renamed(effect.changes);
  }

  /** A sum of one term per path. */
  get hash(): Hash {
    let hash = NO_HASH;
    const { names } = this.inodeTable;
    for (const [path, inode] of this.namespace.paths(names)) hash = plus(hash, pathTerm(names.hashOf(path), this.inode(inode)));
    return hash;
  }

  toTree(): Tree {
    const entries: [string, Entry][] = [];
    for (const [path, inode] of this.namespace.paths(this.inodeTable.names))
      entries.push([path, entryOf(this.inode(inode), this.inodeTable.unit)]);
    return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

export function withChanges(namespace: Namespace, changes: readonly NameChange[]): Namespace {
  return changes.reduce((all, { directory, name, now }) => all.with(directory, name, now), namespace);
}

/** The term of one path in a tree's hash. */
export const pathTerm = (path: Hash, inode: Inode): Hash => term(path, inode.hash);

/** The hash of a disk with this tree: to look up an observed tree among the states. */
export function hashOfTree(tree: Tree, unit: Unit = 4096): Hash {
  let hash = NO_HASH;
  for (const [path, entry] of tree) hash = plus(hash, pathTerm(hashOfText(path), inodeOf(entry, unit)));
  return hash;
}

export function inodeOf(entry: Entry, unit: Unit): Inode {
  switch (entry.kind) {
    case 'file':
      return fileOf(entry.bytes, entry.mode, unit);
    case 'directory':
      return directoryInode(entry.mode);
    case 'symlink':
      return symlinkInode(entry.target);
    case 'other':
      return otherInode(entry.mode);
    default:
      return entry satisfies never;
  }
}

/** Cached because most states share the same few files. */
const fileEntries = new WeakMap<FileInode, Entry>();

export function entryOf(inode: Inode, unit: Unit): Entry {
  switch (inode.kind) {
    case 'file': {
      const known = fileEntries.get(inode);
      if (known !== undefined) return known;
      const bytes = contentsOf(inode, unit);
      const entry: Entry = { kind: 'file', mode: inode.mode, bytes, hash: hashBytes(bytes) };
      fileEntries.set(inode, entry);
      return entry;
    }
    case 'directory':
    case 'other':
      return { kind: inode.kind, mode: inode.mode };
    case 'symlink':
      return { kind: 'symlink', target: inode.target };
    default:
      return inode satisfies never;
  }
}

/** The disk that holds a tree, and its inodes. Every path gets its own inode, because a tree does not record hard links. */
export function diskOf(tree: Tree, unit: Unit, names: Names, born: Inode[]): Disk {
  born[NOTHING] = otherInode(0);
  born[ROOT] = directoryInode(0);
  const directories = new Map<string, number>([['', ROOT]]);
  let namespace = Namespace.empty;
  for (const [path, entry] of tree) {
    const slash = path.lastIndexOf('/');
    const directory = directories.get(slash < 0 ? '' : path.slice(0, slash));
    if (directory === undefined) throw new Error(`${path} comes before its directory`);
    const number = born.push(inodeOf(entry, unit)) - 1;
    if (entry.kind === 'directory') directories.set(path, number);
    namespace = namespace.with(directory, names.idOf(path.slice(slash + 1)), number);
  }
  return new Disk({ unit, names, born }, namespace);
}
