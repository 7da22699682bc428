/**
 * File ids, in the order in which files first appear in a run. A renamed inode keeps its id; an inode number that is reused for a new
 * file gets a new id.
 */
import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Located } from './resolve.ts';

export class FileIds {
  readonly #directory: string;
  readonly #byInode = new Map<bigint, number>();
  readonly #missing = new Map<string, number>();
  #count = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The id of the file that a call refers to, before the call. A file that does not exist yet is identified by its path. */
  of(path: string, located: Located): number {
    const inode = located.handle === undefined ? this.#inode(path) : statSync(located.handle, { bigint: true, throwIfNoEntry: false })?.ino;
    if (inode !== undefined) return this.#known(this.#byInode, inode);
    return this.#known(this.#missing, path);
  }

  /** As `of`, but undefined for a file that does not exist. */
  existing(path: string, located: Located): number | undefined {
    return this.#inode(path) === undefined ? undefined : this.of(path, located);
  }

  /** The size of an open file, by its path under /proc. */
  size(handle: string): number | undefined {
    return statSync(handle, { throwIfNoEntry: false })?.size;
  }

  /** Call it after a call that may have created the file: from now on the inode identifies it. */
  created(path: string, id: number): void {
    if (this.#missing.get(path) !== id) return;
    const inode = this.#inode(path);
    if (inode === undefined) return;
    this.#missing.delete(path);
    this.#byInode.set(inode, id);
  }

  /** Undefined where no file can be, too: behind a name that is too long, or below a file. The call itself will say so. */
  #inode(path: string): bigint | undefined {
    try {
      return lstatSync(join(this.#directory, path), { bigint: true, throwIfNoEntry: false })?.ino;
    } catch {
      return undefined;
    }
  }

  #known<Key>(ids: Map<Key, number>, key: Key): number {
    const known = ids.get(key);
    if (known !== undefined) return known;
    this.#count += 1;
    ids.set(key, this.#count);
    return this.#count;
  }
}
