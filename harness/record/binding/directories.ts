/**
 * `opendir`, hooked where users call it, because its binding cannot be reached.
 *
 * One `readdir` op stands for opening, reading and closing the directory: none of these changes anything.
 * Cannot see   the directories that `fs.promises.cp` reads.
 */
import fs, { type Dir, type OpenDirOptions, type PathLike } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asErrorOf, type SystemError } from './errors.ts';
import type { FileOps } from './file-ops.ts';
import { pathText } from './inside.ts';
import type { Job, Serve } from './job.ts';
import type { NativeFunction, NativePath } from './native.ts';
import type { PlannedOp } from './planned-op.ts';

type Callback = (error: Error | null, dir?: Dir) => void;

export function hookDirectories(ops: FileOps, serve: Serve): void {
  const { opendir, opendirSync } = fs;
  const { opendir: opendirPromise } = fs.promises;

  /** Adds the path to the error: only Node 20's synchronous form leaves it out. */
  const openNamed = (path: NativePath, options: OpenDirOptions | undefined): Dir => {
    try {
      return opendirSync(path as string, options);
    } catch (error) {
      throw (error as SystemError).syscall === 'opendir' ? asErrorOf(error, 'opendir', pathText(path)) : error;
    }
  };
  const jobOf = (path: PathLike, options: OpenDirOptions | undefined): Job | undefined => {
    const { conductor, locate } = ops.context;
    if (!conductor.recording) return undefined;
    const native = nativePath(path);
    if (native === undefined || locate(native, true) === undefined) return undefined;
    const planned = (): PlannedOp | undefined => ops.onPath('readdir', 'opendir', native, true);
    return { first: planned, run: () => ops.perform(planned(), () => openNamed(native, options)) };
  };

  fs.opendirSync = function hooked(path: PathLike, options?: OpenDirOptions): Dir {
    const job = jobOf(path, options);
    return job === undefined ? opendirSync(path as string, options) : (serve(job, { kind: 'sync' }, hooked as NativeFunction) as Dir);
  };
  fs.opendir = function hooked(path: string, options: OpenDirOptions | Callback, callback?: Callback): void {
    const done = typeof options === 'function' ? options : callback;
    const job = jobOf(path, typeof options === 'function' ? undefined : options);
    if (job === undefined || done === undefined) {
      (opendir as unknown as NativeFunction)(path, options, callback);
      return;
    }
    const request = { oncomplete: done as (error: Error | null, value?: unknown) => void };
    serve(job, { kind: 'callback', request }, hooked as NativeFunction);
  } as typeof fs.opendir;
  fs.promises.opendir = async function hooked(path: PathLike, options?: OpenDirOptions): Promise<Dir> {
    const job = jobOf(path, options);
    return job === undefined ? opendirPromise(path, options) : (serve(job, { kind: 'promise' }, hooked as NativeFunction) as Promise<Dir>);
  } as typeof fs.promises.opendir;
}

/** Undefined if it is not a path: the original then throws its own error. */
function nativePath(path: PathLike): NativePath | undefined {
  if (typeof path === 'string' || path instanceof Uint8Array) return path;
  return path instanceof URL && path.protocol === 'file:' ? fileURLToPath(path) : undefined;
}
