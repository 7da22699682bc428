import { writeTextAtomic } from '../atomic-write.ts';
import type { SessionEntries } from '../entries.ts';
import { readEntries, readNewestBackup } from './lenient-load.ts';
import { renameThenPlaceholder } from './placeholder-after-rename.ts';
import { rotateThenWrite } from './rotate-then-write.ts';
import type { Strategy } from './strategy.ts';

/**
 * The third attempt: rotation as in placeholder-after-rename, and load reads the newest backup when the live file is missing
 * or unreadable.
 *
 * Window  from the placeholder to the last rename the store is a valid `{}`; only the instant before the placeholder is covered.
 */
function load(storePath: string): SessionEntries {
  return readEntries(storePath) ?? readNewestBackup(storePath) ?? {};
}

const name = 'recover-when-missing';

export default {
  name,
  load,
  rotate: renameThenPlaceholder,
  replace: rotateThenWrite(name, renameThenPlaceholder, writeTextAtomic),
} satisfies Strategy;
