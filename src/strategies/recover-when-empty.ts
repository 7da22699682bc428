import { writeTextAtomic } from '../atomic-write.ts';
import type { SessionEntries } from '../entries.ts';
import { readEntries, readNewestBackup } from './lenient-load.ts';
import { renameThenPlaceholder } from './placeholder-after-rename.ts';
import { rotateThenWrite } from './rotate-then-write.ts';
import type { Strategy } from './strategy.ts';

/**
 * What was suggested next: as recover-when-missing, but load also reads the newest backup when the live file is `{}`.
 *
 * Window  none under one kill. After it, the next save rotates the placeholder, so the newest backup is empty too: a second
 *         kill there leaves nothing. Even without a crash, load takes a store that was emptied on purpose for the placeholder:
 *         the deleted sessions come back from the backup, and the next update saves them again.
 */
function load(storePath: string): SessionEntries {
  const entries = readEntries(storePath) ?? {};
  return Object.keys(entries).length > 0 ? entries : (readNewestBackup(storePath) ?? {});
}

const name = 'recover-when-empty';

export default {
  name,
  load,
  rotate: renameThenPlaceholder,
  replace: rotateThenWrite(name, renameThenPlaceholder, writeTextAtomic),
} satisfies Strategy;
