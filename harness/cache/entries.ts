/**
 * Entries on disk: one file for each cell and key, in one directory for each cell.
 *
 * A file is two lines: a checksum, and what it is of, as JSON. It is written beside its name, forced to disk and renamed, so that one that is
 * being written when its process is killed never gets its name. What is not as it was written is not believed, and neither is what another
 * user owns or could write to.
 */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { CheckedCell } from '../cell-result.ts';
import { replaceFile } from '../machine/replace-file.ts';
import { type CellKey, keyOf } from './cell-key.ts';
import { hashOf } from './hashes.ts';
import type { Parts } from './surroundings.ts';

export interface Entry {
  readonly cell: string;
  readonly parts: Parts;
  /** What was used outside of the store's directory: a path, whether the names in it were read, and what was there. */
  readonly outside: readonly (readonly [path: string, listed: boolean, state: string])[];
  /** What was noted of the store. */
  readonly notes: readonly string[];
  readonly checked: CheckedCell;
}

/** All that is kept. The oldest entries go first. */
export interface Bounds {
  readonly entries: number;
  readonly bytes: number;
}

export const BOUNDS: Bounds = { entries: 10_000, bytes: 256 << 20 };

const OWNER_ONLY = 0o700;
const OTHERS_WRITE = 0o022;
const NAME_LENGTH = 32;
/** Temporary files of writers that were killed. */
const LEFT_BEHIND_MS = 3_600_000;

export type Read =
  | { readonly kind: 'entry'; readonly entry: Entry }
  /** Nothing is kept under the key. `like`: the parts of the newest entry of the cell. */
  | { readonly kind: 'none'; readonly like: Parts | undefined }
  | { readonly kind: 'refused'; readonly why: string };

export class Entries {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Makes the directory. Throws if that is not possible. */
  open(): void {
    mkdirSync(this.#root, { recursive: true, mode: OWNER_ONLY });
  }

  read(key: CellKey): Read {
    const path = this.#pathOf(key);
    const found = readEntry(path);
    if (found === undefined) return { kind: 'none', like: this.#newestLike(dirname(path)) };
    if (typeof found === 'string') return { kind: 'refused', why: found };
    if (found.cell !== key.cell || keyOf(found.parts) !== key.key) return { kind: 'refused', why: 'it belongs to another cell' };
    return { kind: 'entry', entry: found };
  }

  /** It was of use: it becomes the youngest. */
  touch(key: CellKey, now: Date): void {
    try {
      utimesSync(this.#pathOf(key), now, now);
    } catch {
      // a cache that cannot be written to can still be read
    }
  }

  async write(key: CellKey, entry: Entry): Promise<void> {
    const path = this.#pathOf(key);
    mkdirSync(dirname(path), { recursive: true, mode: OWNER_ONLY });
    const body = JSON.stringify(entry);
    await replaceFile(path, `${hashOf(body)}\n${body}\n`);
  }

  prune({ entries, bytes }: Bounds, nowMs: number): void {
    let [count, size] = [0, 0];
    for (const { path, mtimeMs, length, isEntry } of this.#files()) {
      count += 1;
      size += length;
      if (isEntry ? count > entries || size > bytes : nowMs - mtimeMs > LEFT_BEHIND_MS) removeFile(path);
    }
  }

  #pathOf({ cell, key }: CellKey): string {
    return join(this.#root, hashOf(cell).slice(0, NAME_LENGTH), `${key.slice(0, NAME_LENGTH)}.json`);
  }

  #newestLike(directory: string): Parts | undefined {
    const [newest] = filesIn(directory).filter(({ isEntry }) => isEntry);
    const entry = newest && readEntry(newest.path);
    return typeof entry === 'object' ? entry.parts : undefined;
  }

  /** Youngest first. */
  #files(): CacheFile[] {
    return namesIn(this.#root)
      .flatMap((name) => filesIn(join(this.#root, name)))
      .sort(youngestFirst);
  }
}

interface CacheFile {
  readonly path: string;
  readonly mtimeMs: number;
  readonly length: number;
  readonly isEntry: boolean;
}

const youngestFirst = (one: CacheFile, other: CacheFile): number => other.mtimeMs - one.mtimeMs;

/** Youngest first. */
function filesIn(directory: string): CacheFile[] {
  return namesIn(directory)
    .flatMap((name): CacheFile[] => {
      const path = join(directory, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat?.isFile() ? [{ path, mtimeMs: stat.mtimeMs, length: stat.size, isEntry: name.endsWith('.json') }] : [];
    })
    .sort(youngestFirst);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Another run may prune at the same time. */
function removeFile(path: string): void {
  try {
    unlinkSync(path);
    rmdirSync(dirname(path)); // if it was the last one
  } catch {
    // as above
  }
}

/** Undefined if the file is not there; a text says why it is not believed. */
function readEntry(path: string): Entry | string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? undefined : `it cannot be read (${code})`;
  }
  try {
    const { uid, mode } = fstatSync(file);
    if (uid !== process.getuid?.() || (mode & OTHERS_WRITE) !== 0) return 'another user could have written it';
    const text = readFileSync(file, 'utf8');
    const end = text.indexOf('\n');
    const body = text.slice(end + 1, -1);
    if (text.at(-1) !== '\n' || text.slice(0, end) !== hashOf(body)) return 'it is damaged';
    return JSON.parse(body) as Entry;
  } catch (error) {
    return `it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'not JSON'})`;
  } finally {
    closeSync(file);
  }
}
