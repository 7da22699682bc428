/** Errors as node:fs throws them, and `Refused` for calls that the fake does not support. */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

const ERRNO: { readonly [code: string]: number } = constants.errno;
const WORDINGS = new Map([...getSystemErrorMap().values()].map(([name, message]) => [name, message]));

/** E.g. `ENOENT: no such file or directory, rename '/a' -> '/b'`, with `code`, `errno`, `syscall`, `path` and `dest`. */
export function systemError(code: string, syscall: string, path?: string, dest?: string): NodeJS.ErrnoException {
  const files = path === undefined ? '' : ` '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`;
  const error: NodeJS.ErrnoException = new Error(`${code}: ${WORDINGS.get(code) ?? 'unknown error'}, ${syscall}${files}`);
  error.errno = -(ERRNO[code] ?? 0);
  error.code = code;
  error.syscall = syscall;
  if (path !== undefined) error.path = path;
  return dest === undefined ? error : Object.assign(error, { dest });
}

/**
 * A call whose result on Linux the fake does not know. It ends the run as not measured, whatever the store does with the error: it is not a
 * failure of the file system.
 */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code = 'ERR_FAKE_REFUSED';

  constructor(what: string) {
    super(`the fake file system does not have ${what}`);
  }
}
