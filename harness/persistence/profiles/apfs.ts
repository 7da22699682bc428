/**
 * Power loss on APFS. Not calibrated: from what is documented, never seen by this project.
 *
 * Allows   names and sizes up to any checkpoint; for a file that was not forced, its new data or not. A rename flushes nothing.
 * Forbids  names out of order; a size without its data; an overwritten page that is half old and half new (data goes to new blocks); losing
 *          what was done up to the last change to a file or directory after Node's fsync of it.
 * Real     Node's fsync on macOS is F_FULLFSYNC. Programs in other languages that call fsync(2) there force less: to the drive, not to its
 *          platters.
 */
import type { Rules } from '../rules.ts';

export const apfs: Rules = {
  metadata: 'logged',
  growth: 'with-data',
  overwrite: 'copied',
  samePage: 'in-order',
  data: 'written-back',
  resize: 'at-once',
  renameOver: 'not-flushed',
  close: 'not-flushed',
  fsyncFile: 'log',
  fsyncDirectory: 'log',
};
