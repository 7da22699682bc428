/**
 * Power loss on btrfs.
 *
 * Allows   everything up to some commit, and in addition what fsync wrote to its own log; for a file that was not fsynced, its data or
 *          not, even where it overwrote other data (the data goes to new blocks, which the commit records). An fsync of only the
 *          directory logs its new names with empty files, even where one of them replaced a file by rename.
 * Forbids  names out of order, except those that the log restores; losing an fsynced file, its names at that time, or what these
 *          depend on: its directories, and the files that had these names before; losing the entries of an fsynced directory; a
 *          commit with a rename over a non-empty file but without the new data.
 * Real     mkfs.btrfs defaults on Linux 6; the empty file after write, rename over, fsync(dir) was observed there. Linux is stricter
 *          in two ways that the profile does not assume: closing a file truncated to 0 flushes it, and some fsyncs become commits.
 *          Linux only starts the flush at a rename: a commit during that write can still lose the data.
 *
 * Observed but not modelled: after a file was forced, and until the next commit (30 s), a rename, link or unlink of it reaches the disk
 * with the next fsync of anything, ahead of older names; so does a rename in a forced directory. So an unforced save soon after a
 * forced one can do more damage than this profile shows: the forced file is gone if its directory was not forced, and empty if it was.
 * A move into a directory that is then forced can leave the file in both. A store that forces each file before its rename loses
 * nothing this way. `harness/calibrate/btrfs-log.ts` computes exactly these names.
 */
import type { Rules } from '../rules.ts';

export const btrfs: Rules = {
  metadata: 'logged',
  growth: 'with-data',
  overwrite: 'copied',
  samePage: 'in-order',
  data: 'written-back',
  resize: 'at-once',
  renameOver: 'flushed-if-not-empty',
  close: 'not-flushed',
  fsyncFile: 'file-and-names',
  fsyncDirectory: 'entries-and-path',
};
