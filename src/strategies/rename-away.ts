import fs from 'node:fs';
import { writeTextAtomic } from '../atomic-write.ts';
import { isLargerThan, newBackupPath, pruneBackups } from '../backups.ts';
import { loadOrEmpty } from './lenient-load.ts';
import { rotateThenWrite } from './rotate-then-write.ts';
import type { Strategy } from './strategy.ts';

/**
 * The original: rotation renames the live file to the backup's name, and the atomic write that follows makes a new one.
 *
 * Window  from that rename to the last one there is no live file: a load after a crash, or beside the save, finds {}.
 * Without a crash  a save of unchanged entries past the threshold rotates, then skips its write: the store is gone.
 */
async function rotate(storePath: string, rotateBytes: number): Promise<boolean> {
  if (!(await isLargerThan(storePath, rotateBytes))) return false;
  try {
    await fs.promises.rename(storePath, newBackupPath(storePath));
  } catch {
    return false;
  }
  await pruneBackups(storePath);
  return true;
}

const name = 'rename-away';

export default { name, load: loadOrEmpty, rotate, replace: rotateThenWrite(name, rotate, writeTextAtomic) } satisfies Strategy;
