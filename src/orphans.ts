import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAlive, parseOwner } from './lock-owner.ts';
import { removeQuietly } from './remove-quietly.ts';
import { withLock } from './store-lock.ts';
import { isTempName } from './temp-file.ts';

/**
 * Removes the files that killed processes left beside a store. Only the holder of the store's lock may call it:
 * - `sessions.json.<uuid>.tmp` is only written under that lock, so the owner of one that exists now is dead;
 * - a lock ticket names its owner, and stays if that is alive;
 * - a claim is taken and released, as by a process that reclaims a lock.
 * A file that cannot be read or removed is left for the next call.
 */
export async function removeOrphans(storePath: string, lockPath: string): Promise<void> {
  const directory = dirname(storePath);
  const store = basename(storePath);
  const lock = basename(lockPath);
  for (const name of await fs.promises.readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    if (isTempName(name, store)) await removeQuietly(path);
    else if (isTempName(name, lock)) await removeDeadTicket(path);
    else if (name.startsWith(`${lock}.`) && name.endsWith('.claim')) await removeDeadClaim(path);
  }
}

async function removeDeadTicket(path: string): Promise<void> {
  const text = await fs.promises.readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const owner = parseOwner(text);
  if (owner === undefined || !isAlive(owner)) await removeQuietly(path);
}

async function removeDeadClaim(path: string): Promise<void> {
  await withLock(path, { timeoutMs: 0, pollMs: 0 }, async () => {}).catch(() => {});
}
