/**
 * Which errnos to try with an op: those of its call (`CALLS`) that its circumstances allow.
 *
 * EIO comes from whatever reads or writes the medium, names and inodes included. EACCES comes from looking up a path, EMFILE from making a
 * descriptor, EROFS and EPERM from changing something, ENOSPC and EDQUOT (a full disk, a full quota) from needing a place for it. Locks
 * give ENOLCK. An op that failed by itself, such as a probe for a file that is not there, may as well fail for a reason that has nothing
 * to do with what it asks: EIO, EACCES, EMFILE.
 */

import { CALLS, type ErrnosWhen } from '../../domain/calls.ts';
import type { Op } from '../../domain/trace.ts';
import { type Intent, type Look, needsSpace } from '../../record/fault.ts';

/** Whatever an op asks for, it may fail with these. */
const REGARDLESS: ReadonlySet<string> = new Set(['EIO', 'EACCES', 'EMFILE', 'ENOLCK']);

/** Calls that have a descriptor and no path, by the names of syscalls and of Node's binding. */
const BY_DESCRIPTOR =
  /^(?:f(?:stat|statfs|truncate|chmod|chown|utimes|setxattr|sync|datasync|allocate|cntl)|flock|getdents(?:64)?|ftruncate)$/;

/** An op of a run as it was known before it happened, with the names that the run gave its files. */
export function intentOf({ call, file, to, flags }: Op): Intent {
  return { call, path: file.actual, ...(to && { to: { path: to.actual } }), ...(flags && { flags }) };
}

/** The errnos to try with an op. `written` says whether the file was written to before it; `look` what stands at a path right before it. */
export function errnosOf(op: Op, written: boolean, look: Look): readonly string[] {
  const holds = (when: ErrnosWhen['when']): boolean => {
    switch (when) {
      case 'by-path':
        return !BY_DESCRIPTOR.test(op.via);
      case 'to-change':
        return (op.flags ?? []).some((flag) => flag !== 'read' && flag !== 'directory');
      case 'needs-space':
        return needsSpace(intentOf(op), look);
      case 'written':
        return written;
      default:
        return when satisfies never;
    }
  };
  const listed: readonly (string | ErrnosWhen)[] = CALLS[op.call].errnos;
  const all = listed.flatMap((one) => (typeof one === 'string' ? [one] : holds(one.when) ? one.errnos : []));
  return op.error === undefined ? all : all.filter((errno) => errno !== op.error && REGARDLESS.has(errno));
}
