/**
 * The functions of node:fs as sequences of the system calls that Node 20 and libuv make on Linux. Between two calls the scheduler may
 * switch tasks, and everything may crash. E.g. `writeFile` is open, write, close: after the open the file is empty.
 */
import { constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileStatus } from './inode.ts';
import type { Operation, Syscall } from './syscall.ts';
import { Refused, systemError } from './system-error.ts';
import type { Volume } from './volume.ts';

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_SYNC, COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = constants;

/** The promise form of `writeFile` writes in chunks of this size. */
const WRITE_BYTES = 512 << 10;

const FLAGS: { readonly [flag: string]: number } = {
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  'r+': O_RDWR,
  'rs+': O_RDWR | O_SYNC,
  w: O_TRUNC | O_CREAT | O_WRONLY,
  wx: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  'w+': O_TRUNC | O_CREAT | O_RDWR,
  'wx+': O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  a: O_APPEND | O_CREAT | O_WRONLY,
  ax: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  as: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
  'a+': O_APPEND | O_CREAT | O_RDWR,
  'ax+': O_APPEND | O_CREAT | O_RDWR | O_EXCL,
  'as+': O_APPEND | O_CREAT | O_RDWR | O_SYNC,
};

function flagsOf(flag: unknown, otherwise: string): number {
  if (typeof flag === 'number') return flag;
  const known = FLAGS[(flag as string | undefined | null) ?? otherwise];
  if (known === undefined)
    throw Object.assign(new TypeError(`The argument 'flags' is invalid. Received '${flag}'`), { code: 'ERR_INVALID_ARG_VALUE' });
  return known;
}

const modeOf = (mode: unknown, otherwise: number): number =>
  typeof mode === 'string' ? Number.parseInt(mode, 8) : ((mode as number | undefined | null) ?? otherwise);

function pathOf(path: unknown): string {
  const text =
    typeof path === 'string' ? path : Buffer.isBuffer(path) ? path.toString() : path instanceof URL ? fileURLToPath(path) : undefined;
  if (text === undefined)
    throw Object.assign(
      new TypeError(`The "path" argument must be of type string or an instance of Buffer or URL. Received ${typeof path}`),
      {
        code: 'ERR_INVALID_ARG_TYPE',
      },
    );
  return text.startsWith('/') ? text : resolve(text) + (text.endsWith('/') ? '/' : '');
}

export function bytesOf(data: unknown, encoding?: string | null): Buffer {
  if (typeof data === 'string') return Buffer.from(data, (encoding ?? 'utf8') as BufferEncoding);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  throw Object.assign(new TypeError('The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView.'), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
}

/** Options as Node accepts them: an object, or only an encoding. */
// biome-ignore lint/suspicious/noExplicitAny: they come from the store, and each function reads its own.
export function optionsOf(options: unknown): any {
  return typeof options === 'string' ? { encoding: options } : typeof options === 'object' && options !== null ? options : {};
}

const asked = <Result>(syscall: Syscall<Result>): Syscall<Result> => syscall;
const code = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

export function* open(path: unknown, flag?: unknown, mode?: unknown): Operation<number> {
  const file = pathOf(path);
  const flags = flagsOf(flag, 'r');
  const bits = modeOf(mode, 0o666);
  return yield asked({ call: 'open', file, flags, perform: (volume) => volume.open(file, flags, bits) });
}

export function* close(fd: number): Operation<void> {
  yield asked({ call: 'close', file: fd, perform: (volume) => volume.close(fd) });
}

/** Up to `length` bytes. */
export function* read(fd: number, length: number, position: number | null): Operation<Buffer> {
  return yield asked({ call: 'read', file: fd, perform: (volume) => volume.read(fd, length, position) });
}

export function* write(fd: number, bytes: Uint8Array, position: number | null): Operation<number> {
  return yield asked({ call: 'write', file: fd, perform: (volume) => volume.write(fd, bytes, position) });
}

export function* fsync(fd: number): Operation<void> {
  yield asked({ call: 'fsync', file: fd, perform: (volume) => volume.fsync(fd, 'fsync') });
}

export function* fdatasync(fd: number): Operation<void> {
  yield asked({ call: 'fdatasync', file: fd, perform: (volume) => volume.fsync(fd, 'fdatasync') });
}

export function* fstat(fd: number): Operation<FileStatus> {
  return yield asked({ call: 'stat', file: fd, perform: (volume) => volume.fstat(fd) });
}

export function* ftruncate(fd: number, length?: number): Operation<void> {
  yield asked({ call: 'truncate', file: fd, perform: (volume) => volume.ftruncate(fd, Math.max(0, length ?? 0)) });
}

export function* fchmod(fd: number, mode: unknown): Operation<void> {
  const bits = modeOf(mode, 0);
  yield asked({ call: 'chmod', file: fd, mode: bits, perform: (volume) => volume.fchmod(fd, bits) });
}

export function* futimes(fd: number, _atime: unknown, mtime: unknown): Operation<void> {
  const time = millisecondsOf(mtime);
  yield asked({ call: 'utimes', file: fd, perform: (volume) => volume.futimes(fd, time) });
}

/** For callers that use only the kind of the file. */
const kindAlone = ({ mode }: FileStatus): number => mode;
const nothing = (): string => '';

export function* stat(path: unknown): Operation<FileStatus> {
  const file = pathOf(path);
  return yield asked({ call: 'stat', file, perform: (volume) => volume.stat(file, 'stat') });
}

export function* lstat(path: unknown): Operation<FileStatus> {
  const file = pathOf(path);
  return yield asked({ call: 'stat', file, perform: (volume) => volume.stat(file, 'lstat') });
}

export function* access(path: unknown): Operation<void> {
  const file = pathOf(path);
  yield asked({ call: 'access', file, seen: nothing, perform: (volume) => volume.stat(file, 'access') });
}

/** Without symlinks, an existing path is its own real path. */
export function* realpath(path: unknown): Operation<string> {
  const file = pathOf(path);
  yield asked({ call: 'readlink', file, seen: nothing, perform: (volume) => volume.stat(file, 'realpath') });
  return resolve(file);
}

/** Node's JavaScript version calls lstat on each ancestor, from the root down. Here that is one step. */
export function* realpathByLinks(path: unknown): Operation<string> {
  const file = resolve(pathOf(path));
  const perform = (volume: Volume): void => {
    for (let cut = 1; cut > 0; ) {
      cut = file.indexOf('/', cut) + 1;
      volume.stat(cut > 0 ? file.slice(0, cut - 1) : file, 'lstat');
    }
  };
  yield asked({ call: 'readlink', file, seen: nothing, perform });
  return file;
}

export function* readlink(path: unknown): Operation<string> {
  const file = pathOf(path);
  yield asked({
    call: 'readlink',
    file,
    perform: (volume) => {
      volume.stat(file, 'readlink');
      throw systemError('EINVAL', 'readlink', file);
    },
  });
  return '';
}

export function* rename(from: unknown, to: unknown): Operation<void> {
  const [file, target] = [pathOf(from), pathOf(to)];
  yield asked({ call: 'rename', file, to: target, perform: (volume) => volume.rename(file, target) });
}

export function* link(from: unknown, to: unknown): Operation<void> {
  const [file, target] = [pathOf(from), pathOf(to)];
  yield asked({ call: 'link', file, to: target, perform: (volume) => volume.link(file, target) });
}

export function* unlink(path: unknown): Operation<void> {
  const file = pathOf(path);
  yield asked({ call: 'unlink', file, perform: (volume) => volume.unlink(file) });
}

export function* chmod(path: unknown, mode: unknown): Operation<void> {
  const file = pathOf(path);
  const bits = modeOf(mode, 0);
  yield asked({ call: 'chmod', file, mode: bits, perform: (volume) => volume.chmod(file, bits) });
}

/** All files belong to the current user; the fake refuses to change that. */
export function* chown(path: unknown, uid: number, gid: number): Operation<void> {
  const file = typeof path === 'number' ? path : pathOf(path);
  const perform = (): void => {
    if (uid !== process.getuid?.() || gid !== process.getgid?.()) throw new Refused('file owners other than the current user');
  };
  yield asked({ call: 'chown', file, perform });
}

export function* utimes(path: unknown, _atime: unknown, mtime: unknown): Operation<void> {
  const file = pathOf(path);
  const time = millisecondsOf(mtime);
  yield asked({ call: 'utimes', file, perform: (volume) => volume.utimes(file, time) });
}

export function* rmdir(path: unknown, options?: { recursive?: boolean }): Operation<void> {
  const file = pathOf(path);
  if (options?.recursive === true) return yield* rm(path, { recursive: true, force: true });
  yield asked({ call: 'rmdir', file, perform: (volume) => volume.rmdir(file) });
}

/** The entries of a directory. */
export function* readdir(path: unknown): Operation<(readonly [name: string, isDirectory: boolean])[]> {
  const file = pathOf(path);
  return yield asked({ call: 'readdir', file, perform: (volume) => volume.readdir(file) });
}

function* mkdirOne(file: string, mode: number): Operation<void> {
  yield asked({ call: 'mkdir', file, mode, perform: (volume) => volume.mkdir(file, mode) });
}

/** With `recursive` it returns the first directory made: it tries the deepest first, goes up to one that can be made, then down again. */
export function* mkdir(path: unknown, options?: unknown): Operation<string | undefined> {
  const { recursive = false, mode } =
    typeof options === 'object' && options !== null ? (options as { recursive?: boolean; mode?: unknown }) : { mode: options };
  const bits = modeOf(mode, 0o777);
  const file = pathOf(path);
  if (!recursive) return yield* mkdirOne(file, bits) as Operation<undefined>;
  const waiting = [resolve(file)];
  let first: string | undefined;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const directory: string = next;
    try {
      yield* mkdirOne(directory, bits);
      first ??= directory;
    } catch (error) {
      if (code(error) === 'ENOENT' && directory !== '/') {
        waiting.push(directory, directory.slice(0, directory.lastIndexOf('/')) || '/');
        continue;
      }
      if (code(error) !== 'EEXIST') throw error;
      const { mode: found }: FileStatus = yield asked({
        call: 'stat',
        file: directory,
        seen: kindAlone,
        perform: (volume) => volume.stat(directory, 'stat'),
      });
      if ((found & constants.S_IFMT) !== constants.S_IFDIR)
        throw systemError(waiting.length > 0 ? 'ENOTDIR' : 'EEXIST', 'mkdir', directory);
    }
  }
  return first;
}

/** `made` is the six random characters. */
export function* mkdtemp(prefix: unknown, made: string): Operation<string> {
  const path = `${pathOf(prefix)}${made}`;
  yield* mkdirOne(path, 0o700);
  return path;
}

export function* readFile(path: unknown, options?: unknown): Operation<string | Buffer> {
  const { encoding, flag } = optionsOf(options);
  const fd: number = typeof path === 'number' ? path : yield* open(path, flag ?? 'r');
  let bytes: Buffer;
  try {
    const { size }: FileStatus = yield asked({ call: 'stat', file: fd, seen: ({ size }) => size, perform: (volume) => volume.fstat(fd) });
    bytes = yield* read(fd, size === 0 ? 8192 : size, null);
  } catch (error) {
    if (typeof path !== 'number') yield* close(fd);
    throw error;
  }
  if (typeof path !== 'number') yield* close(fd);
  return encoding === undefined || encoding === null || encoding === 'buffer' ? bytes : bytes.toString(encoding);
}

export function* writeFile(path: unknown, data: unknown, options?: unknown): Operation<void> {
  const { encoding, flag, mode, flush } = optionsOf(options);
  const bytes = bytesOf(data, encoding);
  const fd: number = typeof path === 'number' ? path : yield* open(path, flag ?? 'w', mode);
  try {
    for (let at = 0; at < bytes.length; at += WRITE_BYTES) yield* write(fd, bytes.subarray(at, at + WRITE_BYTES), null);
    if (flush === true) yield* fsync(fd);
  } finally {
    if (typeof path !== 'number') yield* close(fd);
  }
}

export function* appendFile(path: unknown, data: unknown, options?: unknown): Operation<void> {
  const { flag = 'a', ...others } = optionsOf(options);
  yield* writeFile(path, data, { ...others, flag });
}

export function* truncate(path: unknown, length?: number): Operation<void> {
  const fd = yield* open(path, 'r+');
  try {
    yield* ftruncate(fd, length);
  } finally {
    yield* close(fd);
  }
}

/** As libuv does it: a separate ftruncate empties the target after the open. */
export function* copyFile(from: unknown, to: unknown, mode = 0): Operation<void> {
  if ((mode & COPYFILE_FICLONE_FORCE) !== 0) throw new Refused('clones of files (COPYFILE_FICLONE_FORCE)');
  const [source, target] = [pathOf(from), pathOf(to)];
  const asCopyError = (error: unknown): unknown =>
    error instanceof Refused || code(error) === undefined ? error : systemError(code(error) as string, 'copyfile', source, target);
  const exclusive = (mode & COPYFILE_EXCL) !== 0;
  let input: number | undefined;
  let output: number | undefined;
  try {
    input = yield* open(source, O_RDONLY);
    const sourceStatus = yield* fstat(input);
    output = yield* open(target, O_WRONLY | O_CREAT | (exclusive ? O_EXCL : 0), sourceStatus.mode & 0o7777);
    const targetStatus = yield* fstat(output);
    if (targetStatus.ino !== sourceStatus.ino) {
      if (!exclusive) yield* ftruncate(output, 0);
      yield* fchmod(output, sourceStatus.mode & 0o7777);
      const [reading, writing] = [input, output];
      if (sourceStatus.size > 0)
        yield asked({
          call: 'copy',
          file: writing,
          range: { offset: 0, length: sourceStatus.size },
          perform: (volume) => volume.copy(reading, writing),
        });
    }
  } catch (error) {
    if (input !== undefined) yield* close(input);
    if (output !== undefined) {
      yield* close(output);
      yield* unlink(target);
    }
    throw asCopyError(error);
  }
  yield* close(input);
  yield* close(output);
}

export function* rm(path: unknown, options?: { force?: boolean; recursive?: boolean }): Operation<void> {
  const { force = false, recursive = false } = options ?? {};
  const file = pathOf(path);
  try {
    const { mode }: FileStatus = yield asked({ call: 'stat', file, seen: kindAlone, perform: (volume) => volume.stat(file, 'lstat') });
    if ((mode & constants.S_IFMT) !== constants.S_IFDIR) return yield* unlink(file);
    if (!recursive)
      throw Object.assign(new Error(`Path is a directory: rm returned EISDIR (is a directory) ${file}`), {
        code: 'ERR_FS_EISDIR',
        errno: 21,
        syscall: 'rm',
        path: file,
      });
    for (const [name] of yield* readdir(file)) yield* rm(join(file, name), options);
    yield* rmdir(file);
  } catch (error) {
    if (!force || code(error) !== 'ENOENT') throw error;
  }
}

/** `time` as utimes accepts it: seconds since the epoch, or a Date. */
function millisecondsOf(time: unknown): number {
  if (typeof time === 'object' && time !== null) return Number(time);
  return Number(time) * 1000;
}
