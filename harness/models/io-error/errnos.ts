/**
 * Which errnos an op can fail with on Linux, as far as they tell stores apart: a table, from the manual pages of section 2.
 *
 * EIO comes from whatever reads or writes the medium, names and inodes included. EACCES comes from looking up a path, EMFILE from making a
 * descriptor, EROFS and EPERM from changing something, ENOSPC and EDQUOT (a full disk, a full quota) from needing a place for it. Locks
 * give ENOLCK. An op that failed by itself, such as a probe for a file that is not there, may as well fail for a reason that has nothing
 * to do with what it asks: EIO, EACCES, EMFILE.
 */

import type { Op } from '../../domain/trace.ts';
import { type Intent, type Look, needsSpace } from '../../record/fault.ts';

/** What holds of an op beyond its call. */
interface Circumstances {
  /** It names a path; else it has a descriptor. */
  readonly byPath: boolean;
  readonly needsSpace: boolean;
  /** Of a close or an fsync: that the file was written to before. */
  readonly written: boolean;
}

const SPACE = ['ENOSPC', 'EDQUOT'] as const;

/** In the order in which they are tried. */
function possible(op: Op, { byPath, needsSpace, written }: Circumstances): readonly string[] {
  const path = byPath ? ['EACCES'] : [];
  const space = needsSpace ? SPACE : [];
  switch (op.call) {
    case 'open': {
      const flags = op.flags ?? [];
      const changes = flags.some((flag) => flag !== 'read' && flag !== 'directory');
      return ['EIO', 'EACCES', 'EMFILE', ...(changes ? ['EROFS', 'EPERM'] : []), ...space];
    }
    case 'close':
      return written ? ['EIO', ...SPACE] : ['EIO'];
    case 'read':
      return ['EIO'];
    case 'write':
      return ['EIO', ...space];
    case 'copy':
      return ['EIO', 'EPERM', ...space];
    case 'allocate':
      return ['EIO', 'EPERM', ...space];
    case 'truncate':
      return ['EIO', ...path, 'EPERM', ...(byPath ? ['EROFS'] : [])];
    case 'fsync':
    case 'fdatasync':
    case 'sync':
      return written ? ['EIO', ...SPACE] : ['EIO'];
    case 'rename':
    case 'link':
    case 'symlink':
    case 'mkdir':
    case 'mknod':
      return ['EIO', 'EACCES', 'EPERM', 'EROFS', ...SPACE];
    case 'unlink':
    case 'rmdir':
      return ['EIO', 'EACCES', 'EPERM', 'EROFS'];
    case 'chmod':
    case 'chown':
    case 'utimes':
      return ['EIO', ...path, 'EPERM', 'EROFS'];
    case 'xattr':
      return ['EIO', ...path, 'EPERM', 'EROFS', ...SPACE];
    case 'stat':
    case 'access':
    case 'readlink':
      return ['EIO', ...path];
    case 'readdir':
      return byPath ? ['EIO', 'EACCES', 'EMFILE'] : ['EIO'];
    case 'lock':
      return ['ENOLCK', 'EIO'];
    case 'mmap':
      return [];
    default:
      return op.call satisfies never;
  }
}

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
  const all = possible(op, { byPath: !BY_DESCRIPTOR.test(op.via), needsSpace: needsSpace(intentOf(op), look), written });
  return op.error === undefined ? all : all.filter((errno) => errno !== op.error && REGARDLESS.has(errno));
}
