/**
 * One world: a directory in memory and the tasks that work on it, without any nondeterminism.
 *
 * A task requests system calls. A call of a synchronous function happens at once, as no other call can come between; any other call waits
 * at the gate until it is let through. The effect waits, not only its result. Apart from the directory, tasks share no observable state:
 * the clock of a task advances only with its own calls, and its random numbers are the same in every schedule.
 */
import { createHash } from 'node:crypto';
import type { Actor } from './directory.ts';
import type { FileStatus } from './inode.ts';
import { Interner } from './interner.ts';
import type { Operation, Syscall } from './syscall.ts';
import { Refused } from './system-error.ts';
import type { Volume } from './volume.ts';

/** Each task takes inode and descriptor numbers from a range of its own. */
const NUMBERS_PER_TASK = 1_000_000;
/** Callers that are no task: of the steps before the tasks, and of a recovery. Each draws random numbers of its own. */
export const SETUP = -1;
export const RECOVERY = -2;

/** Node's names for work in its thread pool. */
const OUTSIDE = /^(Zlib|Brotli|RandomBytes|PBKDF2|Scrypt|Sign|Cipher|Hash|Hkdf|KeyGen)/i;

export type Settle<Result> = (error: unknown, value: Result) => void;

/** A system call that waits at the gate. */
interface Pending {
  readonly syscall: Syscall<unknown>;
  readonly settle: Settle<never>;
}

export interface Timer {
  readonly caller: Caller;
  /** On its caller's clock, in ms. */
  due: number;
  readonly every: number | undefined;
  readonly fire: () => void;
  /** Changes that others had made to the directory when the timer was set. */
  othersChanges: number;
}

/** The origin of calls: a task, or the setup before and the recovery after the tasks. */
export interface Caller extends Actor {
  readonly number: number;
  /** Its calls skip the gate. */
  free: boolean;
  /** System calls that wait at the gate, in the order in which they were requested. */
  readonly waiting: Pending[];
  /** A number for everything that it has observed so far, see `World.observe`. */
  observed: number;
  elapsedMs: number;
  /** Inode and descriptor numbers that it has taken. */
  made: number;
  /** Changes that it made to the directory. */
  changes: number;
  readonly random: () => number;
}

/** A system call that has happened. */
export interface Happened {
  readonly caller: Caller;
  readonly syscall: Syscall<unknown>;
  /** Its path. For a call on a descriptor: empty unless `recordsPaths` is set. */
  readonly path: string;
  readonly error: string | undefined;
  readonly changed: boolean;
}

export class World {
  readonly timers = new Set<Timer>();
  /** The caller whose call was let through last. */
  acting: Caller | undefined;
  /** Why the run is not measured: an unsupported call. */
  refused: string | undefined;
  /** Callbacks of `process.nextTick` that are still to be called. */
  ticks = 0;
  /** Callbacks of `process.nextTick` that were called. */
  ticked = 0;
  readonly immediates: (() => void)[] = [];
  /** Streams and zlib are in use: to settle takes whole turns of the event loop. */
  slow = false;
  onHappened: (happened: Happened) => void = () => {};
  /** Whether to update `Caller.observed`. */
  observes = true;
  /** Whether `Happened.path` is filled in for calls on descriptors. */
  recordsPaths = false;
  #changesByAll = 0;

  /** `now` is the start of all clocks, in ms since the epoch. */
  constructor(
    readonly volume: Volume,
    readonly now: number,
    readonly observations = new Interner(),
  ) {}

  /** Starts a new run. Pending timers and callbacks of the last one are dropped. */
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
      return (number - RECOVERY + 1) * NUMBERS_PER_TASK + caller.made;
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

  /** Ends the run as not measured, whatever the store does with the error. */
  refuse(what: string): never {
    const refused = new Refused(what);
    this.refused ??= refused.message;
    throw refused;
  }

  /** Performs all system calls of an operation at once. */
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

  /** Performs the system calls of an operation one by one, each when it is let through. `settle` may be called before this returns. */
  ask<Result>(caller: Caller, operation: Operation<Result>, settle: Settle<Result>): void {
    const goOn = (error: unknown, value: unknown): void => {
      let next: IteratorResult<Syscall<unknown>, Result>;
      try {
        next = error === undefined ? operation.next(value) : operation.throw(error);
      } catch (failure) {
        settle(failure, undefined as Result); // not read if there is an error
        return;
      }
      if (next.done === true) settle(undefined, next.value);
      else if (caller.free) this.#letThrough(caller, { syscall: next.value, settle: goOn });
      else caller.waiting.push({ syscall: next.value, settle: goOn });
    };
    goOn(undefined, undefined);
  }

  /** Performs the call that has waited longest. */
  letThrough(caller: Caller): void {
    const pending = caller.waiting.shift();
    if (pending !== undefined) this.#letThrough(caller, pending);
  }

  #letThrough(caller: Caller, { syscall, settle }: Pending): void {
    this.acting = caller;
    let value: unknown;
    try {
      value = this.perform(caller, syscall);
    } catch (error) {
      settle(error, undefined as never);
      return;
    }
    settle(undefined, value as never); // the operation that yielded the call expects the type of its result
  }

  perform<Result>(caller: Caller, syscall: Syscall<Result>): Result {
    const { volume } = this;
    const before = volume.changes;
    const path = typeof syscall.file === 'string' ? syscall.file : this.recordsPaths ? volume.pathOf(syscall.file) : '';
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

  /** A task's next action depends only on what it has observed. Equal numbers stand for equal observations. */
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

  /** The timer that is due first, of this caller or of all. */
  firstTimer(caller?: Caller): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers)
      if ((caller === undefined || timer.caller === caller) && (first === undefined || timer.due < first.due)) first = timer;
    return first;
  }

  /** Whether others have changed the directory since the timer was set: the task may find what it polls for. */
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

  /** Resolves when no code is left to run: every task waits for the gate, a timer or another task. */
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
      // Ticks run when no microtask is left, so a tick that a microtask requests comes after all microtasks. But ticks run one after the
      // other, and the microtasks of those before it may still be pending.
      const wait = (): void => {
        called = this.ticked;
        if (this.slow) setImmediate(look);
        else queueMicrotask(() => process.nextTick(look));
      };
      wait();
    });
  }

  /** Waits for Node's thread pool (compression, hashes). Returns false if it has no work. */
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

/** A result as a task observes it. A descriptor's number carries no information. */
function inWords(value: unknown, call: string): string {
  if (call === 'open' || value === undefined) return '';
  if (Buffer.isBuffer(value)) return value.length <= 64 ? value.toString('latin1') : createHash('sha1').update(value).digest('base64');
  if (typeof value === 'object') return Array.isArray(value) ? value.join() : statusInWords(value as FileStatus);
  return String(value);
}

const statusInWords = ({ ino, mode, nlink, size, mtimeMs, ctimeMs }: FileStatus): string =>
  `${ino} ${mode} ${nlink} ${size} ${mtimeMs} ${ctimeMs}`;
