import fs from 'node:fs';
import { writeTextAtomic } from '../atomic-write.ts';
import { isLargerThan, newBackupPath, pruneBackups } from '../backups.ts';
import { loadOrEmpty } from './lenient-load.ts';
import { rotateThenWrite } from './rotate-then-write.ts';
import type { Strategy } from './strategy.ts';

/**
 * What shipped: rotation copies the live file to the backup's name; the atomic write alone touches the live file.
 *
 * Window  none under kill: the live file is the old one or the new one at every instant, and load never reads a backup.
 *         The backup itself can be torn: it is copied under its final name and never synced.
 * Failing reads  a read that fails inside an update (EMFILE, EIO) passes for an empty store, which is then saved with the
 *         change alone.
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
