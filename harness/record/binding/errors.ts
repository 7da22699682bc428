/** Errors of calls that are carried out step by step, made to look as if the call had been carried out whole. */

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

/** Drops the recorder's frames from an error that the user sees. `below` is the function that node:fs called. */
export function hideFrames(error: unknown, below: NativeEntry): void {
  if (error instanceof Error) Error.captureStackTrace(error, below);
}

type NativeEntry = (...args: never[]) => unknown;

/** The name of an error's errno, as it goes into an op. */
export function codeOf(error: unknown): string {
  const code = (error as SystemError | undefined)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}
