import fs from 'node:fs';
import type { SessionEntries } from './entries.ts';
import { type FileStamp, sameStamp, stampOf } from './temp-file.ts';

/**
 * What `loadSessionStore` parsed last, for as long as the file is the same one. A file that was written a moment ago is not
 * remembered: it could be written again within the same tick of the clock, and look the same.
 */
interface Remembered {
  readonly stamp: FileStamp;
  readonly entries: SessionEntries;
}

/** The coarsest file time in use (FAT). */
const TICK_MS = 2_000;

const remembered = new Map<string, Remembered>();

/** `load`, or a copy of what it returned for the very same file. Callers may change what they get. */
export function loadCached(key: string, storePath: string, load: () => SessionEntries): SessionEntries {
  const stats = statOrUndefined(storePath);
  if (stats === undefined) return load();
  const stamp = stampOf(stats); // taken before reading: a file replaced in between is read again next time
  const known = remembered.get(key);
  if (known !== undefined && sameStamp(known.stamp, stamp)) return structuredClone(known.entries);
  const entries = load();
  if (Number(stats.mtimeMs) + TICK_MS < Date.now()) remembered.set(key, { stamp, entries: structuredClone(entries) });
  else remembered.delete(key);
  return entries;
}

function statOrUndefined(path: string): fs.BigIntStats | undefined {
  try {
    return fs.statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
