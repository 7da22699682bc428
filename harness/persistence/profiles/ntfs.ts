/**
 * Power loss on NTFS. Not calibrated: from what is documented and reported, never seen by this project.
 *
 * Allows   names and sizes up to any point of the log, each file's new data present or not: a file of the right name and size whose contents
 *          are NULs, as after outages of Windows machines; data written in place, any page at any time. A rename flushes nothing.
 * Forbids  names out of order; losing the data of a file after fsync, and what was logged up to the last change to it. A directory cannot be
 *          forced: fsync of one fails on Windows.
 * Real     Windows logs metadata only ($LogFile), and its cache manager writes data when it likes. FlushFileBuffers writes the file's data,
 *          then the log.
 */
import type { Rules } from '../rules.ts';

export const ntfs: Rules = {
  metadata: 'logged',
  growth: 'free',
  overwrite: 'in-place',
  samePage: 'in-order',
  data: 'written-back',
  resize: 'at-once',
  renameOver: 'not-flushed',
  close: 'not-flushed',
  fsyncFile: 'log',
  fsyncDirectory: 'nothing',
};
