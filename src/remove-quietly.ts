import fs from 'node:fs';

/** Removes a file that is no longer needed. Ignores failures, because the caller's own result matters more. */
export async function removeQuietly(path: string): Promise<void> {
  await fs.promises.unlink(path).catch(() => {});
}
