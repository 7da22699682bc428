import fs from 'node:fs';
import { listBackupsSync } from '../backups.ts';
import { parseEntries, type SessionEntries } from '../entries.ts';

/** What the file holds, or undefined for whatever reason it cannot be read: missing, empty, truncated, `[]`, EMFILE, EIO. */
export function readEntries(path: string): SessionEntries | undefined {
  try {
    return parseEntries(fs.readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The load of the historical designs: a store that cannot be read is an empty one. */
export function loadOrEmpty(storePath: string): SessionEntries {
  return readEntries(storePath) ?? {};
}

/** What the newest backup holds, if there is one and it can be read. Older ones are not tried. */
export function readNewestBackup(storePath: string): SessionEntries | undefined {
  try {
    const [newest] = listBackupsSync(storePath);
    return newest === undefined ? undefined : readEntries(newest);
  } catch {
    return undefined;
  }
}
