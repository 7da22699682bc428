/**
 * The part of `process.binding('fs')` that the recorder uses: the object that node:fs itself calls, on Node 20, 22 and 24.
 *
 * Allows   calling the original functions, in their synchronous form only: an op is carried out on the main thread at one
 *          moment, and only its result is delivered later. That makes the order total.
 * Forbids  the forms that changed between versions: `openFileHandle` without a request aborts the process, and `writeBuffer`
 *          reports its error in an extra argument. `open` with `new FileHandle(fd)` and `writeBuffers` do the same and throw.
 */

/** A path as node:fs passes it on: validated, with URLs converted to strings. */
export type NativePath = string | Uint8Array;

export interface NativeFileHandle {
  readonly fd: number;
  close(): Promise<void>;
  /** Releases the descriptor without closing it. */
  releaseFD(): void;
}

/** A pending callback: libuv's request object, seen from JavaScript. */
export interface NativeRequest {
  oncomplete?: (error: Error | null, value?: unknown) => void;
}

type Stats = Float64Array | BigInt64Array;

export interface NativeFs {
  open(path: NativePath, flags: number, mode: number): number;
  close(fd: number): void;
  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number | bigint): number;
  writeBuffers(fd: number, buffers: readonly Uint8Array[], position: number | null): number;
  readFileUtf8(pathOrFd: NativePath | number, flags: number): string;
  writeFileUtf8(pathOrFd: NativePath | number, data: string, flags: number, mode: number): void;
  stat(path: NativePath, bigint: boolean, req: undefined, throwIfNoEntry: boolean): Stats | undefined;
  lstat(path: NativePath, bigint: boolean, req: undefined, throwIfNoEntry: boolean): Stats | undefined;
  fstat(fd: number, bigint: boolean, req: undefined, shouldNotThrow: boolean): Stats | undefined;
  realpath(path: NativePath, encoding: string): string;
  readlink(path: NativePath, encoding: string): string;
  readdir(path: NativePath, encoding: string, withFileTypes: boolean): string[];
  mkdir(path: NativePath, mode: number, recursive: boolean): string | undefined;
  rmdir(path: NativePath): void;
  unlink(path: NativePath): void;
  symlink(target: NativePath, path: NativePath, flags: number): void;
  ftruncate(fd: number, length: number): void;
  fchmod(fd: number, mode: number): void;
  fchown(fd: number, uid: number, gid: number): void;
  futimes(fd: number, atime: number, mtime: number): void;
  utimes(path: NativePath, atime: number, mtime: number): void;
}

export type NativeFunction = (...args: unknown[]) => unknown;

export interface Native {
  /** The live object: node:fs calls the functions that are assigned here. */
  readonly live: Record<string, unknown>;
  /** The original functions. */
  readonly fs: NativeFs;
  readonly named: ReadonlyMap<string, NativeFunction>;
  readonly usePromises: symbol;
  readonly FSReqCallback: abstract new () => NativeRequest;
  readonly FileHandle: new (fd: number) => NativeFileHandle;
}

/** A binding of Node by its name. `process.binding` is deprecated, and missing in the types. */
export function bindingOf(name: string): Record<string, unknown> {
  return (process as unknown as { binding(name: string): Record<string, unknown> }).binding(name);
}

export function takeNative(): Native {
  const live = bindingOf('fs');
  const named = new Map<string, NativeFunction>();
  for (const [name, value] of Object.entries(live)) {
    if (typeof value === 'function') named.set(name, value as NativeFunction);
  }
  return {
    live,
    fs: Object.fromEntries(named) as unknown as NativeFs,
    named,
    usePromises: live.kUsePromises as symbol,
    FSReqCallback: live.FSReqCallback as Native['FSReqCallback'],
    FileHandle: live.FileHandle as Native['FileHandle'],
  };
}

/** Fields of a native stat. All calls share one array, so it is read immediately. `key` identifies the file. */
export interface FileStat {
  readonly key: string;
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** In seconds. */
  readonly atime: number;
  readonly mtime: number;
}

const FILE_TYPE = 0o170000;
const SYMLINK = 0o120000;
const DIRECTORY = 0o040000;
const REGULAR = 0o100000;

export const isSymlink = (stat: FileStat | undefined): boolean => stat !== undefined && (stat.mode & FILE_TYPE) === SYMLINK;
export const isDirectory = (stat: FileStat | undefined): boolean => stat !== undefined && (stat.mode & FILE_TYPE) === DIRECTORY;
export const isRegular = (stat: FileStat | undefined): boolean => stat !== undefined && (stat.mode & FILE_TYPE) === REGULAR;

/** Uses the bigint form: the user's calls share the array for numbers, and node:fs may not have read it yet. */
export function statOf(fs: NativeFs, target: NativePath | number, follow: boolean): FileStat | undefined {
  try {
    const stat =
      typeof target === 'number' ? fs.fstat(target, true, undefined, false) : fs[follow ? 'stat' : 'lstat'](target, true, undefined, true);
    return stat === undefined ? undefined : readStat(stat as BigInt64Array);
  } catch {
    return undefined;
  }
}

/** Field order of node's `FsStatsOffset`. */
function readStat(stat: BigInt64Array): FileStat {
  const at = (field: number): bigint => stat[field] ?? 0n;
  const seconds = (field: number): number => Number(at(field)) + Number(at(field + 1)) / 1e9;
  return {
    key: `${at(0)}:${at(7)}`,
    mode: Number(at(1)),
    links: Number(at(2)),
    uid: Number(at(3)),
    gid: Number(at(4)),
    size: Number(at(8)),
    atime: seconds(10),
    mtime: seconds(12),
  };
}
