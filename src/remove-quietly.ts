import fs from 'node:fs';

/** Removes a file that nobody needs any more. One that cannot be removed stays: what led here matters more. */
export async function removeQuietly(path: string): Promise<void> {
  await fs.promises.unlink(path).catch(() => {});
}
