/**
 * Processes that a store's processes leave behind become children of the harness instead of the system's first process, so that they
 * can be found when the run ends: whatever environment they gave themselves, and however often they forked. Linux.
 */
import { createRequire } from 'node:module';

const PR_SET_CHILD_SUBREAPER = 36;

/** Returns false where that cannot be had. */
export function adoptOrphans(): boolean {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const prctl = koffi.load(null).func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)');
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0;
  } catch {
    return false;
  }
}
