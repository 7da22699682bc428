/**
 * Which errnos to try with an op: those of its call (`CALLS`) that its circumstances allow.
 *
 * EIO: ops that read or write the medium, including names and inodes. EACCES: path look-ups. EMFILE: new descriptors. EROFS and EPERM:
 * changes. ENOSPC and EDQUOT (a full disk, a full quota): changes that need space. ENAMETOOLONG: new names. EXDEV: renames and links, because a
 * directory may be on two file systems (overlays, bind mounts). EBUSY: renames over a file that is mounted alone, as containers have them.
 * ENOLCK: locks, but not unlocking, which no local file system refuses. An op that failed in the recorded run,
 * such as a probe for a missing file, may also fail for an unrelated reason: EIO, EACCES, EMFILE, ENOLCK.
 */

import { CALLS, type ErrnosWhen } from '../../domain/calls.ts';
import type { Op } from '../../domain/trace.ts';
import { type Intent, type Look, needsSpace } from '../../record/fault.ts';

/** Errnos that do not depend on the arguments of an op. */
const REGARDLESS: ReadonlySet<string> = new Set(['EIO', 'EACCES', 'EMFILE', 'ENOLCK']);

/** Calls that have a descriptor and no path, by the names of syscalls and of Node's binding. */
const BY_DESCRIPTOR =
  /^(?:f(?:stat|statfs|truncate|chmod|chown|utimes|setxattr|sync|datasync|allocate|cntl)|flock|getdents(?:64)?|ftruncate)$/;

/** What was known of an op before it happened, with the file names of its run. */
export function intentOf({ call, file, to, flags }: Op): Intent {
  return { call, path: file.actual, ...(to && { to: { path: to.actual } }), ...(flags && { flags }) };
}

/** The errnos to try with an op. `written`: its file was written to before. `look`: what exists at a path right before the op. */
export function errnosOf(op: Op, written: boolean, look: Look): readonly string[] {
  const holds = (when: ErrnosWhen['when']): boolean => {
    switch (when) {
      case 'by-path':
        return !BY_DESCRIPTOR.test(op.via);
      case 'to-change':
        return (op.flags ?? []).some((flag) => flag !== 'read' && flag !== 'directory');
      case 'needs-space':
        return needsSpace(intentOf(op), look);
      case 'new-name':
        return needsSpace(intentOf(op), look) && !op.flags?.includes('tmpfile');
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
