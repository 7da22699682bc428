import fs from 'node:fs';
import type { SessionEntries } from './entries.ts';
import { type FileStamp, sameStamp, stampOf } from './temp-file.ts';

/**
 * The last result of `loadSessionStore`, valid as long as the file is the same one. A file that was written a moment ago is
 * not cached: another write within the same clock tick would look the same.
 */
interface Remembered {
  readonly stamp: FileStamp;
  readonly entries: SessionEntries;
}

/** The coarsest resolution of file times in use (FAT). */
const TICK_MS = 2_000;

const remembered = new Map<string, Remembered>();

/** Calls `load`, or returns a copy of its last result if the file is the same one. Callers may modify the result. */
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
