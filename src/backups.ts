import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { increasingTime } from './increasing-time.ts';
import { removeQuietly } from './remove-quietly.ts';

/** How many `sessions.json.bak.<time>` stay beside the store. */
export const BACKUPS_KEPT = 3;

/** A new backup name, later in lexical order than all that this process made before. */
export function newBackupPath(storePath: string, after = 0): string {
  return `${storePath}.bak.${increasingTime(after)}`;
}

/** The backups of a store, newest first. Their order is lexical: times have 13 digits until the year 2286. */
export async function listBackups(storePath: string): Promise<string[]> {
  return backupsAmong(await fs.promises.readdir(dirname(storePath)), storePath);
}

export function listBackupsSync(storePath: string): string[] {
  return backupsAmong(fs.readdirSync(dirname(storePath)), storePath);
}

/** Removes all backups but the newest `BACKUPS_KEPT`. Ignores failures: they must not fail a save. */
export async function pruneBackups(storePath: string): Promise<void> {
  const backups = await listBackups(storePath).catch(() => []);
  await removeBackups(backups.slice(BACKUPS_KEPT));
}

export async function removeBackups(backups: readonly string[]): Promise<void> {
  for (const path of backups) await removeQuietly(path);
}

/** Whether the store is due for rotation. False if stat fails, for example because the store is missing. */
export async function isLargerThan(storePath: string, bytes: number): Promise<boolean> {
  try {
    return (await fs.promises.stat(storePath)).size > bytes;
  } catch {
    return false;
  }
}

function backupsAmong(names: readonly string[], storePath: string): string[] {
  const prefix = `${basename(storePath)}.bak.`;
  return names
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .sort()
    .reverse()
    .map((name) => join(dirname(storePath), name));
}
