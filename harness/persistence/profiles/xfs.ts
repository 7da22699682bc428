/**
 * Power loss on xfs.
 *
 * Allows   names, modes and truncations up to any point of the log, each file's new data present or not: the classic empty
 *          file, or a prefix of its pages; data written in place, any page at any time. A rename flushes nothing. Closing a
 *          shortened file does not flush data in pages that were already allocated.
 * Forbids  names out of order; a size without its data (it is logged when the data is on disk), so neither zeros nor garbage at
 *          the end of a file; a truncation without the data below the new size; anything logged after the close of a shortened
 *          file, without the data written to new pages since; losing what was logged up to the last change to what was fsynced.
 * Real     mkfs.xfs defaults on Linux 6. Linux only starts the flush at close: a cut during that write can still lose the data.
 */
import type { Rules } from '../rules.ts';

export const xfs: Rules = {
  metadata: 'logged',
  growth: 'with-data',
  overwrite: 'in-place',
  samePage: 'in-order',
  data: 'written-back',
  resize: 'waits',
  renameOver: 'not-flushed',
  close: 'flushed-if-shortened',
  fsyncFile: 'log',
  fsyncDirectory: 'log',
};
