/**
 * Single operations on files and descriptors. Inside the store's directory each is one op; outside it is just carried out.
 *
 * Everything that a store does goes through here. Node's calls that fuse several operations (`copyFile`, `writeFileUtf8`,
 * recursive `mkdir` and `rm`) are built from these, so that the boundaries inside them exist.
 */
import { constants } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { forcedIn, openFlagsIn, TMPFILE } from '../../domain/open-flags.ts';
import type { Call, Range } from '../../domain/trace.ts';
import type { Conductor } from './conductor.ts';
import type { FileIdentity, Files, OpenFile } from './files.ts';
import { type Locate, pathText } from './inside.ts';
import { type NativeFs, type NativePath, statOf } from './native.ts';
import type { OpResult, PlannedOp } from './planned-op.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants;

/** The buffer of a copy, in bytes. */
const CHUNK = 1 << 20;

export interface Context {
  readonly fs: NativeFs;
  readonly files: Files;
  readonly locate: Locate;
  readonly conductor: Conductor;
  readonly directory: string;
}

export class FileOps {
  context: Context;
  /** Open files inside the directory, by descriptor. */
  readonly openFiles = new Map<number, OpenFile>();

  constructor(context: Context) {
    this.context = context;
  }

  /** Switches to another directory. Files open in the previous one count as outside. */
  switchTo(directory: string, { files, locate }: Pick<Context, 'files' | 'locate'>): void {
    this.context = { ...this.context, directory, files, locate };
    this.openFiles.clear();
  }

  /** The op of a call on a path, or undefined if the path lies outside. */
  onPath(call: Call, via: string, path: NativePath, follow: boolean, mode?: number): PlannedOp | undefined {
    const location = this.context.locate(path, follow);
    if (location === undefined) return undefined;
    if (location.leadsOutside) this.context.conductor.unmeasured(`followed a symlink out of the directory: ${location.path}`);
    return {
      call,
      via,
      path: location.path,
      file: this.context.files.at(path, location.path, follow),
      ...(mode === undefined ? {} : { mode }),
    };
  }

  /** The op of a call on a descriptor, or undefined if it was not opened inside the directory. */
  onDescriptor(call: Call, via: string, fd: number, mode?: number): PlannedOp | undefined {
    const open = this.openFiles.get(fd);
    if (open === undefined) return undefined;
    const { file, forces } = open;
    const flags = (call === 'write' || call === 'copy') && forces.length > 0 ? { flags: forces } : {};
    return { call, via, path: file.path, file, ...flags, ...(mode === undefined ? {} : { mode }) };
  }

  /** Carries out an op, or just the call if there is no op. */
  perform<T>(planned: PlannedOp | undefined, carryOut: (limit: number | undefined) => T, resultOf?: (value: T) => OpResult): T {
    return planned === undefined ? carryOut(undefined) : this.context.conductor.perform(planned, carryOut, resultOf);
  }

  // --- opening and closing

  plannedOpen(path: NativePath, flags: number, mode: number, via: string): PlannedOp | undefined {
    const planned = this.onPath('open', via, path, followsLinks(flags), flags & O_CREAT || flags & TMPFILE ? mode : undefined);
    return planned && { ...planned, flags: openFlagsIn(flags) };
  }

  openFile(path: NativePath, flags: number, mode: number, via: string): number {
    const { fs, files, locate } = this.context;
    const planned = this.plannedOpen(path, flags, mode, via);
    if (planned === undefined) {
      const fd = fs.open(path, flags, mode);
      this.openFiles.delete(fd); // a descriptor with this number may have been closed unseen
      return fd;
    }
    let creates = false;
    const open = (): number => {
      creates = (flags & TMPFILE) !== 0 || ((flags & O_CREAT) !== 0 && statOf(fs, path, followsLinks(flags)) === undefined);
      return fs.open(path, flags, mode);
    };
    return this.perform(planned, open, (fd) => {
      const file = creates ? files.created(fd, planned.path) : files.at(fd, planned.path, true);
      if (locate(path, followsLinks(flags))?.leadsOutside) this.openFiles.delete(fd);
      else this.openFiles.set(fd, { file, position: 0, append: (flags & O_APPEND) !== 0, forces: forcedIn(flags) });
      return { file };
    });
  }

  close(fd: number, via: string): void {
    const { fs } = this.context;
    const planned = this.onDescriptor('close', via, fd);
    this.perform(planned, () => {
      this.openFiles.delete(fd); // even a failed close frees the number
      fs.close(fd);
    });
  }

  // --- contents

  /**
   * `carryOut` reads, at most so many bytes if it is given a limit, and returns the number of bytes. A position that is not a number: where
   * the last read or write ended.
   */
  read(fd: number, position: unknown, via: string, carryOut: (limit: number | undefined) => number): number {
    const open = this.openFiles.get(fd);
    return this.perform(this.onDescriptor('read', via, fd), carryOut, (length) => {
      const at = explicitPosition(position);
      const offset = at ?? open?.position ?? 0;
      if (open !== undefined && at === undefined) open.position += length;
      return { range: { offset, length } };
    });
  }

  write(fd: number, buffers: readonly Uint8Array[], position: unknown, via: string): number {
    const planned = this.onDescriptor('write', via, fd);
    const at = explicitPosition(position);
    if (planned === undefined) return this.context.fs.writeBuffers(fd, buffers, at ?? null);
    const writeOnce = (parts: readonly Uint8Array[], to: number | undefined): number => {
      const offset = this.#writeOffset(fd, to);
      return this.context.conductor.perform(
        planned,
        (limit) =>
          limit === undefined ? this.context.fs.writeBuffers(fd, parts, to ?? null) : this.#writeUpTo(fd, Buffer.concat(parts), to, limit),
        (length) => ({ range: this.#written(fd, to, offset, length) }),
      );
    };
    return this.#writeAll(buffers, at, writeOnce);
  }

  /** As libuv does: continues after a short write, and throws an error only if nothing was written at all. */
  #writeAll(
    buffers: readonly Uint8Array[],
    at: number | undefined,
    writeOnce: (parts: readonly Uint8Array[], at: number | undefined) => number,
  ): number {
    let written = writeOnce(buffers, at);
    if (!this.context.conductor.mayShortenWrites) return written;
    const all = Buffer.concat(buffers);
    while (written > 0 && written < all.length) {
      try {
        written += writeOnce([all.subarray(written)], at === undefined ? undefined : at + written);
      } catch {
        break;
      }
    }
    return written;
  }

  /** `writeFileUtf8` on a descriptor: repeats until the whole string is written. */
  writeUtf8(fd: number, data: string, flags: number, mode: number, via: string): void {
    const planned = this.onDescriptor('write', via, fd);
    const { fs, conductor } = this.context;
    if (planned === undefined) {
      fs.writeFileUtf8(fd, data, flags, mode);
      return;
    }
    const all = Buffer.from(data);
    const writeOnce = ([part = all]: readonly Uint8Array[]): number => {
      const offset = this.#writeOffset(fd, undefined);
      return conductor.perform(
        planned,
        (limit) => {
          if (limit !== undefined || part.length < all.length) return this.#writeUpTo(fd, part, undefined, limit ?? part.length);
          fs.writeFileUtf8(fd, data, flags, mode);
          return all.length;
        },
        (length) => ({ range: this.#written(fd, undefined, offset, length) }),
      );
    };
    // C++ repeats the write when libuv reports a short one.
    for (let written = 0; written < all.length; ) written += this.#writeAll([all.subarray(written)], undefined, writeOnce);
  }

  /** Copies from one descriptor to another, both from offset 0. */
  copy(from: number, to: number, length: number, via: string): void {
    const { conductor } = this.context;
    const planned = this.onDescriptor('copy', via, to) ?? this.onDescriptor('read', via, from);
    let done = 0;
    const carryOut = (limit?: number): number => this.#copyBytes(from, to, done, Math.min(length, done + (limit ?? length)));
    if (planned === undefined) {
      carryOut();
      return;
    }
    for (let copied = -1; copied !== 0 && done < length; done += copied)
      copied = conductor.perform(planned, carryOut, (bytes) => ({ range: { offset: done, length: bytes } }));
  }

  // --- names

  rename(from: NativePath, to: NativePath, carryOut: () => void): void {
    const { files } = this.context;
    const planned = this.plannedRename(from, to);
    const target = planned?.to;
    if (planned === undefined || target === undefined) {
      carryOut();
      return;
    }
    this.perform(planned, () => {
      const replaced = statOf(this.context.fs, to, false);
      const sameFile = replaced !== undefined && planned.file === target.file; // two names of one file: nothing happens
      carryOut();
      if (sameFile) return;
      if (replaced !== undefined) files.forget(replaced);
      files.moved(planned.file, planned.path, target.path);
    });
  }

  /** `to` is the replaced file, or the moved file itself if the name was free. */
  plannedRename(from: NativePath, to: NativePath): PlannedOp | undefined {
    const [source, target] = [this.context.locate(from, false), this.context.locate(to, false)];
    if (source === undefined && target === undefined) return undefined;
    const file = this.context.files.at(from, source?.path ?? this.outside(from), false);
    const taken = statOf(this.context.fs, to, false) !== undefined;
    const path = target?.path ?? this.outside(to);
    return {
      call: 'rename',
      via: 'rename',
      path: source?.path ?? this.outside(from),
      file,
      to: { path, file: taken ? this.context.files.at(to, path, false) : file },
    };
  }

  plannedLink(existing: NativePath, path: NativePath): PlannedOp | undefined {
    const [source, target] = [this.context.locate(existing, false), this.context.locate(path, false)];
    if (source === undefined && target === undefined) return undefined;
    const from = source?.path ?? this.outside(existing);
    const file = this.context.files.at(existing, from, false);
    return { call: 'link', via: 'link', path: from, file, to: { path: target?.path ?? this.outside(path), file } };
  }

  /** `path` is the link's target: relative to the directory if it lies inside, else as the store wrote it. */
  plannedSymlink(target: NativePath, path: NativePath): PlannedOp | undefined {
    const location = this.context.locate(path, false);
    if (location === undefined) return undefined;
    const text = pathText(target);
    const reached = isAbsolute(text) ? text : resolve(this.context.directory, location.path, '..', text);
    const inside = this.context.locate(reached, true);
    const link: FileIdentity = { id: undefined, path: location.path };
    const exists = inside !== undefined && statOf(this.context.fs, reached, true) !== undefined;
    const file = exists ? this.context.files.at(reached, inside.path, true) : link;
    return { call: 'symlink', via: 'symlink', path: inside?.path ?? text, file, to: { path: location.path, file: link } };
  }

  symlink(target: NativePath, path: NativePath, carryOut: () => void): void {
    const planned = this.plannedSymlink(target, path);
    this.perform(planned, carryOut, () => {
      if (planned?.to === undefined) return {};
      const link = this.context.files.created(path, planned.to.path);
      return planned.file === planned.to.file ? { file: link, to: link } : { to: link };
    });
  }

  unlink(path: NativePath, via: string): void {
    this.#remove('unlink', via, path, () => this.context.fs.unlink(path));
  }

  rmdir(path: NativePath, via: string): void {
    this.#remove('rmdir', via, path, () => this.context.fs.rmdir(path));
  }

  mkdir(path: NativePath, mode: number, via: string): void {
    const planned = this.onPath('mkdir', via, path, false, mode);
    this.perform(
      planned,
      () => this.context.fs.mkdir(path, mode, false),
      () => (planned === undefined ? {} : { file: this.context.files.created(path, planned.path) }),
    );
  }

  /** The path of a file outside, relative to the directory. */
  outside(path: NativePath): string {
    return relative(this.context.directory, resolve(pathText(path))).replaceAll('\\', '/');
  }

  #remove(call: 'unlink' | 'rmdir', via: string, path: NativePath, carryOut: () => void): void {
    const removed = statOf(this.context.fs, path, false);
    this.perform(this.onPath(call, via, path, false), carryOut, () => {
      if (removed !== undefined) this.context.files.forget(removed);
      return {};
    });
  }

  #writeOffset(fd: number, at: number | undefined): number {
    const open = this.openFiles.get(fd);
    if (open?.append) return statOf(this.context.fs, fd, false)?.size ?? 0;
    return at ?? open?.position ?? 0;
  }

  #written(fd: number, at: number | undefined, offset: number, length: number): Range {
    const open = this.openFiles.get(fd);
    if (open !== undefined && at === undefined) open.position = offset + length;
    return { offset, length };
  }

  #writeUpTo(fd: number, all: Uint8Array, at: number | undefined, limit: number): number {
    const wanted = Math.min(limit, all.length);
    let written = 0;
    while (written < wanted) {
      written += this.context.fs.writeBuffers(fd, [all.subarray(written, wanted)], at === undefined ? null : at + written);
    }
    return written;
  }

  /** Returns the number of bytes copied: fewer than asked if the source ends earlier. */
  #copyBytes(from: number, to: number, start: number, end: number): number {
    const { fs } = this.context;
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, end - start));
    let at = start;
    while (at < end) {
      const read = fs.read(from, chunk, 0, Math.min(chunk.length, end - at), at);
      if (read === 0) break;
      this.#writeUpTo(to, chunk, undefined, read);
      at += read;
    }
    return at - start;
  }
}

function explicitPosition(position: unknown): number | undefined {
  const at = typeof position === 'bigint' ? Number(position) : position;
  return typeof at === 'number' && at >= 0 ? at : undefined;
}

function followsLinks(flags: number): boolean {
  return (flags & O_NOFOLLOW) === 0 && (flags & (O_CREAT | O_EXCL)) !== (O_CREAT | O_EXCL);
}
