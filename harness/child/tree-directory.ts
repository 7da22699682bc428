/**
 * A crash state on disk, built so that later reads and changes can be detected.
 *
 * Each file gets a distinct mtime in the past, in the order of the tree's changes. Any later write changes it. Each gets an atime of 0, which the
 * kernel updates when any process reads the file by any call (but see `readsAreNoted`).
 */
import fs from 'node:fs';
import { agesOf } from '../domain/file-times.ts';
import type { BatchEntry } from '../domain/recovery.ts';

/** Rounding error of a time that was converted to seconds in a double. */
const SAME_MS = 0.01;
/** Mode bits that a write or the creation of a file may clear, besides those of the umask. */
const SPECIAL_BITS = 0o7000;

export interface TreeDirectory {
  /** True if nothing below it was added, removed or changed. */
  isUntouched(): boolean;
  /** True if this entry is a file whose contents were read since it was built. */
  wasRead(entry: BatchEntry): boolean;
  /** Closes all descriptors. Call it once. */
  close(): void;
}

/** Builds a tree in a new directory. Entries that are neither file, directory nor symlink are left out, as in `buildTree`. */
export function makeTree(directory: string, entries: readonly BatchEntry[], contentsOf: (hash: string) => Uint8Array): TreeDirectory {
  const mask = process.umask() | SPECIAL_BITS;
  const built = entries.filter(([, kind]) => kind !== 'other');
  const now = Date.now();
  const times = agesOf(built.map(([, , , , changed]) => changed)).map((age) => now - age);
  const timeAt = (index: number): number => times[index] ?? now;
  const directories = built.filter(([, kind]) => kind === 'directory');
  const files = new Map<BatchEntry, number>();
  fs.mkdirSync(directory);
  built.forEach((entry, index) => {
    const [path, kind, mode, content] = entry;
    const target = `${directory}/${path}`;
    if (kind === 'directory') {
      fs.mkdirSync(target);
    } else if (kind === 'symlink') {
      fs.symlinkSync(content, target);
      fs.lutimesSync(target, 0, timeAt(index) / 1000);
    } else {
      const file = fs.openSync(target, 'wx', mode);
      files.set(entry, file);
      const bytes = contentsOf(content);
      for (let at = 0; at < bytes.length; ) at += fs.writeSync(file, bytes, at);
      if ((mode & mask) !== 0) fs.fchmodSync(file, mode);
      fs.futimesSync(file, 0, timeAt(index) / 1000);
    }
  });
  for (const [path, , mode] of directories.reverse()) fs.chmodSync(`${directory}/${path}`, mode); // last, because a directory may be read-only

  const isAsBuilt = ([path, kind, mode, content]: BatchEntry, index: number): boolean => {
    const stat = fs.lstatSync(`${directory}/${path}`, { throwIfNoEntry: false });
    if (stat === undefined) return false;
    if (kind === 'directory') return stat.isDirectory() && (stat.mode & 0o7777) === mode;
    if (Math.abs(stat.mtimeMs - timeAt(index)) > SAME_MS) return false;
    if (kind === 'symlink') return stat.isSymbolicLink();
    return stat.isFile() && (stat.mode & 0o7777) === mode && stat.size === contentsOf(content).length;
  };
  return {
    isUntouched: () => {
      try {
        let names = fs.readdirSync(directory).length;
        for (const [path] of directories) names += fs.readdirSync(`${directory}/${path}`).length;
        return names === built.length && built.every(isAsBuilt);
      } catch {
        return false; // a directory was removed, or is not readable any more
      }
    },
    wasRead: (entry) => {
      const file = files.get(entry);
      return file !== undefined && fs.fstatSync(file).atimeMs !== 0;
    },
    close: () => {
      for (const file of files.values()) fs.closeSync(file);
    },
  };
}

/** Whether the kernel records every read here; it does not on a mount with `noatime`. `directory` must not exist. */
export function readsAreNoted(directory: string): boolean {
  const entry = (name: string): BatchEntry => [name, 'file', 0o600, name];
  const [left, read, copied] = [entry('left'), entry('read'), entry('copied')];
  const tree = makeTree(directory, [left, read, copied], (hash) => Buffer.from(hash));
  try {
    fs.readFileSync(`${directory}/read`);
    fs.copyFileSync(`${directory}/copied`, `${directory}/copy`);
    return !tree.wasRead(left) && tree.wasRead(read) && tree.wasRead(copied);
  } finally {
    tree.close();
  }
}
