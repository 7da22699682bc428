/**
 * The parts of `fs.cpSync` that Node 22 and later do in C++, op by op: copying a directory, and replacing one file.
 *
 * Errors have the code, syscall and path of the original call, and the message of the op that failed.
 */
import { join, resolve, sep } from 'node:path';
import { copyFile, copyOver } from './copy-file.ts';
import { asErrorOf, codeOf, type SystemError } from './errors.ts';
import type { FileOps } from './file-ops.ts';
import { pathText } from './inside.ts';
import { makeDirectories } from './make-directories.ts';
import { isDirectory, isRegular, isSymlink, type NativePath, statOf } from './native.ts';

export interface CopyTreeOptions {
  readonly force: boolean;
  readonly dereference: boolean;
  readonly errorOnExist: boolean;
  readonly verbatimSymlinks: boolean;
  readonly preserveTimestamps: boolean;
}

const VIA = 'cpSync';

/** `cpSyncCopyDir`. */
export function copyTree(ops: FileOps, source: NativePath, target: NativePath, options: CopyTreeOptions): void {
  const [from, to] = [pathText(source), pathText(target)];
  if (statOf(ops.context.fs, to, true) === undefined) withCpError(to, () => makeDirectories(ops, to, 0o777, VIA, 'sync'));
  copyBelow(ops, from, to, options);
}

function copyBelow(ops: FileOps, from: string, to: string, options: CopyTreeOptions): void {
  const { fs } = ops.context;
  const names = ops.perform(ops.onPath('readdir', VIA, from, true), () => fs.readdir(from, 'utf8', false));
  for (const name of names) {
    const [source, target] = [join(from, name), join(to, name)];
    const stat = statOf(fs, source, false);
    if (isSymlink(stat)) copySymlink(ops, from, source, target, to, options);
    else if (isDirectory(stat)) {
      if (statOf(fs, target, true) === undefined) withCpError(to, () => ops.mkdir(target, 0o777, VIA));
      copyBelow(ops, source, target, options);
    } else if (isRegular(stat)) copyRegular(ops, source, target, to, options);
  }
}

function copyRegular(ops: FileOps, source: string, target: string, directory: string, options: CopyTreeOptions): void {
  const exists = statOf(ops.context.fs, target, true) !== undefined;
  if (exists && !options.force) {
    if (!options.errorOnExist) return;
    const error = new Error(`[ERR_FS_CP_EEXIST]: Target already exists: cp returned EEXIST (${target} already exists)`);
    throw Object.assign(error, { code: 'ERR_FS_CP_EEXIST' });
  }
  withCpError(directory, () => copyOver(ops, source, target, 'replace', VIA));
  if (options.preserveTimestamps) copyTimes(ops, source, target);
}

function copySymlink(ops: FileOps, from: string, source: string, target: string, directory: string, options: CopyTreeOptions): void {
  const { fs } = ops.context;
  const pointsAt = ops.perform(ops.onPath('readlink', VIA, source, false), () => fs.readlink(source, 'utf8'));
  if (options.verbatimSymlinks) {
    withCpError(directory, () => ops.symlink(pointsAt, target, () => fs.symlink(pointsAt, target, 0)));
    return;
  }
  if (statOf(fs, target, true) !== undefined) {
    const current = withCpError(directory, () => fs.readlink(target, 'utf8'));
    const into = !options.dereference && isDirectory(statOf(fs, pointsAt, true)) && isInside(pointsAt, current);
    if (into) throw refused('ERR_FS_CP_EINVAL', `Cannot copy ${pointsAt} to a subdirectory of self ${current}`);
    const over = isDirectory(statOf(fs, target, true)) && isInside(current, pointsAt);
    if (over) throw refused('ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY', `cannot overwrite ${current} with ${pointsAt}`);
    withCpError(directory, () => ops.unlink(target, VIA));
  }
  const absolute = resolve(from, pointsAt);
  const real = attemptRealpath(ops, absolute);
  const flags = isDirectory(statOf(fs, source, true)) ? 1 : 0; // UV_FS_SYMLINK_DIR; only Windows uses it
  withCpError(directory, () => ops.symlink(real, target, () => fs.symlink(real, target, flags)));
}

/** `cpSyncOverrideFile`: Node 22 and 24 remove the target and write a new one. */
export function overrideFile(ops: FileOps, source: NativePath, target: NativePath, mode: number, preserveTimestamps: boolean): void {
  const to = pathText(target);
  withCpError(to, () => ops.unlink(to, VIA));
  if (mode === 0) withCpError(to, () => copyOver(ops, source, to, 'refuse', VIA));
  else copyFile(ops, source, to, mode, () => undefined);
  if (preserveTimestamps) copyTimes(ops, pathText(source), to);
}

/**
 * `cpSyncCheckPaths` makes the directories above the target after its checks. Where the checks are certain to pass, the
 * directories are made here, one by one; where a symlink makes that uncertain, the whole call is one `mkdir`.
 */
export function checkPaths(ops: FileOps, source: NativePath, target: NativePath, recursive: boolean, check: () => unknown): unknown {
  const { fs } = ops.context;
  const [from, to] = [pathText(source), pathText(target)];
  const parent = resolve(to, '..');
  if (statOf(fs, parent, true) !== undefined) return check();
  const stat = statOf(fs, from, false);
  if (isSymlink(stat)) return ops.perform(ops.onPath('mkdir', VIA, parent, false), check);
  if (isRegular(stat) || (isDirectory(stat) && recursive && !isInside(from, to))) {
    withCpError(to, () => makeDirectories(ops, parent, 0o777, VIA, 'sync'));
  }
  return check();
}

function copyTimes(ops: FileOps, source: string, target: string): void {
  const stat = statOf(ops.context.fs, source, true);
  if (stat === undefined) return;
  ops.perform(ops.onPath('utimes', VIA, target, true), () => ops.context.fs.utimes(target, stat.atime, stat.mtime));
}

function attemptRealpath(ops: FileOps, path: string): string {
  try {
    return ops.context.fs.realpath(path, 'utf8');
  } catch {
    return path;
  }
}

function isInside(parent: string, path: string): boolean {
  const [above, below] = [resolve(parent), resolve(path)];
  return below === above || below.startsWith(above + sep);
}

function refused(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function withCpError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (codeOf(error).startsWith('ERR_')) throw error;
    const made: SystemError = asErrorOf(error, 'cp', path);
    throw made;
  }
}
