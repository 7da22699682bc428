/** Inodes and names of memfs, with the fake's own times and content hashes. */
import { createHash } from 'node:crypto';
import type { Volume as MemoryVolume } from 'memfs';

export type Core = MemoryVolume['_core'];
export type Name = Core['root'];
export type Inode = ReturnType<Name['getNode']> & { stamps?: Stamps };

interface Stamps {
  mtimeMs: number;
  ctimeMs: number;
  birthtimeMs: number;
  /** SHA-1 of the contents; undefined if they changed since it was computed. */
  hash: string | undefined;
}

/** The result of stat. */
export interface FileStatus {
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly birthtimeMs: number;
}

export function childrenOf(directory: Name): [string, Name][] {
  const children: [string, Name][] = [];
  for (const [name, child] of directory.children) if (name !== '.' && name !== '..' && child !== undefined) children.push([name, child]);
  return children.sort(([one], [other]) => (one < other ? -1 : 1));
}

export function isBelow(name: Name, above: Name): boolean {
  for (let at: Name | undefined = name; at !== undefined; at = at.parent === at ? undefined : at.parent) if (at === above) return true;
  return false;
}

export function stampsOf(inode: Inode): Stamps {
  inode.stamps ??= { mtimeMs: 0, ctimeMs: 0, birthtimeMs: 0, hash: undefined };
  return inode.stamps;
}

export function contentsOf(inode: Inode): Buffer {
  return Buffer.from(inode.buf.subarray(0, inode.getSize()));
}

export function hashOf(inode: Inode): string {
  const stamps = stampsOf(inode);
  stamps.hash ??= createHash('sha1').update(inode.buf.subarray(0, inode.getSize())).digest('hex');
  return stamps.hash;
}

export function statusOf(inode: Inode): FileStatus {
  const { mtimeMs, ctimeMs, birthtimeMs } = stampsOf(inode);
  const { ino, mode, nlink } = inode;
  return { ino, mode, nlink, size: inode.isDirectory() ? 4096 : inode.getSize(), mtimeMs, ctimeMs, birthtimeMs };
}
