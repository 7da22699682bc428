/**
 * Makes the harness the parent of processes that a store leaves behind, instead of the system's first process. They can then be found
 * when the run ends, even if they changed their environment or forked several times. Linux.
 */
import { createRequire } from 'node:module';

const PR_SET_CHILD_SUBREAPER = 36;

/** Returns false where this is not possible. */
export function adoptOrphans(): boolean {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const prctl = koffi.load(null).func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)');
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0;
  } catch {
    return false;
  }
}
