/**
 * Power loss on ext4 with default mkfs and mount options: data=ordered, delayed allocation, auto_da_alloc.
 *
 * Allows   names, modes and truncations up to any point of the journal; for a file written since, 0 bytes or any prefix of pages,
 *          whichever of its names persisted (blocks are allocated late, and the size follows them); zeros where an append went into
 *          an already allocated page; data written in place, any page at any time.
 * Forbids  names out of order; a rename over another file without the new data; anything journalled after the close of a file that
 *          was truncated to 0, without the data written to it since; bytes that were never written; losing what was journalled up
 *          to the last change to an fsynced file or directory. An fsync of something unchanged forces nothing.
 * Real     mkfs.ext4 defaults on Linux 6. Observed but not modelled: a commit during such a flush leaves zeros. The journal does not
 *          wait for that data, because with dioread_nolock its blocks are not yet marked as written; with dioread_lock it waits. The
 *          window is one write long.
 */
import type { Rules } from '../rules.ts';

export const ext4: Rules = {
  metadata: 'logged',
  growth: 'with-new-blocks',
  overwrite: 'in-place',
  samePage: 'in-order',
  data: 'written-back',
  resize: 'at-once',
  renameOver: 'flushed',
  close: 'flushed-if-emptied',
  fsyncFile: 'log',
  fsyncDirectory: 'log',
};
