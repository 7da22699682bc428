import fs from 'node:fs';
import { writeTextAtomic } from '../atomic-write.ts';
import { isLargerThan, newBackupPath, pruneBackups } from '../backups.ts';
import { loadOrEmpty } from './lenient-load.ts';
import { rotateThenWrite } from './rotate-then-write.ts';
import type { Strategy } from './strategy.ts';

/**
 * What shipped: rotation copies the live file to the backup's name; only the atomic write changes the live file.
 *
 * Window  none under kill: the live file is the old one or the new one at every instant, and load never reads a backup.
 *         The backup itself can be torn: it is copied under its final name and never synced.
 * Failing reads  an update takes a read that fails (EMFILE, EIO) for an empty store, and saves it with only its own
 *         change.
 */
export async function copyToBackup(storePath: string, rotateBytes: number): Promise<boolean> {
  if (!(await isLargerThan(storePath, rotateBytes))) return false;
  try {
    await fs.promises.copyFile(storePath, newBackupPath(storePath));
  } catch {
    return false;
  }
  await pruneBackups(storePath);
  return true;
}

const name = 'copy-then-replace';

export default {
  name,
  load: loadOrEmpty,
  rotate: copyToBackup,
  replace: rotateThenWrite(name, copyToBackup, writeTextAtomic),
} satisfies Strategy;
