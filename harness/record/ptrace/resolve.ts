/**
 * Finds the file that a syscall's arguments refer to: paths in the memory of the traced process, descriptors in /proc.
 *
 * Descriptors are looked up at each call, so that duplicated, inherited and passed ones need no tracking.
 */
import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { forcedIn, openFlagsIn } from '../../domain/open-flags.ts';
import type { OpenFlag } from '../../domain/trace.ts';
import type { Libc } from './libc.ts';
import { type DescriptorState, descriptorState } from './process-info.ts';
import type { Syscall, Where } from './syscalls.ts';

const AT_FDCWD = -100;
const PAGE_BYTES = 4096;
/** The kernel refuses paths of more than a page. They are read further all the same, so that they are called alike in every directory. */
const MOST_PAGES = 16;
const DELETED = ' (deleted)';

export function readPath(libc: Libc, tid: number, address: bigint): string {
  if (address === 0n) return '';
  const parts: Buffer[] = [];
  // A path may stand close to the end of a mapping: read up to each page's end.
  for (let at = address; parts.length < MOST_PAGES; ) {
    const length = PAGE_BYTES - Number(at % BigInt(PAGE_BYTES));
    const bytes = libc.readMemory(tid, at, length);
    const end = bytes.indexOf(0);
    parts.push(Buffer.from(end < 0 ? bytes : bytes.subarray(0, end))); // the next read is into the same memory
    if (end >= 0 || bytes.length < length) break;
    at += BigInt(length);
  }
  return Buffer.concat(parts).toString('utf8');
}

const asDescriptor = (argument: bigint | undefined): number => Number(BigInt.asIntN(32, argument ?? -1n));

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** A file by its absolute path; `deleted` if it has a descriptor but no longer a name. */
export interface Located {
  readonly path: string;
  readonly deleted: boolean;
  /** For descriptors: a path under /proc that leads to the file even if it has no name. */
  readonly handle?: string;
  /** For paths: as it was given, but absolute. */
  readonly given?: string;
}

export function locate(libc: Libc, tid: number, where: Exclude<Where, { address: number }>, args: readonly bigint[]): Located | undefined {
  if ('fd' in where) return locateDescriptor(tid, asDescriptor(args[where.fd]));
  const path = readPath(libc, tid, args[where.path] ?? 0n);
  if (path.startsWith('/')) return { path: resolve(path), deleted: false, given: path };
  const at = where.at === undefined ? AT_FDCWD : asDescriptor(args[where.at]);
  if (path === '') return at === AT_FDCWD ? undefined : locateDescriptor(tid, at); // AT_EMPTY_PATH
  const base = at === AT_FDCWD ? readLink(`/proc/${tid}/cwd`) : readLink(`/proc/${tid}/fd/${at}`);
  return base === undefined ? undefined : { path: resolve(base, path), deleted: false, given: `${base}/${path}` };
}

function locateDescriptor(tid: number, descriptor: number): Located | undefined {
  const handle = `/proc/${tid}/fd/${descriptor}`;
  const target = readLink(handle);
  if (target === undefined || !target.startsWith('/')) return undefined;
  if (target.endsWith(DELETED)) return { path: target.slice(0, -DELETED.length), deleted: true, handle };
  return { path: target, deleted: false, handle };
}

/** Which paths lie inside the store's directory, also when spelled through symlinks. */
export class Inside {
  readonly #directory: string;
  /** Directories outside -> their real paths. A cache: a program opens hundreds of files in a few directories. */
  readonly #real = new Map<string, string | undefined>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The path relative to the directory (`.` for itself), or undefined if the file lies elsewhere. */
  relative(path: string): string | undefined {
    const relative = this.#below(path);
    if (relative !== undefined || /^\/(proc|dev|sys)\//.test(path)) return relative;
    const parent = this.#realDirectory(dirname(path));
    return parent === undefined ? undefined : this.#below(join(parent, basename(path)));
  }

  #below(path: string): string | undefined {
    if (path === this.#directory) return '.';
    return path.startsWith(`${this.#directory}/`) ? path.slice(this.#directory.length + 1) : undefined;
  }

  #realDirectory(directory: string): string | undefined {
    if (this.#real.has(directory)) return this.#real.get(directory);
    let real: string | undefined;
    try {
      real = realpathSync(directory);
    } catch {
      return undefined; // not cached: it may be created later
    }
    this.#real.set(directory, real);
    return real;
  }
}

/** The flags of an open, from the call's arguments. */
export function openFlags(libc: Libc, tid: number, syscall: Syscall, args: readonly bigint[]): readonly OpenFlag[] | undefined {
  const where = syscall.openFlags;
  if (where === undefined) return undefined;
  if (typeof where === 'number') return openFlagsIn(intIn(args[where]));
  if ('fixed' in where) return openFlagsIn(where.fixed);
  return openFlagsIn(intIn(libc.readMemory(tid, args[where.how] ?? 0n, 8).readBigUInt64LE(0)));
}

const intIn = (argument = 0n): number => Number(BigInt.asIntN(32, argument));

/** The descriptor through which a call writes; undefined for a call that does not. */
export function writtenThrough(tid: number, { call, file }: Syscall, args: readonly bigint[]): DescriptorState | undefined {
  const writes = (call === 'write' || call === 'copy') && 'fd' in file;
  return writes ? descriptorState(tid, intIn(args[file.fd])) : undefined;
}

/** What a write forces to disk: through a descriptor that was opened for that, or asked for by the flags of the call itself. */
export function forcingFlags(state: DescriptorState, { name }: Syscall, args: readonly bigint[]): readonly OpenFlag[] | undefined {
  const asked = name === 'pwritev2' ? intIn(args[5]) : 0;
  if ((asked & RWF_SYNC) !== 0) return ['sync'];
  const forces = forcedIn(state.flags);
  if ((asked & RWF_DSYNC) !== 0 && forces.length === 0) return ['dsync'];
  return forces.length === 0 ? undefined : forces;
}

const RWF_DSYNC = 2;
const RWF_SYNC = 4;
