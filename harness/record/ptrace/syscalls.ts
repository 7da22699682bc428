/**
 * Which syscalls touch files, and which of their arguments name them.
 *
 * Numbers are from the kernel's table for x86-64 and the generic table that arm64 uses; -1 means that the architecture has no
 * such call. Calls that only change the process (dup, lseek, chdir) are not ops: /proc shows their effect when a later call uses
 * the descriptor or the path.
 */
import type { Call } from '../../domain/trace.ts';

/**
 * Indices of a file argument: a descriptor, a path and the descriptor of the directory it is relative to, or an address at which the file
 * is mapped, with a length behind it.
 */
export type Where = { readonly fd: number } | { readonly path: number; readonly at?: number } | { readonly address: number };

export interface Syscall {
  readonly name: string;
  readonly call: Call;
  readonly file: Where;
  readonly to?: Where;
  /** Index of the number of bytes, for calls of which the kernel may carry out only a part. */
  readonly bytes?: number;
  /** Index of the file offset; absent: at the descriptor's position. `pointer`: the argument points at the offset. */
  readonly offset?: number | { readonly pointer: number };
  /** `bytes` counts iovecs, at this argument. */
  readonly vector?: number;
  /** Index of the open flags, or the flags themselves. */
  readonly openFlags?: number | { readonly fixed: number } | { readonly how: number };
  readonly mode?: number;
  /** Index of a path that is stored unresolved: a symlink's target. */
  readonly text?: number;
}

const path = (index: number): Where => ({ path: index });
const at = (index: number): Where => ({ at: index, path: index + 1 });
const fd = (index: number): Where => ({ fd: index });
const mapping: Where = { address: 0 };
const CREAT_FLAGS = 0o1101; // O_WRONLY | O_CREAT | O_TRUNC

/** [x86-64 number, generic number, call] */
const TABLE: readonly (readonly [number, number, Syscall])[] = [
  [0, 63, { name: 'read', call: 'read', file: fd(0), bytes: 2 }],
  [17, 67, { name: 'pread64', call: 'read', file: fd(0), bytes: 2, offset: 3 }],
  [19, 65, { name: 'readv', call: 'read', file: fd(0), bytes: 2, vector: 1 }],
  [295, 69, { name: 'preadv', call: 'read', file: fd(0), bytes: 2, vector: 1, offset: 3 }],
  [327, 286, { name: 'preadv2', call: 'read', file: fd(0), bytes: 2, vector: 1, offset: 3 }],
  [1, 64, { name: 'write', call: 'write', file: fd(0), bytes: 2 }],
  [18, 68, { name: 'pwrite64', call: 'write', file: fd(0), bytes: 2, offset: 3 }],
  [20, 66, { name: 'writev', call: 'write', file: fd(0), bytes: 2, vector: 1 }],
  [296, 70, { name: 'pwritev', call: 'write', file: fd(0), bytes: 2, vector: 1, offset: 3 }],
  [328, 287, { name: 'pwritev2', call: 'write', file: fd(0), bytes: 2, vector: 1, offset: 3 }],
  [40, 71, { name: 'sendfile', call: 'copy', file: fd(0), bytes: 3 }],
  [326, 285, { name: 'copy_file_range', call: 'copy', file: fd(2), bytes: 4, offset: { pointer: 3 } }],
  [275, 76, { name: 'splice', call: 'copy', file: fd(2), bytes: 4, offset: { pointer: 3 } }],
  [2, -1, { name: 'open', call: 'open', file: path(0), openFlags: 1, mode: 2 }],
  [85, -1, { name: 'creat', call: 'open', file: path(0), openFlags: { fixed: CREAT_FLAGS }, mode: 1 }],
  [257, 56, { name: 'openat', call: 'open', file: at(0), openFlags: 2, mode: 3 }],
  [437, 437, { name: 'openat2', call: 'open', file: at(0), openFlags: { how: 2 } }],
  [3, 57, { name: 'close', call: 'close', file: fd(0) }],
  [4, -1, { name: 'stat', call: 'stat', file: path(0) }],
  [6, -1, { name: 'lstat', call: 'stat', file: path(0) }],
  [5, 80, { name: 'fstat', call: 'stat', file: fd(0) }],
  [262, 79, { name: 'newfstatat', call: 'stat', file: at(0) }],
  [332, 291, { name: 'statx', call: 'stat', file: at(0) }],
  [137, 43, { name: 'statfs', call: 'stat', file: path(0) }],
  [138, 44, { name: 'fstatfs', call: 'stat', file: fd(0) }],
  [21, -1, { name: 'access', call: 'access', file: path(0) }],
  [269, 48, { name: 'faccessat', call: 'access', file: at(0) }],
  [439, 439, { name: 'faccessat2', call: 'access', file: at(0) }],
  [78, -1, { name: 'getdents', call: 'readdir', file: fd(0) }],
  [217, 61, { name: 'getdents64', call: 'readdir', file: fd(0) }],
  [89, -1, { name: 'readlink', call: 'readlink', file: path(0) }],
  [267, 78, { name: 'readlinkat', call: 'readlink', file: at(0) }],
  [73, 32, { name: 'flock', call: 'lock', file: fd(0) }],
  [74, 82, { name: 'fsync', call: 'fsync', file: fd(0) }],
  [75, 83, { name: 'fdatasync', call: 'fdatasync', file: fd(0) }],
  [277, 84, { name: 'sync_file_range', call: 'sync', file: fd(0) }],
  [306, 267, { name: 'syncfs', call: 'sync', file: fd(0) }],
  [76, 45, { name: 'truncate', call: 'truncate', file: path(0) }],
  [77, 46, { name: 'ftruncate', call: 'truncate', file: fd(0) }],
  [285, 47, { name: 'fallocate', call: 'allocate', file: fd(0) }],
  [82, -1, { name: 'rename', call: 'rename', file: path(0), to: path(1) }],
  [264, 38, { name: 'renameat', call: 'rename', file: at(0), to: at(2) }],
  [316, 276, { name: 'renameat2', call: 'rename', file: at(0), to: at(2) }],
  [86, -1, { name: 'link', call: 'link', file: path(0), to: path(1) }],
  [265, 37, { name: 'linkat', call: 'link', file: at(0), to: at(2) }],
  [88, -1, { name: 'symlink', call: 'symlink', file: path(1), text: 0 }],
  [266, 36, { name: 'symlinkat', call: 'symlink', file: at(1), text: 0 }],
  [87, -1, { name: 'unlink', call: 'unlink', file: path(0) }],
  [263, 35, { name: 'unlinkat', call: 'unlink', file: at(0) }],
  [83, -1, { name: 'mkdir', call: 'mkdir', file: path(0), mode: 1 }],
  [258, 34, { name: 'mkdirat', call: 'mkdir', file: at(0), mode: 2 }],
  [133, -1, { name: 'mknod', call: 'mknod', file: path(0), mode: 1 }],
  [259, 33, { name: 'mknodat', call: 'mknod', file: at(0), mode: 2 }],
  [84, -1, { name: 'rmdir', call: 'rmdir', file: path(0) }],
  [90, -1, { name: 'chmod', call: 'chmod', file: path(0), mode: 1 }],
  [91, 52, { name: 'fchmod', call: 'chmod', file: fd(0), mode: 1 }],
  [268, 53, { name: 'fchmodat', call: 'chmod', file: at(0), mode: 2 }],
  [452, 452, { name: 'fchmodat2', call: 'chmod', file: at(0), mode: 2 }],
  [92, -1, { name: 'chown', call: 'chown', file: path(0) }],
  [94, -1, { name: 'lchown', call: 'chown', file: path(0) }],
  [93, 55, { name: 'fchown', call: 'chown', file: fd(0) }],
  [260, 54, { name: 'fchownat', call: 'chown', file: at(0) }],
  [132, -1, { name: 'utime', call: 'utimes', file: path(0) }],
  [235, -1, { name: 'utimes', call: 'utimes', file: path(0) }],
  [261, -1, { name: 'futimesat', call: 'utimes', file: at(0) }],
  [280, 88, { name: 'utimensat', call: 'utimes', file: at(0) }],
  [188, 5, { name: 'setxattr', call: 'xattr', file: path(0) }],
  [189, 6, { name: 'lsetxattr', call: 'xattr', file: path(0) }],
  [190, 7, { name: 'fsetxattr', call: 'xattr', file: fd(0) }],
  [9, 222, { name: 'mmap', call: 'mmap', file: fd(4) }],
  [10, 226, { name: 'mprotect', call: 'mmap', file: mapping }],
  [11, 215, { name: 'munmap', call: 'mmap', file: mapping }],
  [25, 216, { name: 'mremap', call: 'mmap', file: mapping }],
  [26, 227, { name: 'msync', call: 'msync', file: mapping }],
  [59, 221, { name: 'execve', call: 'mmap', file: mapping }],
  [322, 281, { name: 'execveat', call: 'mmap', file: mapping }],
  [231, 94, { name: 'exit_group', call: 'mmap', file: mapping }],
  [72, 25, { name: 'fcntl', call: 'lock', file: fd(0) }],
  [16, 29, { name: 'ioctl', call: 'copy', file: fd(0) }],
];

/** A tracer cannot see the operations of io_uring: the kernel carries them out without syscalls. */
export const IO_URING_SETUP = 425;

const MAP_TYPE = 0xfn;
const SHARED_TYPES = [1n, 3n]; // MAP_SHARED, MAP_SHARED_VALIDATE
const MS_SYNC = 4n;
const NO_DESCRIPTOR = 0xffffffff;
const LOCK_COMMANDS = [6, 7, 13, 14, 37, 38]; // F_SETLK(W), the 64-bit and the open-file-description ones
/** LOCK_UN of flock, and the type of a lock that fcntl takes away. */
export const FLOCK_UNLOCK = 8;
export const F_UNLCK = 2;
const CLONE_REQUESTS = [0x40049409, 0x4020940d]; // FICLONE, FICLONERANGE

/** Calls with many functions are ops only if this argument (its lower 32 bits) has one of these values or, with `unless`, none of them. */
export const MASKED_ARGUMENTS: {
  readonly [name: string]: { readonly index: number; readonly values: readonly number[]; readonly unless: boolean } | undefined;
} = {
  fcntl: { index: 1, values: LOCK_COMMANDS, unless: false },
  ioctl: { index: 1, values: CLONE_REQUESTS, unless: false },
  mmap: { index: 4, values: [NO_DESCRIPTOR], unless: true },
};

/** True if the call with these arguments is the op in the table. */
export function isOp(call: Syscall, args: readonly bigint[]): boolean {
  if (call.name === 'msync') return ((args[2] ?? 0n) & MS_SYNC) !== 0n; // without it, the kernel does nothing
  const mask = MASKED_ARGUMENTS[call.name];
  if (mask === undefined) return true;
  return mask.values.includes(Number(BigInt.asUintN(32, args[mask.index] ?? 0n))) !== mask.unless;
}

/** Whether mmap with these arguments makes a mapping through which the file itself is stored into. */
export function isShared(args: readonly bigint[]): boolean {
  return SHARED_TYPES.includes((args[3] ?? 0n) & MAP_TYPE);
}

/** Whether a call is about a mapping that exists. Allocators make such calls often, so they stop only once a file of the store is mapped. */
export function isOnMapping({ file }: Syscall): boolean {
  return 'address' in file;
}

/** Calls after which the memory of a process is gone, with all its mappings. */
export const LEAVING: ReadonlySet<string> = new Set(['execve', 'execveat', 'exit_group']);

/** The table of an architecture, or undefined where none is known. */
export function syscallTable(arch: string): ReadonlyMap<number, Syscall> | undefined {
  const column = arch === 'x64' ? 0 : arch === 'arm64' ? 1 : undefined;
  if (column === undefined) return undefined;
  return new Map(TABLE.filter((row) => row[column] >= 0).map((row) => [row[column], row[2]]));
}
