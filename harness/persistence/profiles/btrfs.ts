/**
 * Power loss on btrfs.
 *
 * Allows   everything up to some point, as of a commit there, and on top of it what fsync wrote to its own log; of a file that
 *          was not fsynced, its data or not, even where it overwrote other data (it gets a new place, known to the commit). An
 *          fsync of a directory alone logs its new names with empty files, even where one of them replaced a file by rename.
 * Forbids  names out of order, but for those that the log brings back; losing a file that was fsynced, or its names at that time,
 *          or what those stand on: its directories, and the files that had these names before; losing the entries of a directory
 *          that was fsynced; a commit with a rename over a file with contents and without the new data.
 * Real     mkfs.btrfs defaults on Linux 6; the empty file after write, rename over, fsync(dir) was seen there. Stricter there: the
 *          flush at the close of a file that was truncated to 0, and an fsync that turns into a commit, are not counted on. The
 *          flush at rename is only started there: a commit within that write can still lose it.
 *
 * Not covered, and seen: after a file was forced, and until the next commit (30 s), a rename, link or unlink of it goes to disk with
 * the next fsync of anything, ahead of older names; so does a rename in a directory that was forced. What a save that is not forced
 * does to one that was, within that time, can so be worse than what is said here: the forced file is gone if nobody forced its
 * directory, and it is empty if somebody did. A move to a directory that is then forced can leave the file in both. Saves that
 * force each file before its rename lose nothing by it. `harness/calibrate/btrfs-log.ts` works out exactly these names.
 */
import type { Profile } from '../profile.ts';

export const btrfs: Profile = {
  name: 'btrfs',
  metadata: 'logged',
  growth: 'with-data',
  overwrite: 'copied',
  samePage: 'in-order',
  resize: 'at-once',
  renameOver: 'flushed-if-not-empty',
  close: 'not-flushed',
  fsyncFile: 'file-and-names',
  fsyncDirectory: 'entries-and-path',
};
