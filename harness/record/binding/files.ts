/**
 * Which file an op is about: one identity per file, from its first appearance in the run until its last name is gone.
 *
 * Files are distinguished by inode. An open that creates a file makes a new identity even if the inode number is reused.
 * A file gets its id when an op first names it, so that ids are the same in every run of the same ops. A missing file
 * (a stat that fails with ENOENT) has an identity too, until something is created under its name.
 */
import { join } from 'node:path';
import type { OpenFlag } from '../../domain/trace.ts';
import { type FileStat, isDirectory, type NativeFs, type NativePath, statOf } from './native.ts';

export interface FileIdentity {
  /** Assigned by `idOf`. */
  id: number | undefined;
  /** Its latest known name, relative to the directory. */
  path: string;
}

export class Files {
  readonly #fs: NativeFs;
  readonly #directory: string;
  readonly #byInode = new Map<string, FileIdentity>();
  readonly #missing = new Map<string, FileIdentity>();
  #lastId = 0;

  constructor(fs: NativeFs, directory: string) {
    this.#fs = fs;
    this.#directory = directory;
  }

  /** The id of a file, counted from 1 in the order in which ops name them. */
  idOf(file: FileIdentity): number {
    if (file.id === undefined) {
      this.#lastId += 1;
      file.id = this.#lastId;
    }
    return file.id;
  }

  /** The file at a path (or behind a descriptor) now. */
  at(target: NativePath | number, path: string, follow: boolean): FileIdentity {
    const stat = statOf(this.#fs, target, follow);
    if (stat === undefined) return this.#missingAt(path);
    const known = this.#byInode.get(stat.key);
    if (known !== undefined) {
      // Renames before the recording are not followed: replace a name that no longer leads to this file.
      if (known.path !== path && statOf(this.#fs, join(this.#directory, known.path), false)?.key !== stat.key) known.path = path;
      return known;
    }
    const found = { id: undefined, path };
    this.#byInode.set(stat.key, found);
    return found;
  }

  /** The file just created at a path. */
  created(target: NativePath | number, path: string): FileIdentity {
    this.#missing.delete(path);
    const file: FileIdentity = { id: undefined, path };
    const stat = statOf(this.#fs, target, false);
    if (stat !== undefined) this.#byInode.set(stat.key, file);
    return file;
  }

  /** After a name was removed: forgets the file if that was its last one, since its inode number may be reused. */
  forget(removed: FileStat): void {
    if (removed.links <= 1 || isDirectory(removed)) this.#byInode.delete(removed.key);
  }

  /** After a rename: updates the path of the file and of everything below it. */
  moved(file: FileIdentity, from: string, to: string): void {
    this.#missing.delete(to);
    file.path = to;
    for (const other of this.#byInode.values()) {
      if (other.path.startsWith(`${from}/`)) other.path = to + other.path.slice(from.length);
    }
  }

  #missingAt(path: string): FileIdentity {
    const known = this.#missing.get(path);
    if (known !== undefined) return known;
    const missing = { id: undefined, path };
    this.#missing.set(path, missing);
    return missing;
  }
}

/** A descriptor open on something inside the directory. */
export interface OpenFile {
  readonly file: FileIdentity;
  /** The offset of the next read or write without a position, in bytes. */
  position: number;
  readonly append: boolean;
  /** What a write through it forces to disk. */
  readonly forces: readonly OpenFlag[];
}
