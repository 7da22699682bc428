/**
 * The errnos with which an op can fail on Linux, limited to those that stores may treat differently. From the manual pages of section 2.
 *
 * EIO: ops that read or write the medium, including names and inodes. EACCES: path look-ups. EMFILE: new descriptors. EROFS and EPERM:
 * changes. ENOSPC and EDQUOT (a full disk, a full quota): changes that need space. ENOLCK: locks. An op that failed in the recorded run,
 * such as a probe for a missing file, may also fail for an unrelated reason: EIO, EACCES, EMFILE, ENOLCK.
 */

import type { Op } from '../../domain/trace.ts';
import { type Intent, type Look, needsSpace } from '../../record/fault.ts';

/** Properties of an op, besides its call, that decide which errnos are possible. */
interface Circumstances {
  /** It names a path, not a descriptor. */
  readonly byPath: boolean;
  readonly needsSpace: boolean;
  /** For a close or an fsync: whether the file was written to before. */
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
  const all = possible(op, { byPath: !BY_DESCRIPTOR.test(op.via), needsSpace: needsSpace(intentOf(op), look), written });
  return op.error === undefined ? all : all.filter((errno) => errno !== op.error && REGARDLESS.has(errno));
}
