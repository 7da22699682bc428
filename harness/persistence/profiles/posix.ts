/**
 * Power loss as POSIX defines it: the floor, which every other profile exceeds.
 *
 * Allows   any subset of what was not forced, in any order: a name without its data, data without its name, a size over missing
 *          data (it reads as zeros), a page with its last write but without the one before.
 * Forbids  losing the data and size of a file after fsync or fdatasync, its mode after fsync, entries after fsync of their
 *          directory; half a rename; and bytes that were never written, other than zeros, although POSIX does not promise that.
 * Real     no file system does all of this. ext2, and ext4 with data=writeback except for stale blocks, come close.
 */
import type { Rules } from '../rules.ts';

export const posix: Rules = {
  metadata: 'free',
  growth: 'free',
  overwrite: 'in-place',
  samePage: 'free',
  data: 'written-back',
  resize: 'at-once',
  renameOver: 'not-flushed',
  close: 'not-flushed',
  fsyncFile: 'file',
  fsyncDirectory: 'entries',
};
