/**
 * Carries out the promise functions of node:fs at once, on the calling thread, and not on a thread of Node's pool.
 *
 * A process that recovers thousands of trees spends most of its time on the way to that pool and back. What a call does, returns and throws
 * is the same. What differs is when: its promise is settled already when the store gets it. So `recover/answer-kinds.ts` compares what is
 * found this way with what is found by Node's own functions.
 *
 * Left to Node: opening and closing a file handle, calls with a signal, and whatever has no synchronous twin.
 */
import fs from 'node:fs';
import { devNull } from 'node:os';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type Functions = { [name: string]: AnyFunction };

/** Functions of `fs.promises` whose first argument is a path. */
const ON_PATHS = [
  'access',
  'appendFile',
  'chmod',
  'copyFile',
  'link',
  'lstat',
  'lutimes',
  'mkdir',
  'mkdtemp',
  'readFile',
  'readdir',
  'readlink',
  'realpath',
  'rename',
  'rmdir',
  'stat',
  'symlink',
  'truncate',
  'unlink',
  'utimes',
  'writeFile',
] as const;

/** Functions of a file handle, and what they are called in `fs` with a descriptor. */
const ON_HANDLES = {
  appendFile: 'appendFile',
  chmod: 'fchmod',
  datasync: 'fdatasync',
  readFile: 'readFile',
  stat: 'fstat',
  sync: 'fsync',
  truncate: 'ftruncate',
  utimes: 'futimes',
  writeFile: 'writeFile',
} as const;

/** After so many calls one waits for a turn of the event loop, so that timers and messages get theirs. */
const CALLS_PER_TURN = 64;

const nodesSetImmediate = setImmediate; // the store may replace it
const sync = fs as unknown as Functions;
let areAtOnce = false;
let calls = 0;
let installed: Promise<void> | undefined;

/** From now on these calls are carried out at once, or by Node again. */
export async function setCallsAtOnce(atOnce: boolean): Promise<void> {
  if (atOnce) {
    installed ??= install();
    await installed;
  }
  areAtOnce = atOnce;
}

/** How many calls were carried out at once so far. */
export const callsAtOnce = (): number => calls;

async function install(): Promise<void> {
  const promises = fs.promises as unknown as Functions;
  for (const name of ON_PATHS) replace(promises, name, atOnce(twinOf(name)));
  const handle = await fs.promises.open(devNull);
  const prototype = Object.getPrototypeOf(handle) as Functions;
  await handle.close();
  for (const [name, twin] of Object.entries(ON_HANDLES)) replace(prototype, name, atOnceOnHandle(twinOf(twin)));
  replace(prototype, 'read', transfer(twinOf('read'), 'bytesRead'));
  replace(prototype, 'write', transfer(twinOf('write'), 'bytesWritten'));
}

/** `fs.promises.realpath` asks the system; of the synchronous ones only `native` does. */
const twinOf = (name: string): AnyFunction =>
  name === 'realpath' ? (fs.realpathSync.native as AnyFunction) : (sync[`${name}Sync`] ?? refuse);

const refuse = (): never => {
  throw new Error('node:fs has no such function');
};

/** `instead` returns undefined where Node's own function is to be called. */
function replace(owner: Functions, name: string, instead: (self: unknown, args: readonly unknown[]) => (() => unknown) | undefined): void {
  const nodes = owner[name];
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  if (nodes === undefined || descriptor?.configurable !== true) return;
  const value = function (this: unknown, ...args: unknown[]): unknown {
    const call = areAtOnce ? instead(this, args) : undefined;
    return call === undefined ? Reflect.apply(nodes, this, args) : settled(call);
  };
  Object.defineProperty(owner, name, { ...descriptor, value });
}

async function settled(call: () => unknown): Promise<unknown> {
  calls += 1;
  if (calls % CALLS_PER_TURN === 0) await new Promise<void>((resolve) => void nodesSetImmediate(resolve));
  return call();
}

const atOnce =
  (twin: AnyFunction) =>
  (_self: unknown, args: readonly unknown[]): (() => unknown) | undefined =>
    isOnPath(args) ? () => twin(...args) : undefined;

const atOnceOnHandle =
  (twin: AnyFunction) =>
  (handle: unknown, args: readonly unknown[]): (() => unknown) | undefined => {
    const descriptor = descriptorOf(handle);
    return descriptor === undefined || !isPlain(args) ? undefined : () => twin(descriptor, ...args);
  };

/** `read` and `write` of a handle return the number of bytes, and the buffer. */
const transfer =
  (twin: AnyFunction, count: 'bytesRead' | 'bytesWritten') =>
  (handle: unknown, args: readonly unknown[]): (() => unknown) | undefined => {
    const descriptor = descriptorOf(handle);
    const [buffer, ...rest] = args;
    if (descriptor === undefined || !isBytes(buffer)) return undefined;
    return () => ({ [count]: twin(descriptor, buffer, ...rest), buffer });
  };

/** Undefined of a handle that is closed. */
function descriptorOf(handle: unknown): number | undefined {
  const { fd } = handle as { readonly fd: number };
  return fd < 0 ? undefined : fd;
}

const isBytes = (value: unknown): boolean => typeof value === 'string' || ArrayBuffer.isView(value);

const isOnPath = (args: readonly unknown[]): boolean => (isBytes(args[0]) || args[0] instanceof URL) && isPlain(args.slice(1));

/** Only numbers, texts, bytes, dates, and options without a signal: no streams, and nothing that is iterated. */
const isPlain = (args: readonly unknown[]): boolean =>
  args.every((arg) => {
    if (typeof arg !== 'object' || arg === null || isBytes(arg) || arg instanceof URL || arg instanceof Date)
      return typeof arg !== 'function';
    return Object.getPrototypeOf(arg) === Object.prototype && !('signal' in arg);
  });
