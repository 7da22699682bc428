/** Errors that look like those of the original call: of calls that are carried out op by op, and of injected faults. */
import { constants } from 'node:os';
import { join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { PlannedOp } from './planned-op.ts';

export interface SystemError extends Error {
  errno?: number;
  code?: string;
  syscall?: string;
  path?: string;
  dest?: string;
}

/** The error of an op as the error of the user's call: the call's syscall and paths, the op's errno and message. */
export function asErrorOf(cause: unknown, syscall: string, path: string, dest?: string): SystemError {
  const { errno, code, message } = cause as SystemError;
  const wording = /^[A-Z0-9_]+: (.*?), /.exec(message)?.[1] ?? message;
  const error: SystemError = new Error(`${code}: ${wording}, ${syscall} '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`);
  if (errno !== undefined) error.errno = errno;
  if (code !== undefined) error.code = code;
  error.syscall = syscall;
  error.path = path;
  if (dest !== undefined) error.dest = dest;
  return error;
}

/** The syscall in libuv's error where it is not the name of the binding's function. */
const SYSCALLS: { readonly [via: string]: string | undefined } = {
  openFileHandle: 'open',
  existsSync: 'access',
  internalModuleStat: 'stat',
  readBuffers: 'read',
  readFileUtf8: 'read',
  writeBuffer: 'write',
  writeBuffers: 'write',
  writeString: 'write',
  writeFileUtf8: 'write',
  readdir: 'scandir',
  readdirRecursive: 'scandir',
  futimes: 'futime',
  utimes: 'utime',
  lutimes: 'lutime',
  'FileHandle.close': 'close',
  'FileHandle.closeSync': 'close',
};
const NEEDS_NO_PATH: ReadonlySet<string> = new Set([
  'close',
  'read',
  'write',
  'fsync',
  'fdatasync',
  'fstat',
  'ftruncate',
  'fchmod',
  'fchown',
  'futime',
]);

/** An op of a fused call fails under its own name; the fused call then translates the error. */
function syscallOf({ call, via }: PlannedOp): string {
  const fused = via === 'copyFile' || via === 'mkdtemp' || via.startsWith('cp') || via.startsWith('rm');
  if (fused || ((via === 'readFileUtf8' || via === 'writeFileUtf8') && (call === 'open' || call === 'close'))) return call;
  return SYSCALLS[via] ?? via;
}

/** The error that libuv and Node make of an errno. `directory` is the store's directory. */
export function errorOfErrno(name: string, planned: PlannedOp, directory: string): SystemError {
  const errno = -((constants.errno as { readonly [name: string]: number | undefined })[name] ?? 0);
  const syscall = syscallOf(planned);
  // libuv has no message for some errnos, such as EDQUOT.
  const unknown = `Unknown system error ${errno}`;
  const [code, message] = getSystemErrorMap().get(errno) ?? [unknown, unknown];
  const path = NEEDS_NO_PATH.has(syscall) ? undefined : join(directory, planned.path);
  const dest = planned.to === undefined ? undefined : join(directory, planned.to.path);
  const where = path === undefined ? '' : ` '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`;
  const error: SystemError = new Error(`${code}: ${message}, ${syscall}${where}`);
  Object.assign(error, { errno, code, syscall, ...(path !== undefined && { path }), ...(dest !== undefined && { dest }) });
  return error;
}

/** Drops the recorder's frames from an error that the user sees. `entry` is the function that node:fs called. */
export function hideFrames(error: unknown, entry: NativeEntry): void {
  if (error instanceof Error) Error.captureStackTrace(error, entry);
}

type NativeEntry = (...args: never[]) => unknown;

/** The errno name that an op records for an error. */
export function codeOf(error: unknown): string {
  const code = (error as SystemError | undefined)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}
