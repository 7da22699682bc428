/**
 * `node:fs` and `node:fs/promises` on a world: the synchronous, callback and promise form of every function.
 * A function that is missing here is refused by name when it is called.
 */
import realFs from 'node:fs';
import type { Callers } from './callers.ts';
import { FileHandle } from './file-handle.ts';
import * as operations from './operations.ts';
import { optionsOf } from './operations.ts';
import { Dirent, directoryEntry, Stats, statsOf } from './stats.ts';
import type { Operation } from './syscall.ts';
import { Refused } from './system-error.ts';
import type { World } from './world.ts';

// biome-ignore lint/suspicious/noExplicitAny: the functions of node:fs take any arguments and check them.
type Arguments = any[];
type Make = (...args: Arguments) => Operation<unknown>;

/** Functions on paths: in `fs` and in `fs.promises`. */
const ON_PATHS: { readonly [name: string]: Make } = {
  access: operations.access,
  appendFile: (path, data, options) => operations.appendFile(descriptorOf(path), data, options),
  chmod: operations.chmod,
  chown: operations.chown,
  lchown: operations.chown,
  copyFile: operations.copyFile,
  link: operations.link,
  lstat: (path, options) => withStats(operations.lstat(path), options),
  mkdir: operations.mkdir,
  readFile: (path, options) => operations.readFile(descriptorOf(path), options),
  readdir: readDirectory,
  readlink: operations.readlink,
  realpath: operations.realpath,
  rename: operations.rename,
  rm: operations.rm,
  rmdir: operations.rmdir,
  stat: (path, options) => withStats(operations.stat(path), options),
  truncate: operations.truncate,
  unlink: operations.unlink,
  utimes: operations.utimes,
  lutimes: operations.utimes,
  writeFile: (path, data, options) => operations.writeFile(descriptorOf(path), data, options),
};

/** Functions on descriptors: in `fs` only. */
const ON_DESCRIPTORS: { readonly [name: string]: Make } = {
  close: operations.close,
  open: operations.open,
  fchmod: operations.fchmod,
  fchown: operations.chown,
  fdatasync: operations.fdatasync,
  fstat: (fd, options) => withStats(operations.fstat(fd), options),
  fsync: operations.fsync,
  ftruncate: operations.ftruncate,
  futimes: operations.futimes,
};

/** The promise functions also accept a handle as `file`. */
const descriptorOf = (file: unknown): unknown => (file instanceof FileHandle ? file.fd : file);

function* withStats(
  status: ReturnType<typeof operations.stat>,
  options?: { bigint?: boolean; throwIfNoEntry?: boolean },
): Operation<unknown> {
  try {
    return statsOf(yield* status, options?.bigint === true);
  } catch (error) {
    if (options?.throwIfNoEntry === false && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function* readDirectory(path: string, options?: unknown): Operation<unknown> {
  const { withFileTypes = false, recursive = false, encoding } = optionsOf(options);
  if (encoding === 'buffer') throw new Refused('names as buffers');
  const found: unknown[] = [];
  const pending = [''];
  for (let below = pending.shift(); below !== undefined; below = pending.shift()) {
    const directory = below === '' ? path : `${path}/${below}`;
    for (const [name, isDirectory] of yield* operations.readdir(directory)) {
      const relative = below === '' ? name : `${below}/${name}`;
      found.push(withFileTypes ? directoryEntry(name, directory, isDirectory) : relative);
      if (recursive && isDirectory) pending.push(relative);
    }
  }
  return found;
}

/** A position as Node accepts it: a number or a bigint; anything else is the descriptor's current position. */
const positionOf = (position: unknown): number | null =>
  typeof position === 'bigint' ? Number(position) : typeof position === 'number' && position >= 0 ? position : null;

function* readInto(fd: number, buffer: NodeJS.ArrayBufferView, ...rest: Arguments): Operation<number> {
  const named = typeof rest[0] === 'object' && rest[0] !== null ? rest[0] : { offset: rest[0], length: rest[1], position: rest[2] };
  const offset = named.offset ?? 0;
  const target = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const length = named.length ?? target.length - offset;
  if (length === 0) return 0; // Node does not check the descriptor then
  const bytes = yield* operations.read(fd, length, positionOf(named.position));
  target.set(bytes, offset);
  return bytes.length;
}

function* writeFrom(fd: number, data: unknown, ...rest: Arguments): Operation<number> {
  if (typeof data === 'string') return yield* operations.write(fd, operations.bytesOf(data, rest[1]), positionOf(rest[0]));
  const named = typeof rest[0] === 'object' && rest[0] !== null ? rest[0] : { offset: rest[0], length: rest[1], position: rest[2] };
  const bytes = operations.bytesOf(data);
  const offset = named.offset ?? 0;
  return yield* operations.write(fd, bytes.subarray(offset, offset + (named.length ?? bytes.length - offset)), positionOf(named.position));
}

function* readMany(fd: number, buffers: readonly NodeJS.ArrayBufferView[], position?: unknown): Operation<number> {
  let total = 0;
  let at = positionOf(position);
  for (const buffer of buffers) {
    const count = yield* readInto(fd, buffer, 0, buffer.byteLength, at);
    total += count;
    if (at !== null) at += count;
    if (count < buffer.byteLength) break;
  }
  return total;
}

function writeMany(fd: number, buffers: readonly NodeJS.ArrayBufferView[], position?: unknown): Operation<number> {
  return operations.write(fd, Buffer.concat(buffers.map((buffer) => operations.bytesOf(buffer))), positionOf(position));
}

// biome-ignore lint/suspicious/noExplicitAny: the store that requires the module gives its functions their types.
export type FakeModule = { [name: string]: any };

export function fakeFs(world: World, { caller: callerNow, as }: Callers): { readonly fs: FakeModule; readonly promises: FakeModule } {
  const later = <Result>(operation: Operation<Result>): Promise<Result> =>
    new Promise((resolve, reject) =>
      world.ask(callerNow(), operation, (error, value) => (error === undefined ? resolve(value) : reject(error))),
    );
  /** Calls the callback in a microtask, as the caller that passed it. */
  const withCallback = (
    operation: Operation<unknown>,
    callback: unknown,
    answer: (value: never) => unknown[] = (value) => [value],
  ): void => {
    if (typeof callback !== 'function')
      throw Object.assign(new TypeError('The "cb" argument must be of type function.'), { code: 'ERR_INVALID_ARG_TYPE' });
    const caller = callerNow();
    world.ask(caller, operation, (error, value) =>
      queueMicrotask(() => as(caller, () => (error === undefined ? callback(null, ...answer(value as never)) : callback(error)))),
    );
  };
  const splitCallback = (args: Arguments): [Arguments, unknown] => [args.slice(0, -1), args.at(-1)];

  const promises: FakeModule = { constants: realFs.constants };
  const fs: FakeModule = { constants: realFs.constants, promises, Stats, Dirent };
  const forms = (name: string, make: Make): void => {
    fs[`${name}Sync`] = (...args: Arguments) => world.carryOut(callerNow(), make(...args));
    fs[name] = (...args: Arguments) => {
      const [given, callback] = splitCallback(args);
      withCallback(make(...given), callback);
    };
  };
  for (const [name, make] of Object.entries(ON_PATHS)) {
    forms(name, make);
    promises[name] = (...args: Arguments) => later(make(...args));
  }
  for (const [name, make] of Object.entries(ON_DESCRIPTORS)) forms(name, make);

  promises.open = async (path: unknown, flags?: unknown, mode?: unknown) =>
    new FileHandle(await later(operations.open(path, flags, mode)), path, fileCalls);
  const fileCalls = { later, readInto, writeFrom, readMany, writeMany, withStats };
  const suffix = (): string =>
    Math.floor(callerNow().random() * 36 ** 6)
      .toString(36)
      .padStart(6, '0');
  forms('mkdtemp', (prefix) => operations.mkdtemp(prefix, suffix()));
  promises.mkdtemp = (prefix: unknown) => later(operations.mkdtemp(prefix, suffix()));

  const several = (name: string, make: Make): void => {
    fs[`${name}Sync`] = (...args: Arguments) => world.carryOut(callerNow(), make(...args));
    fs[name] = (...args: Arguments) => {
      const [given, callback] = splitCallback(args);
      withCallback(make(...given), callback, (count) => [count, given[1]]);
    };
  };
  several('read', readInto);
  several('write', writeFrom);
  several('readv', readMany);
  several('writev', writeMany);

  fs.existsSync = (path: unknown): boolean => {
    try {
      world.carryOut(callerNow(), operations.access(path));
      return true;
    } catch (error) {
      if (error instanceof Refused) throw error;
      return false;
    }
  };
  fs.exists = (path: unknown, callback: (exists: boolean) => void) => fs.access(path, (error: unknown) => callback(error === null));
  const { realpath: native, realpathSync: nativeSync } = fs;
  forms('realpath', operations.realpathByLinks);
  fs.realpathSync.native = nativeSync;
  fs.realpath.native = native;
  const streamed = (options: unknown): object => {
    world.slow = true;
    return { ...optionsOf(options), fs };
  };
  fs.createReadStream = (path: string, options?: unknown) => new streams.ReadStream(path, streamed(options));
  fs.createWriteStream = (path: string, options?: unknown) => new streams.WriteStream(path, streamed(options));
  refuseTheRest(world, fs, realFs, 'fs');
  refuseTheRest(world, promises, realFs.promises, 'fs.promises');
  return { fs, promises };
}

/** Node's streams take the `fs` functions that they call from their options; their types omit this. */
const streams = realFs as unknown as { readonly [Kind in 'ReadStream' | 'WriteStream']: new (path: string, options: object) => object };

/** Refuses functions of the real module that the fake lacks. */
function refuseTheRest(world: World, fake: FakeModule, real: object, name: string): void {
  for (const key of Object.keys(real)) {
    if (key in fake || typeof (real as FakeModule)[key] !== 'function') continue;
    fake[key] = /^[A-Z]/.test(key) ? (real as FakeModule)[key] : () => world.refuse(`${name}.${key}`);
  }
}
