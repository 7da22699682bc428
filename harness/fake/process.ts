/**
 * The environment of a store in the fake: modules, globals and `process`, with a deterministic clock and randomness.
 * A module that reaches outside of the process is refused by name when one of its functions is called.
 */
import crypto from 'node:crypto';
import { createRequire, isBuiltin } from 'node:module';
import type { Callers } from './callers.ts';
import { type FakeModule, fakeFs } from './node-fs.ts';
import { systemError } from './system-error.ts';
import type { Caller, Timer, World } from './world.ts';

/** Functions of `process` that would act on the process of the harness. */
const OUT_OF_REACH = ['exit', 'abort', 'reallyExit', 'chdir', 'binding'] as const;
/** Modules whose functions have no effect outside of the process. */
const HARMLESS = new Set(
  'assert assert/strict async_hooks buffer constants diagnostics_channel events os path path/posix path/win32 perf_hooks punycode querystring stream stream/promises string_decoder url util util/types v8 vm zlib'.split(
    ' ',
  ),
);
/** Streams and zlib need turns of the event loop. */
const TAKES_TURNS = /^(stream|zlib)/;
const require = createRequire(process.execPath);

// biome-ignore lint/suspicious/noExplicitAny: the functions of Node take anything.
type Arguments = any[];

export interface FakeProcess {
  readonly pid: number;
  /** Returns a module, as `require` does. */
  readonly modules: (id: string) => unknown;
  /** By name: they replace the real globals in the code of a bundle. */
  readonly globals: { readonly [name: string]: unknown };
}

/** `isAlive` says whether a pid is that of a live process in the world. */
export function fakeProcess(world: World, callers: Callers, pid: number, isAlive: (pid: number) => boolean): FakeProcess {
  const process = processOf(world, callers, pid, isAlive);
  const timers = timersOf(world, callers);
  const randomness = randomnessOf(callers);
  const { fs, promises } = fakeFs(world, callers);
  const performance = { now: () => callers.caller().elapsedMs, timeOrigin: world.now, mark: () => {}, measure: () => {} };
  const fakes: { readonly [id: string]: unknown } = {
    fs,
    'fs/promises': promises,
    process,
    crypto: { ...crypto, ...randomness },
    timers: { ...timers, promises: timers.promises },
    'timers/promises': timers.promises,
    perf_hooks: { ...require('node:perf_hooks'), performance },
    worker_threads: {
      ...refusing(world, 'worker_threads', require('node:worker_threads') as object),
      isMainThread: true,
      threadId: 0,
      parentPort: null,
      workerData: null,
    },
  };
  const known = new Map(Object.entries(fakes));
  const modules = (id: string): unknown => {
    const name = id.replace(/^node:/, '');
    if (TAKES_TURNS.test(name)) world.slow = true;
    const found =
      known.get(name) ??
      (HARMLESS.has(name) ? require(name) : isBuiltin(name) ? refusing(world, name, require(name) as object) : undefined);
    if (found === undefined) return world.refuse(`the package ${id}, which could not be bundled`);
    known.set(name, found);
    return found;
  };
  const { promises: _, ...timerFunctions } = timers;
  const math = Object.create(Math, { random: { value: () => callers.caller().random() } });
  const microtask = (call: () => void): void => {
    const owner = callers.caller();
    queueMicrotask(() => callers.as(owner, call));
  };
  const globals = {
    process,
    queueMicrotask: microtask,
    ...timerFunctions,
    Date: dateOf(callers),
    Math: math,
    performance,
    crypto: { ...webCrypto(), ...randomness },
  };
  return { pid, modules, globals };
}

function processOf(world: World, { caller, as }: Callers, pid: number, isAlive: (pid: number) => boolean): object {
  const nothing = function (this: unknown): unknown {
    return this;
  };
  const hrtime = (before?: [number, number]): [number, number] => {
    const ms = caller().elapsedMs;
    const now = [Math.floor(ms / 1000), (ms % 1000) * 1e6] as const;
    return before === undefined ? [...now] : [now[0] - before[0], now[1] - before[1]];
  };
  const own = {
    pid,
    ppid: 1,
    on: nothing,
    once: nothing,
    off: nothing,
    addListener: nothing,
    removeListener: nothing,
    removeAllListeners: nothing,
    prependListener: nothing,
    prependOnceListener: nothing,
    emit: () => false,
    emitWarning: () => {},
    umask: () => world.volume.umask,
    uptime: () => caller().elapsedMs / 1000,
    hrtime: Object.assign(hrtime, { bigint: () => BigInt(caller().elapsedMs) * 1_000_000n }),
    nextTick: (call: (...args: Arguments) => void, ...args: Arguments) => {
      const owner = caller();
      world.ticks += 1;
      process.nextTick(() => {
        world.ticks -= 1;
        world.ticked += 1;
        as(owner, () => call(...args));
      });
    },
    kill: (other: number, signal?: string | number) => {
      if (signal !== 0) world.refuse(`process.kill with ${signal ?? 'SIGTERM'}`);
      if (!isAlive(other)) throw systemError('ESRCH', 'kill');
      return true;
    },
    dlopen: refuse(world, 'native addons'),
    ...Object.fromEntries(OUT_OF_REACH.map((name) => [name, refuse(world, `process.${name}`)])),
  };
  return Object.create(process, Object.getOwnPropertyDescriptors(own)) as object;
}

function timersOf(world: World, { caller: callerNow, as }: Callers): FakeModule {
  class Timeout {
    #timer: Timer;
    constructor(timer: Timer) {
      this.#timer = timer;
    }
    ref(): this {
      return this;
    }
    unref(): this {
      return this;
    }
    hasRef(): boolean {
      return true;
    }
    refresh(): this {
      const { caller, fire, every } = this.#timer;
      const delay = this.#timer.due - caller.elapsedMs;
      world.timers.delete(this.#timer);
      this.#timer = world.setTimer(caller, delay, every !== undefined, fire);
      return this;
    }
    close(): void {
      world.timers.delete(this.#timer);
    }
    [Symbol.toPrimitive](): number {
      return this.#timer.due;
    }
  }
  const set =
    (repeats: boolean) =>
    (call: (...args: Arguments) => void, ms?: number, ...args: Arguments) =>
      newTimeout(callerNow(), repeats, ms, () => call(...args));
  const newTimeout = (caller: Caller, repeats: boolean, ms: unknown, call: () => void): Timeout =>
    new Timeout(world.setTimer(caller, Number(ms), repeats, () => as(caller, call)));
  const clear = (timer: unknown): void => {
    if (timer instanceof Timeout) timer.close();
  };
  const setImmediate = (call: (...args: Arguments) => void, ...args: Arguments): object => {
    const caller = callerNow();
    const immediate = { cleared: false, ref: () => immediate, unref: () => immediate, hasRef: () => true };
    world.immediates.push(() => {
      if (!immediate.cleared) as(caller, () => call(...args));
    });
    return immediate;
  };
  const clearImmediate = (immediate: unknown): void => {
    if (typeof immediate === 'object' && immediate !== null) Object.assign(immediate, { cleared: true });
  };
  const pause = (ms?: number, value?: unknown, options?: { signal?: AbortSignal }): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const timer = world.setTimer(callerNow(), Number(ms), false, () => resolve(value));
      options?.signal?.addEventListener('abort', () => {
        world.timers.delete(timer);
        reject(options.signal?.reason);
      });
    });
  const promises = {
    setTimeout: pause,
    setImmediate: (value?: unknown) => new Promise((resolve) => setImmediate(resolve, value)),
    setInterval: refuse(world, 'timers/promises.setInterval'),
    scheduler: { wait: pause, yield: () => new Promise((resolve) => setImmediate(resolve)) },
  };
  return {
    setTimeout: set(false),
    clearTimeout: clear,
    setInterval: set(true),
    clearInterval: clear,
    setImmediate,
    clearImmediate,
    promises,
  };
}

/** Random numbers that are the same in every run. A UUID contains the task's number, so two tasks never make the same one. */
function randomnessOf({ caller: callerNow, as }: Callers): FakeModule {
  const fill = <Bytes extends NodeJS.ArrayBufferView>(view: Bytes): Bytes => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const { random } = callerNow();
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = Math.floor(random() * 256);
    return view;
  };
  const later = (callback: unknown, value: unknown): unknown => {
    if (typeof callback !== 'function') return value;
    const caller = callerNow();
    queueMicrotask(() => as(caller, () => callback(null, value)));
    return undefined;
  };
  const int = (low: number, high: number): number => low + Math.floor(callerNow().random() * (high - low));
  return {
    randomUUID: (): string => {
      const hex = Buffer.from(fill(new Uint8Array(10))).toString('hex');
      const task = (callerNow().number + 2).toString(16).padStart(8, '0');
      return `${task}-${hex.slice(0, 4)}-4${hex.slice(4, 7)}-8${hex.slice(7, 10)}-${hex.slice(8, 20)}`;
    },
    randomBytes: (size: number, callback?: unknown) => later(callback, fill(Buffer.alloc(size))),
    pseudoRandomBytes: (size: number, callback?: unknown) => later(callback, fill(Buffer.alloc(size))),
    randomFillSync: fill,
    randomFill: (view: NodeJS.ArrayBufferView, callback: unknown) => later(callback, fill(view)),
    getRandomValues: fill,
    randomInt: (...args: Arguments) => {
      const callback = typeof args.at(-1) === 'function' ? args.pop() : undefined;
      return later(callback, args.length === 1 ? int(0, args[0]) : int(args[0], args[1]));
    },
  };
}

const webCrypto = (): object => ({ subtle: globalThis.crypto.subtle });

function dateOf({ caller }: Callers): DateConstructor {
  const now = (): number => caller().now();
  return new Proxy(Date, {
    construct: (_, args, target) => Reflect.construct(Date, args.length === 0 ? [now()] : args, target) as object,
    get: (_, name) => (name === 'now' ? now : Reflect.get(Date, name)),
    apply: () => new Date(now()).toString(),
  });
}

const refuse = (world: World, what: string) => (): never => world.refuse(what);

/** A module whose members can be read, but whose functions are refused when called. */
function refusing(world: World, name: string, module: object): object {
  const entries = Object.entries(module).map(([key, value]) => [
    key,
    typeof value === 'function' && !/^[A-Z]/.test(key) ? refuse(world, `${name}.${key}`) : value,
  ]);
  return { ...Object.fromEntries(entries), default: undefined };
}
