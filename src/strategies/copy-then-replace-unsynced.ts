import { writeTextAtomic } from '../atomic-write.ts';
import { copyToBackup } from './copy-then-replace.ts';
import { loadOrEmpty } from './lenient-load.ts';
import { rotateThenWrite } from './rotate-then-write.ts';
import type { Strategy } from './strategy.ts';

/**
 * What shipped two weeks later, for speed: copy-then-replace without any fsync.
 *
 * Window  none under kill. A power cut after a save may leave the old store; or, where the name reaches the disk before the
 *         data (xfs, and ext4 if the name was free), an empty file, which load takes for an empty store.
 */
const writeUnsynced = (storePath: string, text: string) => writeTextAtomic(storePath, text, { sync: false });

const name = 'copy-then-replace-unsynced';

export default {
  name,
  load: loadOrEmpty,
  rotate: copyToBackup,
  replace: rotateThenWrite(name, copyToBackup, writeUnsynced),
} satisfies Strategy;
