/** Watches what the import of a store does, to decide whether processes can share it. */
import { createHook } from 'node:async_hooks';
import crypto from 'node:crypto';
import fs from 'node:fs';
import type { NotForkedCode } from '../protocol/fork-server.ts';
import { fsBinding, reportCalls } from './report-calls.ts';

export interface Imported {
  /** Why no process may share it; undefined if processes may. */
  readonly refused?: NotForkedCode;
  /** It read a clock, chance or the process id, or ran a program, which may have. */
  readonly unique: boolean;
}

/** Runs programs and waits for them; the other way to run a program shows as an async resource. */
const spawnSyncBinding = (process as unknown as { binding(name: string): object }).binding('spawn_sync');

type AnyFunction = (...args: unknown[]) => unknown;

/** Functions of `fsBinding` that change something. */
const CHANGES =
  /^(?:chmod|chown|copyFile|cpSync|fchmod|fchown|lchown|link|lutimes|futimes|utimes|mkdir|mkdtemp|rename|rm|rmdir|rmSync|symlink|ftruncate|unlink|write)/;
/** Async resources that an import may make: promises, and calls of fs that are over when it is. */
const HARMLESS = /^(?:PROMISE|TickObject|Microtask|FSREQ|FILEHANDLE|RANDOMBYTESREQUEST)/;
const OPENS = /^open(?:FileHandle)?$/;
const READS = /^(?:open|openFileHandle|readFileUtf8|readlink)$/;
/** Files that are different in each process, or each time. */
const UNIQUE_FILES = /^\/(?:proc|dev)\//;
const WRITE_FLAGS = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT;
const CHANCE = ['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID', 'getRandomValues', 'pseudoRandomBytes'] as const;

/** Rejects if the import does. */
export async function watchImport(evaluate: () => Promise<unknown>): Promise<Imported> {
  const before = { threads: threads(), descriptors: descriptors(), resources: process.getActiveResourcesInfo().length };
  let [unique, writes, works] = [false, false, false];
  const hook = createHook({
    init: (_id, type) => {
      works ||= !HARMLESS.test(type);
    },
  }).enable();
  const restore = [
    reportCalls(Date, ['now'], () => (unique = true)),
    reportCalls(performance, ['now'], () => (unique = true)),
    reportCalls(process.hrtime, ['bigint'], () => (unique = true)),
    reportCalls(process, ['hrtime', 'uptime'], () => (unique = true)),
    watchChance(() => (unique = true)),
    reportCalls(crypto, CHANCE, () => (unique = true)),
    reportCalls(crypto.webcrypto, ['getRandomValues', 'randomUUID'], () => (unique = true)),
    reportCalls(spawnSyncBinding, ['spawn'], () => (unique = true)),
    reportCalls(fsBinding, namesIn(fsBinding, READS), (path) => (unique ||= UNIQUE_FILES.test(String(path)))),
    reportCalls(fsBinding, namesIn(fsBinding, CHANGES), () => (writes = true)),
    reportCalls(
      fsBinding,
      namesIn(fsBinding, OPENS),
      (_path, flags) => (writes ||= typeof flags !== 'number' || (flags & WRITE_FLAGS) !== 0),
    ),
    watchDate(() => (unique = true)),
    watchPids(() => (unique = true)),
  ];
  try {
    await evaluate();
  } finally {
    hook.disable();
    for (const undo of restore.reverse()) undo();
  }
  const refused = (): NotForkedCode | undefined => {
    if (writes) return 75;
    if (threads() > before.threads) return 72;
    if (descriptors() > before.descriptors) return 73;
    return works || process.getActiveResourcesInfo().length > before.resources ? 74 : undefined;
  };
  const code = refused();
  return { unique, ...(code !== undefined && { refused: code }) };
}

const namesIn = (owner: object, pattern: RegExp): string[] => Object.keys(owner).filter((name) => pattern.test(name));

function watchDate(note: () => void): () => void {
  const Original = globalThis.Date;
  const watched = new Proxy(Original, {
    construct: (target, args, newTarget) => {
      if (args.length === 0) note();
      return Reflect.construct(target, args, newTarget) as object;
    },
    apply: (target, self, args) => {
      note();
      return Reflect.apply(target as unknown as AnyFunction, self, args);
    },
  });
  globalThis.Date = watched;
  return () => {
    globalThis.Date = Original;
  };
}

function watchPids(note: () => void): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(process, 'pid');
  const { pid } = process;
  if (descriptor?.configurable !== true) return () => {};
  const get = (): number => {
    note();
    return pid;
  };
  Object.defineProperty(process, 'pid', { get, configurable: true, enumerable: true });
  return () => Object.defineProperty(process, 'pid', descriptor);
}

const { random } = Math;
let chance = random;
let isReplaced = false;

/** Once, before there is a store, which may keep the function or replace it. */
function replaceRandom(): void {
  if (!isReplaced) Math.random = { random: () => chance() }.random;
  isReplaced = true;
}

/** What replaces `Math.random` stays in place: see `useOwnChance`. */
function watchChance(note: () => void): () => void {
  chance = () => {
    note();
    return random();
  };
  replaceRandom();
  return () => {
    chance = random;
  };
}

/** Gives this process random numbers of its own: those of V8 would be the same in each child. */
export function useOwnChance(): void {
  const words = new Uint32Array(2);
  chance = () => {
    crypto.getRandomValues(words);
    return ((words[0] ?? 0) * 2 ** 21 + ((words[1] ?? 0) >>> 11)) / 2 ** 53;
  };
  replaceRandom();
}

const threads = (): number => fs.readdirSync('/proc/self/task').length;
const descriptors = (): number => fs.readdirSync('/proc/self/fd').length;
