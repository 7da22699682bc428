/**
 * Single effects on files and descriptors, each one op if it touches the directory and plain otherwise.
 *
 * Everything that the recorder lets a store do goes through here; calls of node that fuse several effects (`copyFile`,
 * `writeFileUtf8`, recursive `mkdir` and `rm`) are written in terms of these, so that the boundaries inside them exist.
 */
import { constants } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import type { Call, OpenFlag, Range } from '../../domain/trace.ts';
import type { Conductor, Effect, Settled } from './conductor.ts';
import type { FileIdentity, Files, OpenFile } from './files.ts';
import { type Locate, pathText } from './inside.ts';
import { type NativeFs, type NativePath, statOf } from './native.ts';

const { O_APPEND, O_CREAT, O_DIRECTORY = 0, O_EXCL, O_NOFOLLOW = 0, O_RDWR, O_TRUNC, O_WRONLY } = constants;
/** Linux's own bit of O_TMPFILE, which node does not export. */
const TMPFILE = process.platform === 'linux' ? 0o20000000 : 0;

/** A copy goes through this much memory. */
const CHUNK = 1 << 20;

export interface World {
  readonly fs: NativeFs;
  readonly files: Files;
  readonly locate: Locate;
  readonly conductor: Conductor;
  readonly directory: string;
}

export class Effects {
  world: World;
  /** What is open inside the directory, by descriptor. */
  readonly open = new Map<number, OpenFile>();

  constructor(world: World) {
    this.world = world;
  }

  /** From now on another directory is meant; what is open in the one before lies outside. */
  turnTo(directory: string, { files, locate }: Pick<World, 'files' | 'locate'>): void {
    this.world = { ...this.world, directory, files, locate };
    this.open.clear();
  }

  /** The effect of a call on a path, or undefined if it lies outside. */
  onPath(call: Call, via: string, path: NativePath, follow: boolean, mode?: number): Effect | undefined {
    const place = this.world.locate(path, follow);
    if (place === undefined) return undefined;
    if (place.leaves) this.world.conductor.unmeasured(`followed a symlink out of the directory: ${place.path}`);
    return { call, via, path: place.path, file: this.world.files.at(path, place.path, follow), ...(mode === undefined ? {} : { mode }) };
  }

  /** The effect of a call on a descriptor, or undefined if it was not opened inside the directory. */
  onOpen(call: Call, via: string, fd: number, mode?: number): Effect | undefined {
    const file = this.open.get(fd)?.file;
    return file === undefined ? undefined : { call, via, path: file.path, file, ...(mode === undefined ? {} : { mode }) };
  }

  /** Carries an effect out, or without a step if it is none of the directory's. */
  do<T>(effect: Effect | undefined, carryOut: () => T, settle?: (value: T) => Settled): T {
    return effect === undefined ? carryOut() : this.world.conductor.step(effect, carryOut, settle);
  }

  // --- opening and closing

  openEffect(path: NativePath, flags: number, mode: number, via: string): Effect | undefined {
    const effect = this.onPath('open', via, path, followsLinks(flags), flags & O_CREAT || flags & TMPFILE ? mode : undefined);
    return effect && { ...effect, flags: openFlags(flags) };
  }

  openFile(path: NativePath, flags: number, mode: number, via: string): number {
    const { fs, files, locate } = this.world;
    const effect = this.openEffect(path, flags, mode, via);
    if (effect === undefined) {
      const fd = fs.open(path, flags, mode);
      this.open.delete(fd); // the number of a descriptor whose close was not seen
      return fd;
    }
    let creates = false;
    const open = (): number => {
      creates = (flags & TMPFILE) !== 0 || ((flags & O_CREAT) !== 0 && statOf(fs, path, followsLinks(flags)) === undefined);
      return fs.open(path, flags, mode);
    };
    return this.do(effect, open, (fd) => {
      const file = creates ? files.created(fd, effect.path) : files.at(fd, effect.path, true);
      if (locate(path, followsLinks(flags))?.leaves) this.open.delete(fd);
      else this.open.set(fd, { file, position: 0, append: (flags & O_APPEND) !== 0 });
      return { file };
    });
  }

  close(fd: number, via: string): void {
    const { fs } = this.world;
    const effect = this.onOpen('close', via, fd);
    this.do(effect, () => {
      this.open.delete(fd); // even a close that fails gives the number back
      fs.close(fd);
    });
  }

  // --- contents

  /** Reads through `carryOut`, which returns the number of bytes. A position that is not a number means: where the last one ended. */
  read(fd: number, position: unknown, via: string, carryOut: () => number): number {
    const open = this.open.get(fd);
    return this.do(this.onOpen('read', via, fd), carryOut, (length) => {
      const at = explicit(position);
      const offset = at ?? open?.position ?? 0;
      if (open !== undefined && at === undefined) open.position += length;
      return { range: { offset, length } };
    });
  }

  write(fd: number, buffers: readonly Uint8Array[], position: unknown, via: string): number {
    const effect = this.onOpen('write', via, fd);
    const at = explicit(position);
    if (effect === undefined) return this.world.fs.writeBuffers(fd, buffers, at ?? null);
    const writeOnce = (parts: readonly Uint8Array[], to: number | undefined): number => {
      const offset = this.#writeOffset(fd, to);
      return this.world.conductor.step(
        effect,
        (limit) =>
          limit === undefined ? this.world.fs.writeBuffers(fd, parts, to ?? null) : this.#writeCut(fd, Buffer.concat(parts), to, limit),
        (length) => ({ range: this.#written(fd, to, offset, length) }),
      );
    };
    return this.#allOf(buffers, at, writeOnce);
  }

  /** As libuv does: what was cut short is gone on with, and an error is told only if nothing was written at all. */
  #allOf(
    buffers: readonly Uint8Array[],
    at: number | undefined,
    writeOnce: (parts: readonly Uint8Array[], at: number | undefined) => number,
  ): number {
    let written = writeOnce(buffers, at);
    if (!this.world.conductor.cutsShort) return written;
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

  /** All of a string, however many writes it takes: `writeFileUtf8` on a descriptor. */
  writeUtf8(fd: number, data: string, flags: number, mode: number, via: string): void {
    const effect = this.onOpen('write', via, fd);
    const { fs, conductor } = this.world;
    if (effect === undefined) {
      fs.writeFileUtf8(fd, data, flags, mode);
      return;
    }
    const all = Buffer.from(data);
    const writeOnce = ([part = all]: readonly Uint8Array[]): number => {
      const offset = this.#writeOffset(fd, undefined);
      return conductor.step(
        effect,
        (limit) => {
          if (limit !== undefined || part.length < all.length) return this.#writeCut(fd, part, undefined, limit ?? part.length);
          fs.writeFileUtf8(fd, data, flags, mode);
          return all.length;
        },
        (length) => ({ range: this.#written(fd, undefined, offset, length) }),
      );
    };
    // What libuv tells of as short, C++ asks for once more.
    for (let written = 0; written < all.length; ) written += this.#allOf([all.subarray(written)], undefined, writeOnce);
  }

  /** Copies from one descriptor to another, both at their beginning. */
  copy(from: number, to: number, length: number, via: string): void {
    const { conductor } = this.world;
    const effect = this.onOpen('copy', via, to) ?? this.onOpen('read', via, from);
    let done = 0;
    const carryOut = (limit?: number): number => this.#copyBytes(from, to, done, Math.min(length, done + (limit ?? length)));
    if (effect === undefined) {
      carryOut();
      return;
    }
    for (let copied = -1; copied !== 0 && done < length; done += copied)
      copied = conductor.step(effect, carryOut, (bytes) => ({ range: { offset: done, length: bytes } }));
  }

  // --- names

  rename(from: NativePath, to: NativePath, carryOut: () => void): void {
    const { files } = this.world;
    const effect = this.renameEffect(from, to);
    const target = effect?.to;
    if (effect === undefined || target === undefined) {
      carryOut();
      return;
    }
    this.do(effect, () => {
      const replaced = statOf(this.world.fs, to, false);
      const sameFile = replaced !== undefined && effect.file === target.file; // two names of one file: nothing happens
      carryOut();
      if (sameFile) return;
      if (replaced !== undefined) files.forget(replaced);
      files.moved(effect.file, effect.path, target.path);
    });
  }

  /** `to` has the id of the file that is replaced, or the moved file's own if the name was free. */
  renameEffect(from: NativePath, to: NativePath): Effect | undefined {
    const [source, target] = [this.world.locate(from, false), this.world.locate(to, false)];
    if (source === undefined && target === undefined) return undefined;
    const file = this.world.files.at(from, source?.path ?? this.outside(from), false);
    const taken = statOf(this.world.fs, to, false) !== undefined;
    const path = target?.path ?? this.outside(to);
    return {
      call: 'rename',
      via: 'rename',
      path: source?.path ?? this.outside(from),
      file,
      to: { path, file: taken ? this.world.files.at(to, path, false) : file },
    };
  }

  linkEffect(existing: NativePath, path: NativePath): Effect | undefined {
    const [source, target] = [this.world.locate(existing, false), this.world.locate(path, false)];
    if (source === undefined && target === undefined) return undefined;
    const from = source?.path ?? this.outside(existing);
    const file = this.world.files.at(existing, from, false);
    return { call: 'link', via: 'link', path: from, file, to: { path: target?.path ?? this.outside(path), file } };
  }

  /** `path` is what the link points at: relative to the directory if it lies inside, else as the store wrote it. */
  symlinkEffect(target: NativePath, path: NativePath): Effect | undefined {
    const place = this.world.locate(path, false);
    if (place === undefined) return undefined;
    const text = pathText(target);
    const reached = isAbsolute(text) ? text : resolve(this.world.directory, place.path, '..', text);
    const inside = this.world.locate(reached, true);
    const link: FileIdentity = { id: undefined, path: place.path };
    const exists = inside !== undefined && statOf(this.world.fs, reached, true) !== undefined;
    const file = exists ? this.world.files.at(reached, inside.path, true) : link;
    return { call: 'symlink', via: 'symlink', path: inside?.path ?? text, file, to: { path: place.path, file: link } };
  }

  symlink(target: NativePath, path: NativePath, carryOut: () => void): void {
    const effect = this.symlinkEffect(target, path);
    this.do(effect, carryOut, () => {
      if (effect?.to === undefined) return {};
      const link = this.world.files.created(path, effect.to.path);
      return effect.file === effect.to.file ? { file: link, to: link } : { to: link };
    });
  }

  unlink(path: NativePath, via: string): void {
    this.#remove('unlink', via, path, () => this.world.fs.unlink(path));
  }

  rmdir(path: NativePath, via: string): void {
    this.#remove('rmdir', via, path, () => this.world.fs.rmdir(path));
  }

  mkdir(path: NativePath, mode: number, via: string): void {
    const effect = this.onPath('mkdir', via, path, false, mode);
    this.do(
      effect,
      () => this.world.fs.mkdir(path, mode, false),
      () => (effect === undefined ? {} : { file: this.world.files.created(path, effect.path) }),
    );
  }

  /** A file outside the directory, seen from it. */
  outside(path: NativePath): string {
    return relative(this.world.directory, resolve(pathText(path))).replaceAll('\\', '/');
  }

  #remove(call: 'unlink' | 'rmdir', via: string, path: NativePath, carryOut: () => void): void {
    const gone = statOf(this.world.fs, path, false);
    this.do(this.onPath(call, via, path, false), carryOut, () => {
      if (gone !== undefined) this.world.files.forget(gone);
      return {};
    });
  }

  #writeOffset(fd: number, at: number | undefined): number {
    const open = this.open.get(fd);
    if (open?.append) return statOf(this.world.fs, fd, false)?.size ?? 0;
    return at ?? open?.position ?? 0;
  }

  #written(fd: number, at: number | undefined, offset: number, length: number): Range {
    const open = this.open.get(fd);
    if (open !== undefined && at === undefined) open.position = offset + length;
    return { offset, length };
  }

  #writeCut(fd: number, all: Uint8Array, at: number | undefined, limit: number): number {
    const wanted = Math.min(limit, all.length);
    let written = 0;
    while (written < wanted) {
      written += this.world.fs.writeBuffers(fd, [all.subarray(written, wanted)], at === undefined ? null : at + written);
    }
    return written;
  }

  /** Returns how many bytes there were between the two places. */
  #copyBytes(from: number, to: number, start: number, end: number): number {
    const { fs } = this.world;
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, end - start));
    let at = start;
    while (at < end) {
      const read = fs.read(from, chunk, 0, Math.min(chunk.length, end - at), at);
      if (read === 0) break;
      this.#writeCut(to, chunk, undefined, read);
      at += read;
    }
    return at - start;
  }
}

function explicit(position: unknown): number | undefined {
  const at = typeof position === 'bigint' ? Number(position) : position;
  return typeof at === 'number' && at >= 0 ? at : undefined;
}

function followsLinks(flags: number): boolean {
  return (flags & O_NOFOLLOW) === 0 && (flags & (O_CREAT | O_EXCL)) !== (O_CREAT | O_EXCL);
}

function openFlags(flags: number): OpenFlag[] {
  const names: OpenFlag[] = (flags & O_RDWR) !== 0 ? ['read', 'write'] : (flags & O_WRONLY) !== 0 ? ['write'] : ['read'];
  if ((flags & O_CREAT) !== 0) names.push('create');
  if ((flags & O_EXCL) !== 0) names.push('exclusive');
  if ((flags & O_TRUNC) !== 0) names.push('truncate');
  if ((flags & O_APPEND) !== 0) names.push('append');
  if ((flags & O_DIRECTORY) !== 0) names.push('directory');
  if ((flags & TMPFILE) !== 0) names.push('tmpfile');
  return names;
}
