/**
 * One directory in memory and the system calls on it: memfs's inodes and names, with the semantics of Linux.
 *
 * Allows   files, directories and hard links; descriptors that outlive a name; ext4's rules for renames, links and removals, run as root
 *          with a umask. memfs alone differs from Linux in 27 of 76 probes: renames over directories, into themselves and between hard
 *          links, link counts, modes of descriptors, umask. This file adds those rules; `agreement.test.ts` compares it with Linux.
 *          The times of a directory stay those of its creation, whatever changes in it.
 * Forbids  symlinks, special files (FIFOs, sockets), and changes outside of the directory: refused, never guessed. To a reader, nothing
 *          exists outside of the directory.
 * Real     what every process sees, which is all that an interleaving depends on. There is no disk below, so no data is ever lost.
 */
import { constants } from 'node:fs';
import { Directory, type Snapshot } from './directory.ts';
import { childrenOf, contentsOf, type FileStatus, hashOf, type Inode, isBelow, type Name, stampsOf, statusOf } from './inode.ts';
import { Refused, systemError } from './system-error.ts';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, S_IFREG, S_IFDIR } = constants;
const O_ACCMODE = 3;
const O_TMPFILE = 0o20000000;

interface Descriptor {
  readonly inode: Inode;
  readonly flags: number;
  readonly path: string;
  position: number;
}

export class Volume extends Directory {
  readonly #descriptors = new Map<number, Descriptor>();

  /** Restores the directory to a snapshot. Closes all descriptors. */
  override restore(snapshot: Snapshot): void {
    this.#descriptors.clear();
    super.restore(snapshot);
  }

  /** `treeKey` plus everything else that a later call can observe: inode numbers, times, open files. */
  stateKey(): string {
    const { state } = this.currentKeys();
    if (this.#descriptors.size === 0) return state;
    const open = [...this.#descriptors].map(([descriptor, { inode, position }]) => {
      return `${descriptor} ${inode.ino} ${position} ${inode.nlink === 0 ? hashOf(inode) : ''}`;
    });
    return `${state}\n${open.sort().join('\n')}`;
  }

  /** The path with which a descriptor was opened. */
  pathOf(descriptor: number): string {
    return this.#descriptors.get(descriptor)?.path ?? this.directory;
  }

  // The system calls. Paths are absolute; errors are Node's.

  open(path: string, flags: number, mode: number): number {
    if ((flags & O_TMPFILE) === O_TMPFILE) throw new Refused('O_TMPFILE');
    const writes = (flags & O_ACCMODE) !== O_RDONLY;
    let name = this.lookUp(path);
    if (name === undefined) {
      if ((flags & O_CREAT) === 0) throw systemError(this.whyMissing(path), 'open', path);
      if ((flags & O_DIRECTORY) !== 0) throw systemError('EINVAL', 'open', path);
      if (path.endsWith('/')) throw systemError('EISDIR', 'open', path);
      const { parent, base } = this.place(path, 'open');
      name = parent.createChild(base, this.newInode(S_IFREG | (mode & 0o7777 & ~this.umask)));
      this.changes += 1;
    } else {
      if ((flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0) throw systemError('EEXIST', 'open', path);
      const isDirectory = name.getNode().isDirectory();
      if (isDirectory && (writes || (flags & O_CREAT) !== 0)) throw systemError('EISDIR', 'open', path);
      if (!isDirectory && ((flags & O_DIRECTORY) !== 0 || path.endsWith('/'))) throw systemError('ENOTDIR', 'open', path);
      this.#mustBeAllowed(name.getNode(), flags, path);
      if ((flags & O_TRUNC) !== 0 && !isDirectory) this.truncate(name.getNode(), 0);
    }
    const descriptor = this.actor.newDescriptor();
    this.#descriptors.set(descriptor, { inode: name.getNode(), flags, path, position: 0 });
    return descriptor;
  }

  close(descriptor: number): void {
    this.#opened(descriptor, 'close');
    this.#descriptors.delete(descriptor);
  }

  /** Reads up to `length` bytes from `position`. If that is null: from the descriptor's position, which it advances. */
  read(descriptor: number, length: number, position: number | null): Buffer {
    const open = this.#opened(descriptor, 'read');
    if ((open.flags & O_ACCMODE) === O_WRONLY) throw systemError('EBADF', 'read');
    if (open.inode.isDirectory()) throw systemError('EISDIR', 'read');
    const at = position ?? open.position;
    const bytes = Buffer.from(open.inode.buf.subarray(at, Math.min(open.inode.getSize(), at + length)));
    if (position === null) open.position += bytes.length;
    return bytes;
  }

  /** Writes at `position`; if that is null, at the descriptor's position, which it advances. With O_APPEND: at the end of the file. */
  write(descriptor: number, bytes: Uint8Array, position: number | null): number {
    const open = this.#opened(descriptor, 'write');
    if ((open.flags & O_ACCMODE) === O_RDONLY) throw systemError('EBADF', 'write');
    if (bytes.length === 0) return 0;
    const appends = (open.flags & O_APPEND) !== 0;
    const at = appends ? open.inode.getSize() : (position ?? open.position);
    open.inode.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) as never, 0, bytes.length, at);
    if (position === null) open.position = at + bytes.length;
    this.changed(open.inode);
    return bytes.length;
  }

  ftruncate(descriptor: number, length: number): void {
    const { inode, flags } = this.#opened(descriptor, 'ftruncate');
    if ((flags & O_ACCMODE) === O_RDONLY || inode.isDirectory()) throw systemError('EINVAL', 'ftruncate');
    this.truncate(inode, length);
  }

  /** Copies a file's contents to the start of another. */
  copy(from: number, to: number): number {
    const { inode } = this.#opened(from, 'copyfile');
    if (inode.isDirectory()) throw systemError('EISDIR', 'copyfile');
    const bytes = contentsOf(inode);
    return this.write(to, bytes, 0);
  }

  fsync(descriptor: number, syscall: 'fsync' | 'fdatasync'): void {
    this.#opened(descriptor, syscall);
  }

  fstat(descriptor: number): FileStatus {
    return statusOf(this.#opened(descriptor, 'fstat').inode);
  }

  stat(path: string, syscall: 'stat' | 'lstat' | 'access' | 'realpath' | 'readlink'): FileStatus {
    return statusOf(this.existing(path, syscall).getNode());
  }

  chmod(path: string, mode: number): void {
    this.setMode(this.existing(path, 'chmod').getNode(), mode);
  }

  fchmod(descriptor: number, mode: number): void {
    this.setMode(this.#opened(descriptor, 'fchmod').inode, mode);
  }

  /** Times in ms since the epoch. */
  utimes(path: string, mtimeMs: number): void {
    this.setTimes(this.existing(path, 'utime').getNode(), mtimeMs);
  }

  futimes(descriptor: number, mtimeMs: number): void {
    this.setTimes(this.#opened(descriptor, 'futime').inode, mtimeMs);
  }

  rename(from: string, to: string): void {
    this.mustHaveParents('rename', from, to);
    const name = this.source(from, 'rename', to);
    const { parent, base } = this.place(to, 'rename', from);
    const target = parent.children.get(base);
    const inode: Inode = name.getNode();
    const isDirectory = inode.isDirectory();
    if (!isDirectory && (from.endsWith('/') || to.endsWith('/'))) throw systemError('ENOTDIR', 'rename', from, to);
    if (isDirectory && isBelow(parent, name)) throw systemError('EINVAL', 'rename', from, to);
    if (target !== undefined) {
      const replaced: Inode = target.getNode();
      if (replaced === inode) return; // two names of one file: rename(2) does nothing
      if (name.parent !== undefined && isBelow(name.parent, target)) throw systemError('ENOTEMPTY', 'rename', from, to);
      if (isDirectory && !replaced.isDirectory()) throw systemError('ENOTDIR', 'rename', from, to);
      if (!isDirectory && replaced.isDirectory()) throw systemError('EISDIR', 'rename', from, to);
      if (target.length > 0) throw systemError('ENOTEMPTY', 'rename', from, to);
      this.drop(target);
    }
    const before = name.parent as Name;
    before.deleteChild(name);
    name.name = base;
    name.steps = [...parent.steps, base];
    parent.setChild(base, name);
    stampsOf(inode).ctimeMs = this.actor.now();
    this.changes += 1;
    this.forgetPaths();
  }

  link(existing: string, path: string): void {
    const name = this.source(existing, 'link', path);
    const { parent, base } = this.place(path, 'link', existing);
    if (parent.children.has(base)) throw systemError('EEXIST', 'link', existing, path);
    const inode = name.getNode();
    if (path.endsWith('/')) throw systemError('ENOENT', 'link', existing, path);
    if (inode.isDirectory()) throw systemError('EPERM', 'link', existing, path);
    inode.nlink += 1;
    parent.createChild(base, inode);
    stampsOf(inode).ctimeMs = this.actor.now();
    this.changes += 1;
  }

  unlink(path: string): void {
    const name = this.existing(path, 'unlink');
    if (name.getNode().isDirectory()) throw systemError('EISDIR', 'unlink', path);
    this.drop(name);
    this.changes += 1;
  }

  mkdir(path: string, mode: number): void {
    if (this.lookUp(path) !== undefined) throw systemError('EEXIST', 'mkdir', path);
    const { parent, base } = this.place(path, 'mkdir');
    parent.createChild(base, this.newInode(S_IFDIR | (mode & 0o1777 & ~this.umask)));
    this.changes += 1;
  }

  rmdir(path: string): void {
    const name = this.existing(path, 'rmdir');
    if (!name.getNode().isDirectory()) throw systemError('ENOTDIR', 'rmdir', path);
    if (name.length > 0) throw systemError('ENOTEMPTY', 'rmdir', path);
    if (name === this.root) throw new Refused('a removal of the store’s own directory');
    this.drop(name);
    this.changes += 1;
  }

  /** The entries of a directory, sorted by name. */
  readdir(path: string): (readonly [name: string, isDirectory: boolean])[] {
    const directory = this.existing(path, 'scandir');
    if (!directory.getNode().isDirectory()) throw systemError('ENOTDIR', 'scandir', path);
    return childrenOf(directory).map(([name, child]) => [name, child.getNode().isDirectory()]);
  }

  #opened(descriptor: number, syscall: string): Descriptor {
    const open = this.#descriptors.get(descriptor);
    if (open === undefined) throw systemError('EBADF', syscall);
    return open;
  }

  /** memfs and this layer enforce no permissions, so the fake refuses to open a file whose mode denies its owner. */
  #mustBeAllowed(inode: Inode, flags: number, path: string): void {
    const access = flags & O_ACCMODE;
    const needed = (access === O_WRONLY ? 0 : 0o400) | (access === O_RDONLY ? 0 : 0o200);
    if ((inode.mode & needed) !== needed) throw new Refused(`permissions, but the mode of ${path} denies its owner`);
  }
}
