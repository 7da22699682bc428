import fs from 'node:fs';
import { errorCode } from './error-code.ts';
import { linksRefused } from './hard-link.ts';
import { type LockOwner, newOwner } from './lock-owner.ts';
import { removeQuietly } from './remove-quietly.ts';

/**
 * A ticket is a file of its own (`sessions.json.lock.<uuid>.tmp`, O_CREAT|O_EXCL) that names the owner. Linking it to a lock's
 * name takes that lock, and fails if the name exists: so a lock names its owner from its first instant.
 */
export interface Ticket {
  readonly owner: LockOwner;
  readonly text: string;
  readonly file: string;
}

/** Makes a ticket; `writeTicket` writes it. Its owner counts as alive until `forgetOwner`. */
export function newTicket(lockPath: string): Ticket {
  const owner = newOwner();
  return { owner, text: `${JSON.stringify(owner)}\n`, file: `${lockPath}.${owner.id}.tmp` };
}

export function writeTicket({ file, text }: Ticket): Promise<void> {
  return createFile(file, text);
}

/**
 * Takes the lock at `path` with the ticket, unless the file exists. Where links are refused, the file is created first and
 * then written, so a reader may find it empty; the result is then `open`.
 */
export async function placeTicket(ticket: Ticket, path: string): Promise<'link' | 'open' | 'exists'> {
  try {
    await fs.promises.link(ticket.file, path);
    return 'link';
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return 'exists';
    if (code === 'ENOENT') {
      await writeTicket(ticket); // another process removed it as an orphan before it named its owner
      return placeTicket(ticket, path);
    }
    if (!linksRefused(error)) throw error;
  }
  try {
    await createFile(path, ticket.text);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return 'exists';
    throw error;
  }
  return (await readLock(path)) === ticket.text ? 'open' : 'exists'; // while this process stalled, another may have reclaimed it
}

/** The text of a lock, or undefined if there is none. Throws other errors: an unreadable lock may have a living owner. */
export async function readLock(path: string): Promise<string | undefined> {
  try {
    return await fs.promises.readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function createFile(path: string, text: string): Promise<void> {
  const handle = await fs.promises.open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
  } catch (error) {
    await removeQuietly(path);
    throw error;
  } finally {
    await handle.close();
  }
}
