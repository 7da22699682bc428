/**
 * One task of a race: a process, the processes that it starts, and what each of their threads is at.
 *
 * A thread stands at the gate (before an op, or before a step begins), is about to wait, or runs. The task is *settled* when all of
 * its threads stand or sleep at one moment, which their context switches prove: nothing in it will change by itself then, but for waits
 * that end and descriptors that others make ready. Whether there are such is asked by carrying out its waits with no time to wait.
 */
import type { RawOp } from '../../domain/events.ts';
import { type Libc, PTRACE } from './libc.ts';
import type { OpAtEntry } from './op-reader.ts';
import { type Pause, sleepsForEver } from './pauses.ts';
import { syscallOf, ThreadStatus } from './process-info.ts';
import { readRegisters, setArgument, writeRegisters, X64 } from './registers.ts';
import type { Threads } from './threads.ts';

/** What a thread at the gate is about to do. */
export type AtGate =
  | OpAtEntry
  | { readonly kind: 'began'; readonly tid: number; readonly key: string; readonly step: number }
  /** It stands where recording begins. */
  | { readonly kind: 'start'; readonly tid: number; readonly key: string }
  /** A lock that it waited for has been given to it. */
  | { readonly kind: 'returned'; readonly tid: number; readonly key: string; readonly op: RawOp };

interface Paused extends Pause {
  readonly tid: number;
  /** `asked`: it has been carried out with no time to wait, and would wait. */
  state: 'new' | 'asking' | 'asked';
}

export class RaceTask {
  readonly index: number;
  readonly threads: Threads;
  readonly #libc: Libc;
  readonly #gate = new Map<number, AtGate>();
  readonly #paused = new Map<number, Paused>();
  /** Threads inside an op that was let through. */
  readonly #inside = new Map<number, OpAtEntry>();
  /** Threads whose wait has been let through; `true`: it ends by itself. */
  readonly #waits = new Map<number, boolean>();
  /** Threads whose wait comes again at once, because it was carried out before with no time to wait. */
  readonly #toRepeat = new Set<number>();
  /** The thread that has said that all steps are done. */
  heldAt: number | undefined;
  readonly #statuses = new Map<number, ThreadStatus>();
  /** What each thread looked like last; the one that was seen to have run last is at the end. */
  readonly #looks = new Map<number, string>();
  /** `waiting`: settled, with nothing to do. */
  state: 'starting' | 'running' | 'ready' | 'waiting' | 'finished' | 'dying' | 'gone' = 'starting';
  /** Let go on although it waited: it counts as running until that wait is over. */
  #woken = false;

  constructor(libc: Libc, index: number, threads: Threads) {
    this.#libc = libc;
    this.index = index;
    this.threads = threads;
  }

  /** It has no more to do. */
  get isOver(): boolean {
    return this.state === 'finished' || this.state === 'gone';
  }

  /** What it is about to do is not known yet. */
  get isUnsettled(): boolean {
    return this.state === 'running' || this.state === 'starting' || this.state === 'dying';
  }

  /** Sleeps for real, until a time that it has set itself. */
  get isAsleep(): boolean {
    return this.#woken && this.state === 'running';
  }

  arrive(arrival: AtGate): void {
    this.#gate.set(arrival.tid, arrival);
    this.#returnedFromWait(arrival.tid);
  }

  pause(tid: number, pause: Pause): void {
    if (this.#toRepeat.delete(tid)) {
      this.#libc.ptrace(PTRACE.cont, tid, 0, 0); // let through before, and now carried out again
      return;
    }
    this.#returnedFromWait(tid);
    this.#paused.set(tid, { ...pause, tid, state: 'new' });
  }

  #returnedFromWait(tid: number): void {
    if (this.#waits.get(tid)) this.#woken = false;
    this.#waits.delete(tid);
  }

  enter(op: OpAtEntry): void {
    this.#gate.delete(op.tid);
    this.#inside.set(op.tid, op);
    this.#letWait();
    this.state = 'running';
    this.#libc.ptrace(PTRACE.syscall, op.tid, 0, 0); // to its return
  }

  /** The op that a thread was inside, and now returns from. */
  leave(tid: number): OpAtEntry | undefined {
    const op = this.#inside.get(tid);
    this.#inside.delete(tid);
    return op;
  }

  /** A thread has said that all steps are done; it is held there. */
  finish(tid: number): void {
    this.state = 'finished';
    this.heldAt = tid;
  }

  kill(): void {
    this.state = 'dying';
    this.threads.kill();
  }

  /** A thread that stands at the gate for something else than an op goes on. */
  pass(tid: number): void {
    this.#gate.delete(tid);
    this.#letWait();
    this.state = 'running';
    this.#libc.ptrace(PTRACE.cont, tid, 0, 0);
  }

  /** It waits for real, until its time is over. */
  wake(): void {
    this.#letWait();
    this.#woken = true;
    this.state = 'running';
  }

  #letWait(): void {
    for (const { tid, timed, state } of this.#paused.values()) {
      this.#waits.set(tid, timed);
      if (state === 'asked') this.#toRepeat.add(tid);
      this.#libc.ptrace(PTRACE.cont, tid, 0, 0);
    }
    this.#paused.clear();
  }

  gone(tid: number): void {
    this.threads.gone(tid);
    this.forget(tid);
    this.#statuses.get(tid)?.close();
    this.#statuses.delete(tid);
    this.#looks.delete(tid);
  }

  forget(tid: number): void {
    this.#gate.delete(tid);
    this.#paused.delete(tid);
    this.#inside.delete(tid);
    this.#toRepeat.delete(tid);
    this.#returnedFromWait(tid);
  }

  /** What it would do next: of several, the first by name, so that the choice is the same in every run. */
  next(): AtGate | undefined {
    return [...this.#gate.values()].sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : one.tid - other.tid))[0];
  }

  /** True if it has a wait that ends by itself. */
  get endsItsWait(): boolean {
    return [...this.#paused.values()].some(({ timed }) => timed) || [...this.#waits.values()].includes(true);
  }

  /** Finds out whether it is ready or waits, if it can be told now. */
  settle(): void {
    if (this.state !== 'running' && this.state !== 'waiting') return;
    if (!this.#isStill()) {
      this.state = 'running';
      return;
    }
    if (this.#gate.size > 0) this.state = 'ready';
    else if (!this.#ask()) this.state = 'waiting';
    else this.state = 'running';
  }

  /** Waits that were asked before are asked anew: what another process did may have ended them. Returns true if there are any. */
  askAgain(): boolean {
    for (const paused of this.#paused.values()) if (paused.call.timeout !== undefined) paused.state = 'new';
    return this.#ask();
  }

  /** Carries out a wait for descriptors with no time to wait. Returns false if there is none left that was not asked. */
  #ask(): boolean {
    for (const paused of this.#paused.values()) {
      const { timeout } = paused.call;
      if (timeout === undefined || paused.state === 'asked') continue;
      if (paused.state === 'new') {
        paused.state = 'asking';
        setArgument(this.#libc, paused.tid, timeout, 0n);
        this.#libc.ptrace(PTRACE.syscall, paused.tid, 0, 0);
      }
      return true;
    }
    return false;
  }

  /** A wait that was asked has returned. It goes on if something was ready, else it is put back to before the call. */
  answered(tid: number, result: bigint): boolean {
    const paused = this.#paused.get(tid);
    if (paused?.state !== 'asking') return false;
    if (result !== 0n) {
      this.#paused.delete(tid);
      this.state = 'running';
      this.#libc.ptrace(PTRACE.cont, tid, 0, 0);
      return true;
    }
    const registers = readRegisters(this.#libc, tid);
    registers.writeBigUInt64LE(registers.readBigUInt64LE(X64.rip) - SYSCALL_BYTES, X64.rip);
    registers.writeBigUInt64LE(BigInt(paused.call.number), X64.rax);
    registers.writeBigInt64LE(-1n, X64.originalRax);
    for (const [index, value] of paused.args.entries()) registers.writeBigUInt64LE(value, X64.arguments[index] ?? 0);
    writeRegisters(this.#libc, tid, registers);
    paused.state = 'asked';
    return true;
  }

  #isStill(): boolean {
    if (this.#woken) return false;
    if ([...this.#inside.values()].some(({ syscall }) => syscall.call !== 'lock')) return false;
    if ([...this.#paused.values()].some(({ state }) => state === 'asking')) return false;
    for (let look = this.#look(); ; look = this.#look()) if (look !== 'changed') return look === 'asleep';
  }

  /**
   * Looks at each thread that does not stand. If all sleep, and none has run since it was last looked at, there was a moment at which all
   * of them slept: the beginning of this look. Those that ran last come first, because with them another look is needed.
   */
  #look(): 'asleep' | 'awake' | 'changed' {
    for (const tid of this.threads.all()) if (!this.#looks.has(tid)) this.#looks.set(tid, '');
    for (const [tid, before] of [...this.#looks].reverse()) {
      if (this.#gate.has(tid) || this.#paused.has(tid)) continue;
      const look = this.#statusOf(tid)?.asleep();
      if (look === undefined) return 'awake';
      if (look === before) continue;
      this.#looks.delete(tid);
      this.#looks.set(tid, look); // which puts it at the end
      return 'changed';
    }
    return 'asleep';
  }

  #statusOf(tid: number): ThreadStatus | undefined {
    const known = this.#statuses.get(tid);
    if (known !== undefined) return known;
    try {
      const status = new ThreadStatus(tid);
      this.#statuses.set(tid, status);
      return status;
    } catch {
      return undefined;
    }
  }

  /** Whether nothing but another process could ever make it go on; true only if that is sure. */
  get waitsForEver(): boolean {
    if (this.endsItsWait) return false;
    return [...this.threads.all()].every((tid) => this.#paused.has(tid) || sleepsForEver(syscallOf(tid)));
  }

  /** Where it waits, in words. */
  where(): string {
    const [lock] = this.#inside.values();
    return lock === undefined ? 'for something that never comes' : `for the lock on ${lock.intent.path}`;
  }

  /** Nothing but the thread that said that all is done is held, and no process but its own is left. */
  get isQuiet(): boolean {
    return this.#gate.size + this.#paused.size + this.#inside.size === 0 && this.threads.processes().size === 1;
  }

  close(): void {
    for (const status of this.#statuses.values()) status.close();
    this.#statuses.clear();
  }
}

const SYSCALL_BYTES = 2n;
