import fs from 'node:fs';
import { listBackupsSync } from '../backups.ts';
import { parseEntries, type SessionEntries } from '../entries.ts';

/** The entries in the file, or undefined if it cannot be read for any reason: missing, empty, truncated, `[]`, EMFILE, EIO. */
export function readEntries(path: string): SessionEntries | undefined {
  try {
    return parseEntries(fs.readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The load of the historical designs: it takes a store that cannot be read for an empty one. */
export function loadOrEmpty(storePath: string): SessionEntries {
  return readEntries(storePath) ?? {};
}

/** The entries in the newest backup, or undefined if there is none or it cannot be read. Older ones are not tried. */
export function readNewestBackup(storePath: string): SessionEntries | undefined {
  try {
    const [newest] = listBackupsSync(storePath);
    return newest === undefined ? undefined : readEntries(newest);
  } catch {
    return undefined;
  }
}
