/**
 * Power loss on xfs.
 *
 * Allows   names, modes and truncations up to any point of the log, each file's new data present or not: the classic empty
 *          file, or a prefix of its pages; data written in place, any page at any time. A rename flushes nothing. Nor does the
 *          close of a file that was shortened flush what went into pages that it still has.
 * Forbids  names out of order; a size without its data (it is logged when the data is on disk), so neither zeros nor garbage at
 *          the end of a file; a truncation to some size without the data below it; what follows the close of a file that was
 *          shortened without what was written to new pages since; losing what was logged before the last change to what was fsynced.
 * Real     mkfs.xfs defaults on Linux 6. The flush at close is only started there: a cut within that write can still lose it.
 */
import type { Profile } from '../profile.ts';

export const xfs: Profile = {
  name: 'xfs',
  metadata: 'logged',
  growth: 'with-data',
  overwrite: 'in-place',
  samePage: 'in-order',
  resize: 'waits',
  renameOver: 'not-flushed',
  close: 'flushed-if-shortened',
  fsyncFile: 'log',
  fsyncDirectory: 'log',
};
