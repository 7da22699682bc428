/** Hashes of what is too long for a key. */
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';

/** Shared, because fresh memory costs more than reading: Node's own program has a hundred megabytes. */
const CHUNK = Buffer.alloc(1 << 20);

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Throws as `open` and `read` do. */
export function hashOfFile(path: string): string {
  const hash = createHash('sha256');
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    for (let length = readSync(file, CHUNK); length > 0; length = readSync(file, CHUNK)) hash.update(CHUNK.subarray(0, length));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}
