/**
 * Power loss on F2FS. Not calibrated: from its documentation and the literature, never seen by this project.
 *
 * Allows   everything up to some checkpoint, and in addition what fsync wrote for its own recovery: the file with its names. For a file that
 *          was not forced, its data or not, also behind a rename over an old file.
 * Forbids  names out of order, except those that recovery restores; a size without its data; losing a forced file.
 * Real     mkfs.f2fs defaults (fsync_mode=posix). A directory is forced by a checkpoint, which takes everything before it along.
 */
import type { Rules } from '../rules.ts';
import { btrfs } from './btrfs.ts';

export const f2fs: Rules = { ...btrfs, renameOver: 'not-flushed', fsyncDirectory: 'log' };
