import fs from 'node:fs';
import { BACKUPS_KEPT, isLargerThan, listBackups, newBackupPath, removeBackups } from '../backups.ts';
import { forgetCommitted, isCommitted, rememberCommitted } from '../committed-text.ts';
import { replaceDurably } from '../durable-write.ts';
import { parseEntries, type SessionEntries, serializeEntries } from '../entries.ts';
import { errorCode } from '../error-code.ts';
import { linksRefused } from '../hard-link.ts';
import { removeOrphans } from '../orphans.ts';
import { removeQuietly } from '../remove-quietly.ts';
import { tempPath } from '../temp-file.ts';
import { setAsideTranscripts } from '../transcripts.ts';
import type { Replacement, Strategy } from './strategy.ts';

/**
 * Our own best design.
 *
 * Save    new temp file, fsync, hard link of the live file to the backup's name, rename over the live file, fsync of the
 *         directory: two fsyncs, and the live file is whole at every instant. A save that resolves is on disk; one that
 *         rejects left the old entries or the new ones. A backup that fails does not fail the save; old backups and
 *         transcripts are cleaned up only after the save is on disk.
 * Skip    an unchanged save is skipped, before any rotation, only if this process committed the file that is there.
 * Backup  a link is one op and shares the data of a file that was synced: it is never torn or empty, and load never reads it.
 * Load    a missing file is an empty store. If the file cannot be read or is not a store, load throws: an update then
 *         rejects instead of saving its change over entries that it never saw.
 * Window  none known, under kill and power loss. Needs an fsync that does not lie, and writers that all take the lock.
 */
function load(storePath: string): SessionEntries {
  try {
    return parseEntries(fs.readFileSync(storePath, 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {};
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${storePath} cannot be read as a session store: ${reason}`, { cause: error });
  }
}

async function replace({ storePath, entries, removed, rotateBytes, lockPath, lastOwnerDied }: Replacement): Promise<void> {
  if (lastOwnerDied || !swept.has(storePath)) {
    await removeOrphans(storePath, lockPath);
    swept.add(storePath);
  }
  const text = serializeEntries(entries);
  if (!(await isCommitted(storePath, text))) {
    forgetCommitted(storePath);
    let surplus: readonly string[] = [];
    const stamp = await replaceDurably(storePath, text, {
      beforeRename: async () => {
        if (await isLargerThan(storePath, rotateBytes)) surplus = (await backUp(storePath)) ?? [];
      },
    });
    rememberCommitted(storePath, text, stamp);
    await removeBackups(surplus);
  }
  await setAsideTranscripts(storePath, removed, entries);
}

/** Stores whose orphans this process has removed. Only a process that dies leaves new ones, and its lock shows that. */
const swept = new Set<string>();

async function rotate(storePath: string, rotateBytes: number): Promise<boolean> {
  if (!(await isLargerThan(storePath, rotateBytes))) return false;
  const surplus = await backUp(storePath);
  if (surplus === undefined) return false;
  await removeBackups(surplus);
  return true;
}

/** Links the live file to a backup's name. Returns the backups that are now too many, or undefined if it failed. */
async function backUp(storePath: string): Promise<string[] | undefined> {
  try {
    const backups = await listBackups(storePath);
    const newest = Number(backups[0]?.split('.').at(-1) ?? 0); // the clock may have been set back since
    await linkOrCopy(storePath, newBackupPath(storePath, newest));
    return backups.slice(BACKUPS_KEPT - 1);
  } catch {
    return undefined;
  }
}

async function linkOrCopy(storePath: string, backup: string): Promise<void> {
  try {
    return await fs.promises.link(storePath, backup);
  } catch (error) {
    if (!linksRefused(error)) throw error;
  }
  const temp = tempPath(storePath);
  try {
    await fs.promises.copyFile(storePath, temp, fs.constants.COPYFILE_EXCL);
    const handle = await fs.promises.open(temp, 'r+'); // Windows syncs only writable handles
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.promises.rename(temp, backup);
  } catch (error) {
    await removeQuietly(temp);
    throw error;
  }
}

export default { name: 'hardened', load, rotate, replace } satisfies Strategy;
