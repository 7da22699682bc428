/**
 * Power loss on ext4 mounted with data=journal.
 *
 * Allows   everything up to some point of the journal: names, sizes and data in the order in which the calls were made; of one write, any
 *          prefix of its pages.
 * Forbids  a name without the data written before it; data without the names before it; losing what was journalled up to the last change to
 *          an fsynced file or directory.
 * Real     mount -o data=journal on Linux 6. There a transaction is a whole: what a cut leaves is one of few of these states.
 */
import type { Rules } from '../rules.ts';
import { ext4 } from './ext4.ts';

export const ext4Journal: Rules = {
  ...ext4,
  data: 'journalled',
  growth: 'with-data',
  overwrite: 'copied',
  renameOver: 'not-flushed',
  close: 'not-flushed',
};
