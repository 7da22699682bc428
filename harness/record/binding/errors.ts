/** Errors of calls that are carried out step by step, made to look as if the call had been carried out whole; and of calls that are made to fail. */
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

/** The error of a step as the error of the user's call: its own syscall and paths, the step's errno and wording. */
export function asErrorOf(step: unknown, syscall: string, path: string, dest?: string): SystemError {
  const { errno, code, message } = step as SystemError;
  const wording = /^[A-Z0-9_]+: (.*?), /.exec(message)?.[1] ?? message;
  const error: SystemError = new Error(`${code}: ${wording}, ${syscall} '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`);
  if (errno !== undefined) error.errno = errno;
  if (code !== undefined) error.code = code;
  error.syscall = syscall;
  error.path = path;
  if (dest !== undefined) error.dest = dest;
  return error;
}

/** What libuv calls the effects whose errors it does not name after the binding's function. */
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

/** Effects of fused calls are told by their own names, before the call that fuses them gives its own. */
function syscallOf({ call, via }: PlannedOp): string {
  const fused = via === 'copyFile' || via === 'mkdtemp' || via.startsWith('cp') || via.startsWith('rm');
  if (fused || ((via === 'readFileUtf8' || via === 'writeFileUtf8') && (call === 'open' || call === 'close'))) return call;
  return SYSCALLS[via] ?? via;
}

/** The error that libuv and Node make of an errno. `directory` is the store's. */
export function errorOfErrno(name: string, planned: PlannedOp, directory: string): SystemError {
  const errno = -((constants.errno as { readonly [name: string]: number | undefined })[name] ?? 0);
  const syscall = syscallOf(planned);
  // libuv has no word for some, EDQUOT among them.
  const unknown = `Unknown system error ${errno}`;
  const [code, message] = getSystemErrorMap().get(errno) ?? [unknown, unknown];
  const path = NEEDS_NO_PATH.has(syscall) ? undefined : join(directory, planned.path);
  const dest = planned.to === undefined ? undefined : join(directory, planned.to.path);
  const where = path === undefined ? '' : ` '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`;
  const error: SystemError = new Error(`${code}: ${message}, ${syscall}${where}`);
  Object.assign(error, { errno, code, syscall, ...(path !== undefined && { path }), ...(dest !== undefined && { dest }) });
  return error;
}

/** Drops the recorder's frames from an error that the user sees. `below` is the function that node:fs called. */
export function hideFrames(error: unknown, entry: NativeEntry): void {
  if (error instanceof Error) Error.captureStackTrace(error, entry);
}

type NativeEntry = (...args: never[]) => unknown;

/** The name of an error's errno, as it goes into an op. */
export function codeOf(error: unknown): string {
  const code = (error as SystemError | undefined)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}
