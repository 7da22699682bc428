/**
 * Power loss on ext4 as it is made and mounted by default: data=ordered, delayed allocation, auto_da_alloc.
 *
 * Allows   names, modes and truncations up to any point of the journal; of a file that was written since, 0 bytes or any
 *          prefix of pages, whatever of its names is there (the place of a block is chosen late, and the size follows it); zeros
 *          where an append went into a page that already had its place; data written in place, any page at any time.
 * Forbids  names out of order; a rename over another file without the new data; what follows the close of a file that was
 *          truncated to 0 without the data written since; bytes that nobody wrote; losing what was journalled before the last
 *          change to a file or directory that was fsynced. An fsync of something unchanged forces nothing.
 * Real     mkfs.ext4 defaults on Linux 6. Not covered, and seen: a commit between the start of such a flush and its end leaves zeros.
 *          The journal does not wait for that data, because with dioread_nolock its blocks are not yet marked as written; with
 *          dioread_lock it waits. The window is one write long.
 */
import type { Profile } from '../profile.ts';

export const ext4: Profile = {
  name: 'ext4',
  metadata: 'logged',
  growth: 'with-new-blocks',
  overwrite: 'in-place',
  samePage: 'in-order',
  resize: 'at-once',
  renameOver: 'flushed',
  close: 'flushed-if-emptied',
  fsyncFile: 'log',
  fsyncDirectory: 'log',
};
