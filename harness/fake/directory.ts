/** A directory in memory, as names and inodes: look-up, creation, removal, and snapshots and keys of the whole. */
import { constants } from 'node:fs';
import { resolve } from 'node:path';
import { Volume as MemoryVolume } from 'memfs';
import type { Entry, Tree } from '../domain/trace.ts';
import { type Core, childrenOf, contentsOf, hashOf, type Inode, type Name, stampsOf } from './inode.ts';
import { Refused, systemError } from './system-error.ts';

const { S_IFMT, S_IFREG, S_IFDIR } = constants;

/** The caller of a system call: it allocates numbers that no other actor uses, and has a clock in ms since the epoch. */
export interface Actor {
  readonly newInode: () => number;
  readonly newDescriptor: () => number;
  readonly now: () => number;
}

/** Everything in the directory at one time, for `restore`. Entries with the same `ino` are hard links to one file. */
export type Snapshot = readonly SnapshotEntry[];
type SnapshotEntry = Entry & { readonly path: string; readonly ino: number; readonly mtimeMs: number };

export class Directory {
  /** The caller of the calls that follow. */
  actor: Actor;
  /** Counts the changes to the tree. */
  changes = 0;
  protected readonly root: Name;
  readonly #core: Core = new MemoryVolume()._core;
  readonly #names = new Map<string, Name>();
  #keysAt = -1;
  #keys = { tree: '', state: '' };

  /** `directory` is absolute, of any depth. `umask` applies to the modes of new files and directories. */
  constructor(
    readonly directory: string,
    actor: Actor,
    readonly umask = 0o022,
  ) {
    this.actor = actor;
    Object.assign(this.#core, { newInoNumber: () => this.actor.newInode() }); // private in memfs, which reuses numbers at once
    this.#core.mkdirp(directory, 0o755);
    this.root = this.#above(directory);
  }

  /** Restores the directory to a snapshot. Closes all descriptors. */
  restore(snapshot: Snapshot): void {
    const { children } = this.root;
    for (const name of [...children.keys()]) if (name !== '.' && name !== '..') children.delete(name);
    this.root.length = 0;
    this.root.getNode().nlink = 2;
    this.#core.inodes = {};
    this.#names.clear();
    const inodes = new Map<number, Inode>();
    for (const entry of snapshot) {
      const cut = entry.path.lastIndexOf('/');
      const parent = (cut < 0 ? undefined : this.#find(entry.path.slice(0, cut))) ?? this.root;
      const known = inodes.get(entry.ino);
      if (known !== undefined) known.nlink += 1;
      const inode = known ?? this.#inode(entry);
      inodes.set(entry.ino, inode);
      parent.createChild(entry.path.slice(cut + 1), inode);
    }
    this.changes += 1;
  }

  snapshot(): Snapshot {
    const entries: SnapshotEntry[] = [];
    this.#walk((path, inode) => {
      const place = { path, ino: inode.ino, mtimeMs: stampsOf(inode).mtimeMs };
      const mode = inode.mode & 0o7777;
      if (inode.isDirectory()) entries.push({ kind: 'directory', mode, ...place });
      else entries.push({ kind: 'file', mode, bytes: contentsOf(inode), hash: hashOf(inode), ...place });
    });
    return entries;
  }

  /** Equal for two trees exactly if all names, kinds, modes and contents are equal. */
  treeKey(): string {
    return this.currentKeys().tree;
  }

  protected currentKeys(): { readonly tree: string; readonly state: string } {
    if (this.#keysAt === this.changes) return this.#keys;
    let tree = '';
    let state = '';
    this.#walk((path, inode) => {
      const line = `${path}\0${inode.isDirectory() ? 'd' : hashOf(inode)} ${inode.mode & 0o7777}\n`;
      tree += line;
      const { mtimeMs, ctimeMs } = stampsOf(inode);
      state += `${line}${inode.ino} ${mtimeMs} ${ctimeMs}\n`;
    });
    this.#keys = { tree, state };
    this.#keysAt = this.changes;
    return this.#keys;
  }

  #walk(visit: (path: string, inode: Inode) => void): void {
    const below = (directory: Name, prefix: string): void => {
      for (const [name, child] of childrenOf(directory)) {
        const inode = child.getNode();
        visit(prefix + name, inode);
        if (inode.isDirectory()) below(child, `${prefix}${name}/`);
      }
    };
    below(this.root, '');
  }

  protected lookUp(path: string): Name | undefined {
    const known = this.#names.get(path);
    if (known !== undefined && known.parent?.children.get(known.name) === known) return known;
    const clean = cleaned(path);
    let name: Name | undefined;
    if (clean === this.directory) name = this.root;
    else if (clean.startsWith(`${this.directory}/`)) name = this.#find(clean.slice(this.directory.length + 1));
    else name = `${this.directory}/`.startsWith(clean === '/' ? '/' : `${clean}/`) ? this.#above(clean) : undefined;
    if (name !== undefined) this.#names.set(path, name);
    return name;
  }

  /** An ancestor of the store's directory; all of them exist from the start. */
  #above(path: string): Name {
    let name = this.#core.root;
    for (const part of path.split('/')) name = name.children.get(part) ?? name;
    return name;
  }

  #find(relative: string): Name | undefined {
    let name: Name | undefined = this.root;
    for (const part of relative.split('/')) name = name?.children.get(part);
    return name;
  }

  protected existing(path: string, syscall: string): Name {
    const name = this.lookUp(path);
    if (name === undefined) throw systemError(this.whyMissing(path), syscall, path);
    if (path.endsWith('/') && !name.getNode().isDirectory()) throw systemError('ENOTDIR', syscall, path);
    return name;
  }

  protected source(path: string, syscall: string, dest: string): Name {
    const name = this.lookUp(path);
    if (name === undefined) throw systemError(this.whyMissing(path), syscall, path, dest);
    if (!this.#isInside(path)) throw new Refused(`${syscall} from outside of the store’s directory: ${path}`);
    return name;
  }

  /** Both directories of a rename are looked up before what is in them. */
  protected mustHaveParents(syscall: string, from: string, to: string): void {
    for (const path of [from, to]) {
      const clean = cleaned(path);
      const parent = this.lookUp(clean.slice(0, clean.lastIndexOf('/')));
      if (parent?.getNode().isDirectory() !== true) throw systemError(this.whyMissing(clean), syscall, from, to);
    }
  }

  /** ENAMETOOLONG for a path that no file can have, ENOTDIR if an ancestor is a file, else ENOENT. */
  protected whyMissing(path: string): string {
    if (Buffer.byteLength(path) > LONGEST_PATH) return 'ENAMETOOLONG';
    if (!this.#isInside(path)) return 'ENOENT'; // there is nothing outside
    const parts = cleaned(path).split('/');
    for (let length = parts.length - 1; length > 1; length -= 1) {
      const above = this.lookUp(parts.slice(0, length).join('/'));
      if (above === undefined) continue;
      if (!above.getNode().isDirectory()) return 'ENOTDIR';
      return isTooLong(parts[length] ?? '') ? 'ENAMETOOLONG' : 'ENOENT';
    }
    return 'ENOENT';
  }

  /** The parent and base name for a new entry. `other` comes first in the messages of calls with two paths. */
  protected place(path: string, syscall: string, other?: string): { readonly parent: Name; readonly base: string } {
    const clean = cleaned(path);
    if (!this.#isInside(clean)) throw new Refused(`${syscall} outside of the store’s directory: ${path}`);
    const cut = clean.lastIndexOf('/');
    const parent = this.lookUp(clean.slice(0, cut));
    const fail = (code: string): Error =>
      other === undefined ? systemError(code, syscall, path) : systemError(code, syscall, other, path);
    if (parent === undefined) throw fail(this.whyMissing(clean));
    if (!parent.getNode().isDirectory()) throw fail('ENOTDIR');
    const base = clean.slice(cut + 1);
    if (isTooLong(base) || Buffer.byteLength(path) > LONGEST_PATH) throw fail('ENAMETOOLONG');
    return { parent, base };
  }

  #isInside(path: string): boolean {
    return cleaned(path).startsWith(`${this.directory}/`);
  }

  /** Called after a rename: cached paths may be wrong. */
  protected forgetPaths(): void {
    this.#names.clear();
  }

  protected newInode(mode: number): Inode {
    const inode: Inode = this.#core.createNode(mode);
    const now = this.actor.now();
    inode.stamps = { mtimeMs: now, ctimeMs: now, birthtimeMs: now, hash: undefined };
    return inode;
  }

  #inode(entry: SnapshotEntry): Inode {
    const { ino, mtimeMs } = entry;
    if (entry.kind !== 'file' && entry.kind !== 'directory') throw new Refused(`a ${entry.kind}`);
    const inode: Inode = this.#core.createNode((entry.kind === 'file' ? S_IFREG : S_IFDIR) | entry.mode);
    inode.ino = ino;
    if (entry.kind === 'file') {
      inode.setBuffer(Buffer.from(entry.bytes) as never);
    }
    inode.stamps = { mtimeMs, ctimeMs: mtimeMs, birthtimeMs: mtimeMs, hash: entry.kind === 'file' ? entry.hash : undefined };
    return inode;
  }

  protected drop(name: Name): void {
    const inode: Inode = name.getNode();
    const { parent } = name;
    parent?.deleteChild(name);
    inode.nlink = inode.isDirectory() ? 0 : inode.nlink - 1;
    stampsOf(inode).ctimeMs = this.actor.now();
    this.#names.clear();
  }

  protected truncate(inode: Inode, length: number): void {
    inode.truncate(length);
    this.changed(inode);
  }

  protected changed(inode: Inode): void {
    const stamps = stampsOf(inode);
    stamps.mtimeMs = this.actor.now();
    stamps.ctimeMs = stamps.mtimeMs;
    stamps.hash = undefined;
    this.changes += 1;
  }

  protected setMode(inode: Inode, mode: number): void {
    inode.mode = (inode.mode & S_IFMT) | (mode & 0o7777);
    stampsOf(inode).ctimeMs = this.actor.now();
    this.changes += 1;
  }

  protected setTimes(inode: Inode, mtimeMs: number): void {
    stampsOf(inode).mtimeMs = mtimeMs;
    this.changes += 1;
  }
}

/** Of a whole path and of a name in it, in bytes, as Linux counts them. */
const LONGEST_PATH = 4095;
const LONGEST_NAME = 255;

const isTooLong = (name: string): boolean => Buffer.byteLength(name) > LONGEST_NAME;

/** `resolve` costs more than a whole look-up, so it runs only where a path may need it. */
function cleaned(path: string): string {
  return /\/[./]|\/$/.test(path) ? resolve(path) : path;
}

/** The tree of a snapshot, in the form that real directories are scanned into. */
export function treeOf(snapshot: Snapshot): Tree {
  return new Map(
    snapshot
      .map(({ path, ino: _, mtimeMs: __, ...entry }): [string, Entry] => [path, entry])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}
