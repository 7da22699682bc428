import fs from 'node:fs';
import { writeTextAtomic } from '../atomic-write.ts';
import { isLargerThan, newBackupPath, pruneBackups } from '../backups.ts';
import { loadOrEmpty } from './lenient-load.ts';
import { PLACEHOLDER } from './placeholder-after-rename.ts';
import { rotateThenWrite } from './rotate-then-write.ts';
import type { Strategy } from './strategy.ts';

/**
 * The first attempt: write `{}` to the live file, so that there always is one, then rename it to the backup's name.
 *
 * Window  from the placeholder to the last rename the store is empty or missing. The placeholder overwrites the only copy
 *         before the rename, so the backup holds `{}` too: the entries cannot be recovered.
 */
async function rotate(storePath: string, rotateBytes: number): Promise<boolean> {
  if (!(await isLargerThan(storePath, rotateBytes))) return false;
  try {
    await fs.promises.writeFile(storePath, PLACEHOLDER, { mode: 0o600 });
    await fs.promises.rename(storePath, newBackupPath(storePath));
  } catch {
    return false;
  }
  await pruneBackups(storePath);
  return true;
}

const name = 'placeholder-first';

export default { name, load: loadOrEmpty, rotate, replace: rotateThenWrite(name, rotate, writeTextAtomic) } satisfies Strategy;
