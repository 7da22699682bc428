/**
 * `copyFile` as libuv does it on Linux: open both, empty the target, give it the source's times, owner and mode, copy, close
 * both; on an error remove the target.
 *
 * Allows   a crash between any two of these, and inside the copy.
 * Forbids  nothing that Linux allows. macOS and Windows have one system call for all of it: there, too, the copy is carried out
 *          in these steps, with more boundaries than the real call may show.
 * Cloning (`COPYFILE_FICLONE_FORCE`) cannot be done in steps: it is one `copy`, and a kill cannot cut it.
 */
import { constants } from 'node:fs';
import type { Effect } from './conductor.ts';
import type { Effects } from './effects.ts';
import { asErrorOf } from './errors.ts';
import { pathText } from './inside.ts';
import { type NativePath, statOf } from './native.ts';

const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE, O_CREAT, O_EXCL, O_RDONLY, O_TRUNC, O_WRONLY } = constants;

/** Since this release libuv also copies times and owner. */
const LIBUV_KEEPS_OWNER = [1, 49] as const;

export function firstOfCopy(effects: Effects, source: NativePath, target: NativePath, mode: number, via: string): Effect | undefined {
  return effects.openEffect(source, O_RDONLY, 0, via) ?? effects.openEffect(target, targetFlags(mode), modeOf(effects, source), via);
}

export function copyFile(effects: Effects, source: NativePath, target: NativePath, mode: number, clone: () => void): void {
  const via = 'copyFile';
  if ((mode & COPYFILE_FICLONE_FORCE) !== 0) {
    effects.do(effects.onPath('copy', via, target, true), clone);
    return;
  }
  const wrong = (error: unknown): Error => asErrorOf(error, 'copyfile', pathText(source), pathText(target));
  const from = attempt(() => effects.openFile(source, O_RDONLY, 0, via), wrong);
  let to: number | undefined;
  try {
    to = effects.openFile(target, targetFlags(mode), modeOf(effects, from), via);
    fill(effects, from, to, mode, via);
  } catch (error) {
    quietly(() => effects.close(from, via));
    const opened = to;
    if (opened !== undefined) {
      quietly(() => effects.close(opened, via));
      quietly(() => effects.unlink(target, via));
    }
    throw wrong(error);
  }
  effects.close(from, via);
  effects.close(to, via);
}

function fill(effects: Effects, from: number, to: number, mode: number, via: string): void {
  const { fs } = effects.world;
  const source = statOf(fs, from, true);
  if (source === undefined) return;
  if ((mode & COPYFILE_EXCL) === 0) {
    if (statOf(fs, to, true)?.key === source.key) return;
    effects.do(effects.onOpen('truncate', via, to), () => fs.ftruncate(to, 0));
  }
  if (keepsOwner()) {
    effects.do(effects.onOpen('utimes', via, to), () => fs.futimes(to, source.atime, source.mtime));
    quietly(() => effects.do(effects.onOpen('chown', via, to), () => fs.fchown(to, source.uid, source.gid))); // libuv ignores it too
  }
  chmod(effects, to, source.mode, via);
  if (source.size > 0) effects.copy(from, to, source.size, via);
}

/** How C++'s `std::filesystem::copy_file` does it, which `fs.cpSync` uses since Node 22: the target is emptied as it is opened. */
export function copyOver(effects: Effects, source: NativePath, target: NativePath, existing: 'replace' | 'refuse', via: string): void {
  const { fs } = effects.world;
  const from = effects.openFile(source, O_RDONLY, 0, via);
  let to: number | undefined;
  try {
    to = effects.openFile(target, O_WRONLY | O_CREAT | (existing === 'replace' ? O_TRUNC : O_EXCL), 0o200, via);
    const stat = statOf(fs, from, true);
    if (stat !== undefined) {
      chmod(effects, to, stat.mode, via);
      if (stat.size > 0) effects.copy(from, to, stat.size, via);
    }
  } finally {
    if (to !== undefined) effects.close(to, via);
    effects.close(from, via);
  }
}

function chmod(effects: Effects, fd: number, mode: number, via: string): void {
  effects.do(effects.onOpen('chmod', via, fd, mode & 0o7777), () => effects.world.fs.fchmod(fd, mode & 0o7777));
}

function targetFlags(mode: number): number {
  return O_WRONLY | O_CREAT | ((mode & COPYFILE_EXCL) === 0 ? 0 : O_EXCL);
}

function modeOf(effects: Effects, source: NativePath | number): number {
  return (statOf(effects.world.fs, source, true)?.mode ?? 0o666) & 0o7777;
}

function keepsOwner(): boolean {
  if (process.platform === 'win32') return false;
  const [major = 0, minor = 0] = process.versions.uv.split('.').map(Number);
  return major > LIBUV_KEEPS_OWNER[0] || (major === LIBUV_KEEPS_OWNER[0] && minor >= LIBUV_KEEPS_OWNER[1]);
}

function attempt<T>(work: () => T, wrong: (error: unknown) => Error): T {
  try {
    return work();
  } catch (error) {
    throw wrong(error);
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // an earlier error is the one to report, as in libuv
  }
}
