/**
 * `copyFile` as libuv does it on Linux: open both files, truncate the target, set its times, owner and mode, copy, close both;
 * remove the target on an error.
 *
 * Allows   a crash between any two of these ops, and inside the copy.
 * Forbids  nothing that Linux allows. macOS and Windows copy with one system call; here they get the same ops, and so more
 *          boundaries than the real call has.
 * Cloning (`COPYFILE_FICLONE_FORCE`) is one `copy`, which a kill cannot cut.
 */
import { constants } from 'node:fs';
import { asErrorOf } from './errors.ts';
import type { FileOps } from './file-ops.ts';
import { pathText } from './inside.ts';
import { type NativePath, statOf } from './native.ts';
import type { PlannedOp } from './planned-op.ts';

const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE, O_CREAT, O_EXCL, O_RDONLY, O_TRUNC, O_WRONLY } = constants;

/** The first libuv release that also copies times and owner. */
const LIBUV_KEEPS_OWNER = [1, 49] as const;

export function firstOpOfCopy(ops: FileOps, source: NativePath, target: NativePath, mode: number, via: string): PlannedOp | undefined {
  return ops.plannedOpen(source, O_RDONLY, 0, via) ?? ops.plannedOpen(target, targetFlags(mode), modeOf(ops, source), via);
}

export function copyFile(ops: FileOps, source: NativePath, target: NativePath, mode: number, clone: () => void): void {
  const via = 'copyFile';
  if ((mode & COPYFILE_FICLONE_FORCE) !== 0) {
    ops.perform(ops.onPath('copy', via, target, true), clone);
    return;
  }
  const toCopyError = (error: unknown): Error => asErrorOf(error, 'copyfile', pathText(source), pathText(target));
  const from = attempt(() => ops.openFile(source, O_RDONLY, 0, via), toCopyError);
  let to: number | undefined;
  try {
    to = ops.openFile(target, targetFlags(mode), modeOf(ops, from), via);
    fill(ops, from, to, mode, via);
  } catch (error) {
    quietly(() => ops.close(from, via));
    const opened = to;
    if (opened !== undefined) {
      quietly(() => ops.close(opened, via));
      quietly(() => ops.unlink(target, via));
    }
    throw toCopyError(error);
  }
  ops.close(from, via);
  ops.close(to, via);
}

function fill(ops: FileOps, from: number, to: number, mode: number, via: string): void {
  const { fs } = ops.context;
  const source = statOf(fs, from, true);
  if (source === undefined) return;
  if ((mode & COPYFILE_EXCL) === 0) {
    if (statOf(fs, to, true)?.key === source.key) return;
    ops.perform(ops.onDescriptor('truncate', via, to), () => fs.ftruncate(to, 0));
  }
  if (keepsOwner()) {
    ops.perform(ops.onDescriptor('utimes', via, to), () => fs.futimes(to, source.atime, source.mtime));
    quietly(() => ops.perform(ops.onDescriptor('chown', via, to), () => fs.fchown(to, source.uid, source.gid))); // libuv ignores it too
  }
  chmod(ops, to, source.mode, via);
  if (source.size > 0) ops.copy(from, to, source.size, via);
}

/** As C++'s `std::filesystem::copy_file`, which `fs.cpSync` uses since Node 22: opening the target truncates it. */
export function copyOver(ops: FileOps, source: NativePath, target: NativePath, existing: 'replace' | 'refuse', via: string): void {
  const { fs } = ops.context;
  const from = ops.openFile(source, O_RDONLY, 0, via);
  let to: number | undefined;
  try {
    to = ops.openFile(target, O_WRONLY | O_CREAT | (existing === 'replace' ? O_TRUNC : O_EXCL), 0o200, via);
    const stat = statOf(fs, from, true);
    if (stat !== undefined) {
      chmod(ops, to, stat.mode, via);
      if (stat.size > 0) ops.copy(from, to, stat.size, via);
    }
  } finally {
    if (to !== undefined) ops.close(to, via);
    ops.close(from, via);
  }
}

function chmod(ops: FileOps, fd: number, mode: number, via: string): void {
  ops.perform(ops.onDescriptor('chmod', via, fd, mode & 0o7777), () => ops.context.fs.fchmod(fd, mode & 0o7777));
}

function targetFlags(mode: number): number {
  return O_WRONLY | O_CREAT | ((mode & COPYFILE_EXCL) === 0 ? 0 : O_EXCL);
}

function modeOf(ops: FileOps, source: NativePath | number): number {
  return (statOf(ops.context.fs, source, true)?.mode ?? 0o666) & 0o7777;
}

function keepsOwner(): boolean {
  if (process.platform === 'win32') return false;
  const [major = 0, minor = 0] = process.versions.uv.split('.').map(Number);
  return major > LIBUV_KEEPS_OWNER[0] || (major === LIBUV_KEEPS_OWNER[0] && minor >= LIBUV_KEEPS_OWNER[1]);
}

function attempt<T>(work: () => T, translate: (error: unknown) => Error): T {
  try {
    return work();
  } catch (error) {
    throw translate(error);
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // as in libuv, the earlier error is reported
  }
}
