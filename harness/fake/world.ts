/**
 * One world: a directory in memory and the tasks that work on it, with nothing in it that chance or a clock decides.
 *
 * A task asks for system calls. A call of a synchronous function happens at once, as nothing can come between; any other waits at the gate
 * until it is let through, and it is the effect that waits, not its answer. What a task can observe besides the directory is its own: its
 * clock moves on with what it does, and its random numbers are the same in every order of tasks.
 */
import { createHash } from 'node:crypto';
import type { Actor } from './directory.ts';
import type { FileStatus } from './inode.ts';
import { Interner } from './interner.ts';
import type { Operation, Syscall } from './syscall.ts';
import { Refused } from './system-error.ts';
import type { Volume } from './volume.ts';

/** Each has numbers of its own for what it makes. */
const NUMBERS_PER_TASK = 1_000_000;

/** As Node calls what goes on in its threads. */
const OUTSIDE = /^(Zlib|Brotli|RandomBytes|PBKDF2|Scrypt|Sign|Cipher|Hash|Hkdf|KeyGen)/i;

export type Settle<Result> = (error: unknown, value: Result) => void;

interface Asked {
  readonly syscall: Syscall<unknown>;
  readonly settle: Settle<never>;
}

export interface Timer {
  readonly caller: Caller;
  /** By its caller's clock, in ms. */
  due: number;
  readonly every: number | undefined;
  readonly fire: () => void;
  /** Changes to the directory that others had made when it was set. */
  othersChanges: number;
}

/** Something that makes calls: a task, or what comes before and after the tasks. */
export interface Caller extends Actor {
  readonly number: number;
  /** Its calls happen at once. */
  free: boolean;
  /** System calls that wait at the gate, in the order in which they were asked for. */
  readonly waiting: Asked[];
  /** What it has observed so far, as a number: see `World.observe`. */
  observed: number;
  elapsedMs: number;
  made: number;
  /** Changes that it made to the directory. */
  changes: number;
  readonly random: () => number;
}

/** What is told of each system call, once it has happened. */
export interface Happened {
  readonly caller: Caller;
  readonly syscall: Syscall<unknown>;
  /** The path that it was about, where somebody wants to know. */
  readonly path: string;
  readonly error: string | undefined;
  readonly changed: boolean;
}

export class World {
  readonly timers = new Set<Timer>();
  /** Who was let go on last. */
  acting: Caller | undefined;
  /** What the fake does not have and was asked for. */
  refused: string | undefined;
  /** Callbacks of `process.nextTick` and `setImmediate` that have yet to be called. */
  ticks = 0;
  /** Those of them that were called. */
  ticked = 0;
  readonly immediates: (() => void)[] = [];
  /** Node's own streams wait in ways that only a turn of the event loop outlasts. */
  slow = false;
  onHappened: (happened: Happened) => void = () => {};
  /** Whether it is noted what tasks observe. */
  observes = true;
  /** Whether somebody wants to know the paths of what is open. */
  tellsPaths = false;
  #changesByAll = 0;

  /** `now` in ms since the epoch: where all clocks start. */
  constructor(
    readonly volume: Volume,
    readonly now: number,
    readonly observations = new Interner(),
  ) {}

  /** Forgets all that went on. What still waits will never happen. */
  reset(): void {
    this.timers.clear();
    this.acting = undefined;
    this.immediates.length = 0;
    this.ticks = 0;
    this.refused = undefined;
    this.#changesByAll = 0;
  }

  newCaller(number: number, free: boolean): Caller {
    let seed = (number + 1) * 0x9e3779b9;
    const random = (): number => {
      seed = (seed + 0x6d2b79f5) | 0; // mulberry32
      let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
      return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
    };
    const newNumber = (): number => {
      caller.made += 1;
      return (number + 2) * NUMBERS_PER_TASK + caller.made;
    };
    const caller: Caller = {
      number,
      free,
      waiting: [],
      observed: 0,
      elapsedMs: 0,
      made: 0,
      changes: 0,
      random,
      now: () => this.now + caller.elapsedMs,
      newInode: () => newNumber(),
      newDescriptor: () => newNumber(),
    };
    return caller;
  }

  /** Ends the run as not measured, whatever the store makes of the error. */
  refuse(what: string): never {
    const refused = new Refused(what);
    this.refused ??= refused.message;
    throw refused;
  }

  /** All of it at once. */
  carryOut<Result>(caller: Caller, operation: Operation<Result>): Result {
    let next = operation.next();
    while (next.done !== true) {
      let value: unknown;
      try {
        value = this.perform(caller, next.value);
      } catch (error) {
        next = operation.throw(error);
        continue;
      }
      next = operation.next(value);
    }
    return next.value;
  }

  /** One system call after the other, each when it is let through. `settle` may be called before this returns. */
  ask<Result>(caller: Caller, operation: Operation<Result>, settle: Settle<Result>): void {
    const goOn = (error: unknown, value: unknown): void => {
      let next: IteratorResult<Syscall<unknown>, Result>;
      try {
        next = error === undefined ? operation.next(value) : operation.throw(error);
      } catch (failure) {
        settle(failure, undefined as Result); // never looked at beside an error
        return;
      }
      if (next.done === true) settle(undefined, next.value);
      else if (caller.free) this.#letThrough(caller, { syscall: next.value, settle: goOn });
      else caller.waiting.push({ syscall: next.value, settle: goOn });
    };
    goOn(undefined, undefined);
  }

  /** The call that has waited longest happens now. */
  letThrough(caller: Caller): void {
    const asked = caller.waiting.shift();
    if (asked !== undefined) this.#letThrough(caller, asked);
  }

  #letThrough(caller: Caller, { syscall, settle }: Asked): void {
    this.acting = caller;
    let value: unknown;
    try {
      value = this.perform(caller, syscall);
    } catch (error) {
      settle(error, undefined as never);
      return;
    }
    settle(undefined, value as never); // it was asked for by an operation that expects just this
  }

  perform<Result>(caller: Caller, syscall: Syscall<Result>): Result {
    const { volume } = this;
    const before = volume.changes;
    const path = typeof syscall.file === 'string' ? syscall.file : this.tellsPaths ? volume.pathOf(syscall.file) : '';
    volume.actor = caller;
    caller.elapsedMs += 1;
    let error: string | undefined;
    let seen = '';
    try {
      const value = syscall.perform(volume);
      if (this.observes && !caller.free) seen = syscall.seen === undefined ? inWords(value, syscall.call) : String(syscall.seen(value));
      return value;
    } catch (failure) {
      if (failure instanceof Refused) this.refused ??= failure.message;
      error = (failure as NodeJS.ErrnoException).code ?? String(failure);
      seen = error;
      throw failure;
    } finally {
      const changed = volume.changes !== before;
      if (changed) {
        caller.changes += 1;
        this.#changesByAll += 1;
      }
      if (this.observes && !caller.free)
        this.observe(caller, `${syscall.call} ${typeof syscall.file === 'number' ? '' : syscall.file} ${seen}`);
      this.onHappened({ caller, syscall, path, error, changed });
    }
  }

  /** What a task does next follows from what it has observed, all of which is in this one number. */
  observe(caller: Caller, what: string): void {
    if (!this.observes) return;
    caller.observed = this.observations.number(`${caller.observed} ${what}`);
  }

  setTimer(caller: Caller, delayMs: number, repeats: boolean, fire: () => void): Timer {
    const delay = Number.isFinite(delayMs) && delayMs >= 1 ? Math.trunc(delayMs) : 1;
    const othersChanges = this.#othersChanges(caller);
    const timer: Timer = { caller, due: caller.elapsedMs + delay, every: repeats ? delay : undefined, fire, othersChanges };
    this.timers.add(timer);
    return timer;
  }

  /** The caller's timer that is due first. */
  firstTimer(caller?: Caller): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers)
      if ((caller === undefined || timer.caller === caller) && (first === undefined || timer.due < first.due)) first = timer;
    return first;
  }

  /** Whether others have changed the directory since a timer was set: what its task waits for may have come. */
  isWorthALook(timer: Timer): boolean {
    return this.#othersChanges(timer.caller) !== timer.othersChanges;
  }

  fire(timer: Timer): void {
    const { caller } = timer;
    caller.elapsedMs = Math.max(caller.elapsedMs, timer.due);
    this.observe(caller, 'timer');
    if (timer.every === undefined) this.timers.delete(timer);
    else {
      timer.due = caller.elapsedMs + timer.every;
      timer.othersChanges = this.#othersChanges(caller);
    }
    timer.fire();
  }

  /** Resolves when everything that was set off has been done, and all tasks wait: for the gate, a timer, or each other. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      let called = this.ticked;
      const look = (): void => {
        if (this.immediates.length > 0) for (const call of this.immediates.splice(0)) call();
        else if (this.ticks === 0 && this.ticked === called) {
          resolve();
          return;
        }
        wait();
      };
      // Ticks are called when no microtask is left; one that is asked for by a microtask comes after all of them. But ticks are called one
      // after the other: what those before it set off has not been done yet.
      const wait = (): void => {
        called = this.ticked;
        if (this.slow) setImmediate(look);
        else queueMicrotask(() => process.nextTick(look));
      };
      wait();
    });
  }

  /** Waits for what Node does in other threads (compression, hashes). False if there is no such thing to wait for. */
  async waitOutside(): Promise<boolean> {
    const isBusy = (): boolean => process.getActiveResourcesInfo().some((resource) => OUTSIDE.test(resource));
    if (!isBusy()) return false;
    while (isBusy()) await new Promise(setImmediate);
    return true;
  }

  #othersChanges(caller: Caller): number {
    return this.#changesByAll - caller.changes;
  }
}

/** A result as a task sees it. The number of a descriptor means nothing. */
function inWords(value: unknown, call: string): string {
  if (call === 'open' || value === undefined) return '';
  if (Buffer.isBuffer(value)) return value.length <= 64 ? value.toString('latin1') : createHash('sha1').update(value).digest('base64');
  if (typeof value === 'object') return Array.isArray(value) ? value.join() : statusInWords(value as FileStatus);
  return String(value);
}

const statusInWords = ({ ino, mode, nlink, size, mtimeMs, ctimeMs }: FileStatus): string =>
  `${ino} ${mode} ${nlink} ${size} ${mtimeMs} ${ctimeMs}`;
