/** What `fs.promises.open` resolves to. */
import { resolve } from 'node:path';
import * as operations from './operations.ts';
import type { Operation } from './syscall.ts';
import { Refused, systemError } from './system-error.ts';

// biome-ignore lint/suspicious/noExplicitAny: as in node-fs.ts.
type Arguments = any[];

/** What a handle needs of node-fs.ts. */
interface FileCalls {
  readonly later: <Result>(operation: Operation<Result>) => Promise<Result>;
  readonly readInto: (fd: number, buffer: NodeJS.ArrayBufferView, ...rest: Arguments) => Operation<number>;
  readonly writeFrom: (fd: number, data: unknown, ...rest: Arguments) => Operation<number>;
  readonly readMany: (fd: number, buffers: readonly NodeJS.ArrayBufferView[], position?: unknown) => Operation<number>;
  readonly writeMany: (fd: number, buffers: readonly NodeJS.ArrayBufferView[], position?: unknown) => Operation<number>;
  readonly withStats: (status: ReturnType<typeof operations.fstat>, options?: { bigint?: boolean }) => Operation<unknown>;
}

const READ_BYTES = 16 << 10;

export class FileHandle {
  #fd: number;
  readonly #calls: FileCalls;
  readonly #path: string;

  constructor(fd: number, path: unknown, calls: FileCalls) {
    this.#fd = fd;
    this.#path = resolve(String(path));
    this.#calls = calls;
  }

  /** -1 once it is closed. */
  get fd(): number {
    return this.#fd;
  }

  async #do<Result>(syscall: string, make: (fd: number) => Operation<Result>): Promise<Result> {
    if (this.#fd < 0) throw Object.assign(systemError('EBADF', syscall), { message: 'file closed' });
    return this.#calls.later(make(this.#fd));
  }

  async close(): Promise<void> {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    await this.#calls.later(operations.close(fd));
  }

  async read(...args: Arguments): Promise<{ bytesRead: number; buffer: NodeJS.ArrayBufferView }> {
    const [first, ...rest] = args;
    const given = ArrayBuffer.isView(first)
      ? { buffer: first, rest }
      : { buffer: first?.buffer ?? Buffer.alloc(READ_BYTES), rest: [first ?? {}] };
    return { bytesRead: await this.#do('read', (fd) => this.#calls.readInto(fd, given.buffer, ...given.rest)), buffer: given.buffer };
  }

  async write(data: unknown, ...rest: Arguments): Promise<{ bytesWritten: number; buffer: unknown }> {
    return { bytesWritten: await this.#do('write', (fd) => this.#calls.writeFrom(fd, data, ...rest)), buffer: data };
  }

  async readv(buffers: NodeJS.ArrayBufferView[], position?: unknown): Promise<{ bytesRead: number; buffers: NodeJS.ArrayBufferView[] }> {
    return { bytesRead: await this.#do('read', (fd) => this.#calls.readMany(fd, buffers, position)), buffers };
  }

  async writev(
    buffers: NodeJS.ArrayBufferView[],
    position?: unknown,
  ): Promise<{ bytesWritten: number; buffers: NodeJS.ArrayBufferView[] }> {
    return { bytesWritten: await this.#do('write', (fd) => this.#calls.writeMany(fd, buffers, position)), buffers };
  }

  readFile(options?: unknown): Promise<string | Buffer> {
    return this.#do('read', (fd) => operations.readFile(fd, options));
  }

  writeFile(data: unknown, options?: unknown): Promise<void> {
    return this.#do('write', (fd) => operations.writeFile(fd, data, options));
  }

  appendFile(data: unknown, options?: unknown): Promise<void> {
    return this.writeFile(data, options);
  }

  sync(): Promise<void> {
    return this.#do('fsync', operations.fsync);
  }

  datasync(): Promise<void> {
    return this.#do('fdatasync', operations.fdatasync);
  }

  truncate(length?: number): Promise<void> {
    return this.#do('ftruncate', (fd) => operations.ftruncate(fd, length));
  }

  chmod(mode: unknown): Promise<void> {
    return this.#do('fchmod', (fd) => operations.fchmod(fd, mode));
  }

  chown(uid: number, gid: number): Promise<void> {
    return this.#do('fchown', (fd) => operations.chown(fd, uid, gid));
  }

  utimes(atime: unknown, mtime: unknown): Promise<void> {
    return this.#do('futime', (fd) => operations.futimes(fd, atime, mtime));
  }

  stat(options?: { bigint?: boolean }): Promise<unknown> {
    return this.#do('fstat', (fd) => this.#calls.withStats(operations.fstat(fd), options));
  }

  createReadStream(): never {
    throw new Refused(`FileHandle.createReadStream, of ${this.#path}`);
  }

  createWriteStream(): never {
    throw new Refused(`FileHandle.createWriteStream, of ${this.#path}`);
  }

  readLines(): never {
    throw new Refused(`FileHandle.readLines, of ${this.#path}`);
  }

  readableWebStream(): never {
    throw new Refused(`FileHandle.readableWebStream, of ${this.#path}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
