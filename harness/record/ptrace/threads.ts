/** The threads of one traced child and of every process that it starts. */
import { killProcesses } from './ends.ts';
import { EVENT, type Libc, PTRACE, SIGNAL } from './libc.ts';
import { processOf, threadsOf } from './process-info.ts';

/** Why a thread stopped, or how it ended, from its wait status. */
export type Stop =
  | { readonly kind: 'gone'; readonly signal: number; readonly code: number }
  /** At the entry or exit of a syscall that can be an op. */
  | { readonly kind: 'syscall' }
  /** `resting`: by a signal that stops the process until SIGCONT. */
  | { readonly kind: 'group-stop'; readonly resting: boolean }
  /** It started a thread or process, or called exec. */
  | { readonly kind: 'event'; readonly event: number }
  | { readonly kind: 'signal'; readonly signal: number };

export function stopOf(status: number): Stop {
  if ((status & 0xff) !== 0x7f) return { kind: 'gone', signal: status & 0x7f, code: (status >> 8) & 0xff };
  const signal = (status >> 8) & 0xff;
  const event = status >> 16;
  if (signal === (SIGNAL.trap | 0x80) || event === EVENT.seccomp) return { kind: 'syscall' };
  if (event === EVENT.stop) {
    const resting = signal === SIGNAL.stop || signal === SIGNAL.tstp || signal === SIGNAL.ttin || signal === SIGNAL.ttou;
    return { kind: 'group-stop', resting };
  }
  return event === 0 ? { kind: 'signal', signal } : { kind: 'event', event };
}

export class Threads {
  readonly #libc: Libc;
  /** Known threads, and the process of each. */
  readonly #pids: Map<number, number>;
  /** Threads that were started under trace, also those that have ended. */
  readonly #adopted = new Set<number>();

  /** `pid`: the process, if it exists already. */
  constructor(libc: Libc, pid?: number) {
    this.#libc = libc;
    this.#pids = new Map(pid === undefined ? [] : [[pid, pid]]);
  }

  /** Adds a process that exists now, by its first thread. */
  add(pid: number): void {
    this.#pids.set(pid, pid);
  }

  get size(): number {
    return this.#pids.size;
  }

  has(tid: number): boolean {
    return this.#pids.has(tid);
  }

  pidOf(tid: number): number {
    return this.#pids.get(tid) ?? tid;
  }

  all(): IterableIterator<number> {
    return this.#pids.keys();
  }

  processes(): Set<number> {
    return new Set(this.#pids.values());
  }

  /** Adds an unknown thread, if one of these processes started it. */
  adopt(tid: number): boolean {
    const process = processOf(tid);
    if (process === undefined) return false;
    if (![...this.#pids.values()].some((pid) => pid === process.pid || pid === process.parent)) return false;
    this.#take(tid, process.pid);
    return true;
  }

  #take(tid: number, pid: number): void {
    this.#adopted.add(tid);
    this.#pids.set(tid, pid);
  }

  gone(tid: number): void {
    this.#pids.delete(tid);
  }

  /** A thread started another one, or called exec. Returns the thread that no longer exists after an exec. */
  onEvent(tid: number, event: number): number | undefined {
    const message = Buffer.alloc(8);
    this.#libc.ptraceBuffer(PTRACE.getEventMessage, tid, 0, message);
    const otherTid = Number(message.readBigUInt64LE(0));
    if (event === EVENT.exec) {
      // All other threads of the process are gone, and the one that called exec has taken the leader's id.
      if (otherTid !== tid) this.#pids.delete(otherTid);
      return otherTid;
    }
    // Add it now, in case its parent ends before its first stop; but not if it has already stopped, and perhaps ended.
    if (!this.#adopted.has(otherTid))
      this.#take(otherTid, event === EVENT.clone ? (processOf(otherTid)?.pid ?? this.pidOf(tid)) : otherTid);
    return undefined;
  }

  /** From now on all threads are traced with these options, one of which is stopped. Returns whether they are of one process. */
  follow(tid: number, options: number): boolean {
    const isOneProcess = this.processes().size === 1;
    this.#attach(options);
    this.#libc.ptrace(PTRACE.setOptions, tid, 0, options);
    return isOneProcess;
  }

  interruptOthers(tid: number): void {
    for (const otherTid of this.all()) if (otherTid !== tid) this.#libc.ptrace(PTRACE.interrupt, otherTid, 0, 0);
  }

  /** Attaches to the threads that the processes have started so far; later ones are attached automatically. */
  #attach(options: number): void {
    for (const pid of this.processes()) {
      for (let found = true; found; ) {
        found = false;
        for (const tid of threadsOf(pid)) {
          if (this.#pids.has(tid)) continue;
          if (this.#libc.ptrace(PTRACE.seize, tid, 0, options) < 0) continue; // it has just ended
          this.#pids.set(tid, pid);
          found = true;
        }
      }
    }
  }

  /** Kills every process, without waiting for them to end. */
  kill(): void {
    killProcesses(this.#pids.values());
  }
}

/** The numbers of processes in a trace: 0 for the one that runs the store, then in the order in which their first op came. */
export class ProcessNumbers {
  readonly #pids: number[];

  constructor(pid: number) {
    this.#pids = [pid];
  }

  of(pid: number): number {
    const at = this.#pids.indexOf(pid);
    return at >= 0 ? at : this.#pids.push(pid) - 1;
  }
}
