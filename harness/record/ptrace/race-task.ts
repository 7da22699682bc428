/**
 * One task of a race: a process, the processes that it starts, and the state of each of their threads.
 *
 * A thread is stopped at the gate (before an op or a step), stopped before a wait, or runs. The task is *settled* when at one moment
 * all its threads are stopped or asleep; their counts of context switches prove that. A settled task changes only when a wait
 * ends or another process makes a descriptor ready. To find out, the task's waits are *probed*: carried out with a timeout of 0.
 */
import type { RawOp } from '../../domain/events.ts';
import { type Libc, PTRACE } from './libc.ts';
import type { OpAtEntry } from './op-reader.ts';
import { type Pause, sleepsForever } from './pauses.ts';
import { syscallOf, ThreadStatus } from './process-info.ts';
import { readRegisters, setArgument, writeRegisters, X64 } from './registers.ts';
import type { Threads } from './threads.ts';

/** What a thread at the gate is about to do. */
export type AtGate =
  | OpAtEntry
  | { readonly kind: 'began'; readonly tid: number; readonly key: string; readonly step: number }
  /** It is at its recording mark. */
  | { readonly kind: 'start'; readonly tid: number; readonly key: string }
  /** It has got a lock for which it had waited. */
  | { readonly kind: 'returned'; readonly tid: number; readonly key: string; readonly op: RawOp };

interface Paused extends Pause {
  readonly tid: number;
  /** `would-wait`: a probe showed that it would wait. */
  state: 'new' | 'probing' | 'would-wait';
}

export class RaceTask {
  readonly index: number;
  readonly threads: Threads;
  readonly #libc: Libc;
  readonly #gate = new Map<number, AtGate>();
  readonly #paused = new Map<number, Paused>();
  /** Threads inside an op that was let through. */
  readonly #inside = new Map<number, OpAtEntry>();
  /** Threads inside a wait; `true`: it has a time limit. */
  readonly #waits = new Map<number, boolean>();
  /** Threads that repeat their wait immediately, because it was probed. */
  readonly #toRepeat = new Set<number>();
  /** The thread that reported all steps done. */
  heldAt: number | undefined;
  readonly #statuses = new Map<number, ThreadStatus>();
  /** The last known status of each thread, in the order in which they were seen to change. */
  readonly #lastStatus = new Map<number, string>();
  /** `waiting`: settled, with no thread at the gate. */
  state: 'starting' | 'running' | 'ready' | 'waiting' | 'finished' | 'dying' | 'gone' = 'starting';
  /** It continues with a wait, and counts as running until that wait ends. */
  #woken = false;

  constructor(libc: Libc, index: number, threads: Threads) {
    this.#libc = libc;
    this.index = index;
    this.threads = threads;
  }

  /** It has finished or is gone. */
  get isOver(): boolean {
    return this.state === 'finished' || this.state === 'gone';
  }

  /** It is not known yet what it will do next. */
  get isUnsettled(): boolean {
    return this.state === 'running' || this.state === 'starting' || this.state === 'dying';
  }

  /** It really sleeps, until its own time limit. */
  get isAsleep(): boolean {
    return this.#woken && this.state === 'running';
  }

  arrive(arrival: AtGate): void {
    this.#gate.set(arrival.tid, arrival);
    this.#leaveWait(arrival.tid);
  }

  pause(tid: number, pause: Pause): void {
    if (this.#toRepeat.delete(tid)) {
      this.#libc.ptrace(PTRACE.cont, tid, 0, 0); // it was let through before, and is now repeated
      return;
    }
    this.#leaveWait(tid);
    this.#paused.set(tid, { ...pause, tid, state: 'new' });
  }

  #leaveWait(tid: number): void {
    if (this.#waits.get(tid)) this.#woken = false;
    this.#waits.delete(tid);
  }

  enter(op: OpAtEntry): void {
    this.#gate.delete(op.tid);
    this.#inside.set(op.tid, op);
    this.#startWaits();
    this.state = 'running';
    this.#libc.ptrace(PTRACE.syscall, op.tid, 0, 0); // to its return
  }

  /** The op from which a thread returns. */
  leave(tid: number): OpAtEntry | undefined {
    const op = this.#inside.get(tid);
    this.#inside.delete(tid);
    return op;
  }

  /** A thread has reported all steps done; it is held there. */
  finish(tid: number): void {
    this.state = 'finished';
    this.heldAt = tid;
  }

  kill(): void {
    this.state = 'dying';
    this.threads.kill();
  }

  /** Lets a thread continue that is at the gate but not before an op. */
  pass(tid: number): void {
    this.#gate.delete(tid);
    this.#startWaits();
    this.state = 'running';
    this.#libc.ptrace(PTRACE.cont, tid, 0, 0);
  }

  /** Lets it really wait, until its time limit. */
  wake(): void {
    this.#startWaits();
    this.#woken = true;
    this.state = 'running';
  }

  #startWaits(): void {
    for (const { tid, timed, state } of this.#paused.values()) {
      this.#waits.set(tid, timed);
      if (state === 'would-wait') this.#toRepeat.add(tid);
      this.#libc.ptrace(PTRACE.cont, tid, 0, 0);
    }
    this.#paused.clear();
  }

  gone(tid: number): void {
    this.threads.gone(tid);
    this.forget(tid);
    this.#statuses.get(tid)?.close();
    this.#statuses.delete(tid);
    this.#lastStatus.delete(tid);
  }

  forget(tid: number): void {
    this.#gate.delete(tid);
    this.#paused.delete(tid);
    this.#inside.delete(tid);
    this.#toRepeat.delete(tid);
    this.#leaveWait(tid);
  }

  /** The thread at the gate that continues next: the first by key, so that every run makes the same choice. */
  next(): AtGate | undefined {
    return [...this.#gate.values()].sort((first, second) =>
      first.key < second.key ? -1 : first.key > second.key ? 1 : first.tid - second.tid,
    )[0];
  }

  /** True if it has a wait with a time limit. */
  get hasTimedWait(): boolean {
    return [...this.#paused.values()].some(({ timed }) => timed) || [...this.#waits.values()].includes(true);
  }

  /** Determines whether it is ready or waits, if it has settled. */
  settle(): void {
    if (this.state !== 'running' && this.state !== 'waiting') return;
    if (!this.#isStill()) {
      this.state = 'running';
      return;
    }
    if (this.#gate.size > 0) this.state = 'ready';
    else if (!this.#probe()) this.state = 'waiting';
    else this.state = 'running';
  }

  /** Probes all waits for descriptors again, because another process may have ended them. Returns true if there are any. */
  probeAgain(): boolean {
    for (const paused of this.#paused.values()) if (paused.call.timeout !== undefined) paused.state = 'new';
    return this.#probe();
  }

  /** Carries out a wait for descriptors with a timeout of 0. Returns false if all have been probed. */
  #probe(): boolean {
    for (const paused of this.#paused.values()) {
      const { timeout } = paused.call;
      if (timeout === undefined || paused.state === 'would-wait') continue;
      if (paused.state === 'new') {
        paused.state = 'probing';
        setArgument(this.#libc, paused.tid, timeout, 0n);
        this.#libc.ptrace(PTRACE.syscall, paused.tid, 0, 0);
      }
      return true;
    }
    return false;
  }

  /** A probe has returned. The thread continues if a descriptor was ready, else it is set back to before the call. */
  onProbeReturn(tid: number, result: bigint): boolean {
    const paused = this.#paused.get(tid);
    if (paused?.state !== 'probing') return false;
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
    paused.state = 'would-wait';
    return true;
  }

  #isStill(): boolean {
    if (this.#woken) return false;
    if ([...this.#inside.values()].some(({ syscall }) => syscall.call !== 'lock')) return false;
    if ([...this.#paused.values()].some(({ state }) => state === 'probing')) return false;
    for (let result = this.#check(); ; result = this.#check()) if (result !== 'changed') return result === 'asleep';
  }

  /**
   * Checks each thread that is not stopped. If all sleep, and none has run since its last check, then all slept at one moment: the
   * beginning of this check. Threads that ran last come first, because they are the likeliest to need another check.
   */
  #check(): 'asleep' | 'awake' | 'changed' {
    for (const tid of this.threads.all()) if (!this.#lastStatus.has(tid)) this.#lastStatus.set(tid, '');
    for (const [tid, before] of [...this.#lastStatus].reverse()) {
      if (this.#gate.has(tid) || this.#paused.has(tid)) continue;
      const status = this.#statusOf(tid)?.asleep();
      if (status === undefined) return 'awake';
      if (status === before) continue;
      this.#lastStatus.delete(tid);
      this.#lastStatus.set(tid, status); // moves it to the end
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

  /** Whether only another process can make it continue; false in doubt. */
  get waitsForever(): boolean {
    if (this.hasTimedWait) return false;
    return [...this.threads.all()].every((tid) => this.#paused.has(tid) || sleepsForever(syscallOf(tid)));
  }

  /** What it waits for, in words. */
  where(): string {
    const [lock] = this.#inside.values();
    return lock === undefined ? 'for something that never comes' : `for the lock on ${lock.intent.path}`;
  }

  /** No other thread is stopped or inside a call, and its process is the only one left. */
  get isQuiet(): boolean {
    return this.#gate.size + this.#paused.size + this.#inside.size === 0 && this.threads.processes().size === 1;
  }

  close(): void {
    for (const status of this.#statuses.values()) status.close();
    this.#statuses.clear();
  }
}

const SYSCALL_BYTES = 2n;
