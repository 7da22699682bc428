/** `fs.Stats`, `fs.BigIntStats` and `fs.Dirent`, with Node's members. */
import { constants } from 'node:fs';
import type { FileStatus } from './inode.ts';

const { S_IFMT, S_IFREG, S_IFDIR } = constants;
const BLOCK_BYTES = 4096;
const DEVICE = 64;

class Kinds {
  declare readonly mode: number | bigint;
  isFile(): boolean {
    return (Number(this.mode) & S_IFMT) === S_IFREG;
  }
  isDirectory(): boolean {
    return (Number(this.mode) & S_IFMT) === S_IFDIR;
  }
  isSymbolicLink(): boolean {
    return false;
  }
  isFIFO(): boolean {
    return false;
  }
  isSocket(): boolean {
    return false;
  }
  isBlockDevice(): boolean {
    return false;
  }
  isCharacterDevice(): boolean {
    return false;
  }
}

export class Stats extends Kinds {
  get atime(): Date {
    return this.mtime;
  }
  get mtime(): Date {
    return new Date(Number((this as unknown as FileStatus).mtimeMs));
  }
  get ctime(): Date {
    return new Date(Number((this as unknown as FileStatus).ctimeMs));
  }
  get birthtime(): Date {
    return new Date(Number((this as unknown as FileStatus).birthtimeMs));
  }
}

export function statsOf(status: FileStatus, bigint: boolean): Stats {
  const { size, mtimeMs, ctimeMs, birthtimeMs } = status;
  const numbers = {
    dev: DEVICE,
    rdev: 0,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    blksize: BLOCK_BYTES,
    blocks: Math.ceil(size / BLOCK_BYTES) * (BLOCK_BYTES / 512),
    ...status,
    atimeMs: mtimeMs,
  };
  if (!bigint) return Object.assign(new Stats(), numbers);
  const stats = new Stats();
  for (const [name, value] of Object.entries(numbers)) Object.assign(stats, { [name]: BigInt(Math.trunc(value)) });
  const ns = (ms: number): bigint => BigInt(Math.round(ms * 1000)) * 1000n;
  return Object.assign(stats, { atimeNs: ns(mtimeMs), mtimeNs: ns(mtimeMs), ctimeNs: ns(ctimeMs), birthtimeNs: ns(birthtimeMs) });
}

export class Dirent extends Kinds {
  constructor(
    readonly name: string,
    readonly parentPath: string,
    override readonly mode: number,
  ) {
    super();
  }
  get path(): string {
    return this.parentPath;
  }
}

export const directoryEntry = (name: string, parentPath: string, isDirectory: boolean): Dirent =>
  new Dirent(name, parentPath, isDirectory ? S_IFDIR : S_IFREG);
