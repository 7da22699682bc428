import fs from 'node:fs';
import { writeTextAtomic } from '../atomic-write.ts';
import { isLargerThan, newBackupPath, pruneBackups } from '../backups.ts';
import { loadOrEmpty } from './lenient-load.ts';
import { rotateThenWrite } from './rotate-then-write.ts';
import type { Strategy } from './strategy.ts';

/** An empty store, written where the live file would be missing. It is valid: load cannot distinguish it from a reset store. */
export const PLACEHOLDER = '{}';

/**
 * The second attempt: rename the live file to the backup's name, then write `{}` in its place.
 *
 * Window  from that rename to the last one the store is missing, then empty, as in rename-away.
 * Wrong result  if the rename succeeds and the placeholder cannot be written, the caller gets "no rotation".
 */
export async function renameThenPlaceholder(storePath: string, rotateBytes: number): Promise<boolean> {
  if (!(await isLargerThan(storePath, rotateBytes))) return false;
  try {
    await fs.promises.rename(storePath, newBackupPath(storePath));
    await fs.promises.writeFile(storePath, PLACEHOLDER, { mode: 0o600 });
  } catch {
    return false;
  }
  await pruneBackups(storePath);
  return true;
}

const name = 'placeholder-after-rename';

export default {
  name,
  load: loadOrEmpty,
  rotate: renameThenPlaceholder,
  replace: rotateThenWrite(name, renameThenPlaceholder, writeTextAtomic),
} satisfies Strategy;
