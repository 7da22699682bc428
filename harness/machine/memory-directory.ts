/**
 * Where directories lie in memory: many small files are written there faster than on a disk, and an fsync costs nothing.
 */
import { accessSync, constants, realpathSync, statfsSync } from 'node:fs';

const SHARED_MEMORY = '/dev/shm';
/** What Linux tells of a tmpfs. A directory of that name on a disk, or in a container's overlay, is none. */
const TMPFS = 0x01021994;
/** Room that must be left, in bytes: some containers have 64 MiB there, which a batch of large crash states may fill. */
const LEAST_ROOM = 256 << 20;

/** A directory in memory that this process may write to and that has room; undefined where there is none. */
export function memoryDirectory(path = SHARED_MEMORY): string | undefined {
  try {
    const real = realpathSync(path);
    accessSync(real, constants.W_OK | constants.X_OK);
    const { type, bavail, bsize } = statfsSync(real);
    return type === TMPFS && bavail * bsize >= LEAST_ROOM ? real : undefined;
  } catch {
    return undefined;
  }
}
