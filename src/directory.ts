import fs from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from './error-code.ts';

// Windows has no fsync for directories; NTFS logs names by itself.
const UNSUPPORTED_ON_WINDOWS: ReadonlySet<string | undefined> = new Set(['EPERM', 'EISDIR', 'EINVAL']);

/** Forces the names in a directory to disk. Rejects if that fails; on Windows, which does not support it, it resolves. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await fs.promises.open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (process.platform === 'win32' && UNSUPPORTED_ON_WINDOWS.has(errorCode(error))) return;
    throw error;
  }
}

/** mkdir -p. Before it resolves, the names of all new directories are on disk. */
export async function makeDirectory(path: string): Promise<void> {
  const firstMade = await fs.promises.mkdir(path, { recursive: true });
  if (firstMade === undefined) return;
  const top = dirname(firstMade);
  for (let parent = dirname(path); parent.length >= top.length; parent = dirname(parent)) {
    await syncDirectory(parent);
    if (parent === dirname(parent)) return;
  }
}
