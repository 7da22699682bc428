import fs from 'node:fs';
import { type FileStamp, sameStamp, stampOf } from './temp-file.ts';

/** What this process itself forced to disk, data and name, for each store. */
const committed = new Map<string, { readonly text: string; readonly stamp: FileStamp }>();

export function rememberCommitted(storePath: string, text: string, stamp: FileStamp): void {
  committed.set(storePath, { text, stamp });
}

export function forgetCommitted(storePath: string): void {
  committed.delete(storePath);
}

/**
 * Whether a save of `text` can be skipped. An equal text on disk is not enough: another process may have written it and died
 * before it was durable. So the file must also be the one that this process committed. Returns false in doubt.
 */
export async function isCommitted(storePath: string, text: string): Promise<boolean> {
  const known = committed.get(storePath);
  if (known?.text !== text) return false;
  try {
    if (!sameStamp(known.stamp, stampOf(await fs.promises.stat(storePath, { bigint: true })))) return false;
    return (await fs.promises.readFile(storePath, 'utf8')) === text; // an inode number can be reused within a clock tick
  } catch {
    return false;
  }
}
