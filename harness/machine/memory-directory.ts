/**
 * A place for directories in memory: many small files are written there faster than on a disk, and an fsync costs nothing.
 */
import { accessSync, constants, realpathSync, statfsSync } from 'node:fs';

const SHARED_MEMORY = '/dev/shm';
/** The file system type of a tmpfs. `/dev/shm` may also be a directory on a disk, or in a container's overlay. */
const TMPFS = 0x01021994;
/** Free space that must be there, in bytes: some containers have 64 MiB in all, which a batch of large crash states may fill. */
const LEAST_ROOM = 256 << 20;

/** Returns a writable directory in memory with enough space, or undefined. */
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
