/**
 * Recursive `mkdir`, one op per attempt, in node's order: the deepest directory first, then upwards until one succeeds, then down again.
 */
import { constants } from 'node:os';
import { sep } from 'node:path';
import { asErrorOf, codeOf } from './errors.ts';
import type { FileOps } from './file-ops.ts';
import { pathText } from './inside.ts';
import { isDirectory, type NativePath, statOf } from './native.ts';

/**
 * Returns the first directory that was made. Throws the error of `mkdir`: the synchronous form names the requested path, the
 * asynchronous ones the path that was tried last.
 */
export function makeDirectories(
  ops: FileOps,
  requested: NativePath,
  mode: number,
  via: string,
  form: 'sync' | 'async',
): string | undefined {
  const { fs } = ops.context;
  const pending = [pathText(requested)];
  let first: string | undefined;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const path = next;
    const toMkdirError = (error: unknown): Error => asErrorOf(error, 'mkdir', form === 'async' ? path : pathText(requested));
    try {
      ops.mkdir(path, mode, via);
      first ??= path;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EACCES' || code === 'ENOSPC' || code === 'ENOTDIR' || code === 'EPERM') throw toMkdirError(error);
      const parent = parentOf(path);
      if (code === 'ENOENT' && parent !== path) {
        pending.push(path, parent);
        continue;
      }
      const between = code === 'EEXIST' && pending.length > 0; // a parent of the requested directory exists and may not be a directory
      try {
        ops.perform(ops.onPath('stat', via, path, true), () => fs.stat(path, true, undefined, true));
      } catch (statError) {
        throw between && form === 'async' ? withCode(toMkdirError(error), 'ENOTDIR') : toMkdirError(statError);
      }
      if (!isDirectory(statOf(fs, path, true))) throw withCode(toMkdirError(error), between ? 'ENOTDIR' : 'EEXIST');
    }
  }
  return first;
}

function parentOf(path: string): string {
  const cut = Math.max(path.lastIndexOf(sep), sep === '\\' ? path.lastIndexOf('/') : -1);
  return cut < 0 ? path : path.slice(0, cut);
}

const WORDINGS = { ENOTDIR: 'not a directory', EEXIST: 'file already exists' } as const;
/** libuv's numbers on Windows. */
const WINDOWS = { ENOTDIR: -4052, EEXIST: -4075 } as const;

function withCode(error: Error, code: keyof typeof WORDINGS): Error {
  error.message = error.message.replace(/^\w+: [^,]*/, `${code}: ${WORDINGS[code]}`);
  return Object.assign(error, { code, errno: process.platform === 'win32' ? WINDOWS[code] : -constants.errno[code] });
}
