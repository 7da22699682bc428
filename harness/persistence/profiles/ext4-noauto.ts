/**
 * Power loss on ext4 mounted with noauto_da_alloc.
 *
 * Allows   what ext4 allows, and a rename over another file, or a truncated and rewritten file, without the new data.
 * Forbids  everything else that ext4 forbids.
 * Real     mount -o noauto_da_alloc on Linux 6.
 */
import type { Rules } from '../rules.ts';
import { ext4 } from './ext4.ts';

export const ext4NoAuto: Rules = { ...ext4, renameOver: 'not-flushed', close: 'not-flushed' };
