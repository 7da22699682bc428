/** Calls on one file that need nothing but its name, or change nothing. */
import { chmodSync, fchmodSync, fstatSync, ftruncateSync, mkdirSync, rmdirSync, truncateSync, unlinkSync } from 'node:fs';
import type { Call } from '../../domain/calls.ts';
import { octal } from './arguments.ts';
import type { Known } from './named.ts';

interface PlainRow {
  readonly call: Call;
  readonly by: 'descriptor' | 'path' | 'at';
  /** It goes through a symlink. */
  readonly follows?: true;
  readonly does?: (file: Known, args: readonly string[], umask: number) => void;
}

const looks = (call: Call, by: PlainRow['by']): PlainRow => ({ call, by });

/** By the name of the call. */
export const PLAIN_CALLS: { readonly [name: string]: PlainRow | undefined } = {
  stat: looks('stat', 'path'),
  lstat: looks('stat', 'path'),
  fstat: looks('stat', 'descriptor'),
  newfstatat: looks('stat', 'at'),
  statx: looks('stat', 'at'),
  statfs: looks('stat', 'path'),
  fstatfs: looks('stat', 'descriptor'),
  access: looks('access', 'path'),
  faccessat: looks('access', 'at'),
  faccessat2: looks('access', 'at'),
  getdents: looks('readdir', 'descriptor'),
  getdents64: looks('readdir', 'descriptor'),
  readlink: looks('readlink', 'path'),
  readlinkat: looks('readlink', 'at'),
  flock: looks('lock', 'descriptor'),
  fsync: looks('fsync', 'descriptor'),
  fdatasync: looks('fdatasync', 'descriptor'),
  sync_file_range: looks('sync', 'descriptor'),
  syncfs: looks('sync', 'descriptor'),
  chown: looks('chown', 'path'),
  lchown: looks('chown', 'path'),
  fchown: looks('chown', 'descriptor'),
  fchownat: looks('chown', 'at'),
  utime: looks('utimes', 'path'),
  utimes: looks('utimes', 'path'),
  futimesat: looks('utimes', 'at'),
  utimensat: looks('utimes', 'at'),
  setxattr: looks('xattr', 'path'),
  lsetxattr: looks('xattr', 'path'),
  fsetxattr: looks('xattr', 'descriptor'),
  truncate: { call: 'truncate', by: 'path', follows: true, does: ({ here }, [, size]) => truncateSync(here, Number(size)) },
  ftruncate: { call: 'truncate', by: 'descriptor', does: ({ open }, [, size]) => ftruncateSync(open?.here ?? -1, Number(size)) },
  fallocate: { call: 'allocate', by: 'descriptor', does: allocate },
  unlink: { call: 'unlink', by: 'path', does: ({ here }) => unlinkSync(here) },
  unlinkat: {
    call: 'unlink',
    by: 'at',
    does: ({ here }, [, , flags = '']) => (flags.includes('AT_REMOVEDIR') ? rmdirSync(here) : unlinkSync(here)),
  },
  mkdir: { call: 'mkdir', by: 'path', does: ({ here }, [, mode], umask) => makeDirectory(here, octal(mode) & ~umask) },
  mkdirat: { call: 'mkdir', by: 'at', does: ({ here }, [, , mode], umask) => makeDirectory(here, octal(mode) & ~umask) },
  rmdir: { call: 'rmdir', by: 'path', does: ({ here }) => rmdirSync(here) },
  chmod: { call: 'chmod', by: 'path', follows: true, does: ({ here }, [, mode]) => chmodSync(here, octal(mode)) },
  fchmod: { call: 'chmod', by: 'descriptor', does: ({ open }, [, mode]) => fchmodSync(open?.here ?? -1, octal(mode)) },
  fchmodat: { call: 'chmod', by: 'at', follows: true, does: ({ here }, [, , mode]) => chmodSync(here, octal(mode)) },
  fchmodat2: { call: 'chmod', by: 'at', follows: true, does: ({ here }, [, , mode]) => chmodSync(here, octal(mode)) },
};

/** Of the modes of fallocate, those that only make room; any other changes contents in ways that Node cannot. */
function allocate({ path, open }: Known, [, mode = '0', offset, length]: readonly string[]): void {
  if (open?.here === undefined || mode === 'FALLOC_FL_KEEP_SIZE') return;
  if (mode !== '0') throw new Error(`fallocate of ${path} with ${mode} cannot be followed`);
  const end = Number(offset) + Number(length);
  if (fstatSync(open.here).size < end) ftruncateSync(open.here, end);
}

function makeDirectory(here: string, mode: number): void {
  mkdirSync(here);
  chmodSync(here, mode);
}
