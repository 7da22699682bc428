/**
 * One child under trace, from its start to its end.
 *
 * Until the workload raises SIGURG it runs at full speed. From then on every thread stops at every syscall that can be an op (where
 * no filter can be installed: at every syscall); calls that touch
 * the store's directory are let through one at a time, so that the order of ops is total, and on a run that has an order to
 * follow a call waits until it is next. Blocking lock calls are let through beside the others: what they wait for may be held back.
 */
import type { Tree } from '../../trace.ts';
import { equalTrees, type ScanCache, scanTree, spoolTree } from '../../tree.ts';
import type { RawEnd, RawEvent, RawOp } from '../events.ts';
import type { ImageCuts } from '../image/image-cuts.ts';
import { isMarkKey, isNext } from '../order.ts';
import type { CutReport } from '../recorder.ts';
import { EVENT, type Libc, OPTION, PTRACE, SIGNAL } from './libc.ts';
import { type MarkAtEntry, type OpAtEntry, OpReader } from './op-reader.ts';
import { processOf, threadsOf } from './process-info.ts';
import type { TracerOrder, TracerRun } from './protocol.ts';
import { setArgument } from './registers.ts';
import { installFilter } from './seccomp.ts';
import type { Syscall } from './syscalls.ts';
import { tearVector } from './tear.ts';

const START_OPTIONS = OPTION.sysGood | OPTION.fork | OPTION.vfork | OPTION.exec | OPTION.exitKill;
const TRACE_OPTIONS = START_OPTIONS | OPTION.clone | OPTION.seccomp;
/** How long calls may wait for the one that the recorded order wants next, while nothing else happens, before the run counts as another run. */
const STALL_MS = 2_000;
/** The first byte of struct ptrace_syscall_info, and its size. */
const AT_ENTRY = 1;
const AT_EXIT = 2;
const AT_FILTER = 3;
const SYSCALL_INFO_BYTES = 88;

type Arrival = OpAtEntry | MarkAtEntry;

export class TracedRun {
  readonly pid: number;
  readonly #libc: Libc;
  readonly #table: ReadonlyMap<number, Syscall>;
  readonly #request: TracerRun;
  readonly #order: TracerOrder | undefined;
  readonly #image: ImageCuts | undefined;
  readonly #events: RawEvent[] = [];
  readonly #info = Buffer.alloc(SYSCALL_INFO_BYTES);
  readonly #reader: OpReader;
  readonly #scanned: ScanCache = new Map();
  readonly #deadline: number;
  /** Threads that stopped at least once, and the process each belongs to. */
  readonly #threads = new Map<number, number>();
  /** Every thread that was made while it was watched. */
  readonly #adopted = new Set<number>();
  /** Processes in the order in which their first op came: their numbers in the trace. */
  readonly #processes: number[] = [];
  readonly #unmeasured = new Set<string>();
  /** Threads inside a call that was let through, with it. */
  readonly #inside = new Map<number, Arrival>();
  #held: Arrival[] = [];
  #busy = false;
  #cursor = 0;
  #ops = 0;
  #recording = false;
  /** The workload has said that all steps are done. */
  #finished = false;
  /** Only syscalls that can be ops stop. */
  #filtered = false;
  #tree: Tree = new Map();
  #stalledSince: number | undefined;
  #end: RawEnd | undefined;

  constructor(
    libc: Libc,
    table: ReadonlyMap<number, Syscall>,
    request: TracerRun,
    { order, image }: { readonly order: TracerOrder | undefined; readonly image: ImageCuts | undefined },
    now: number,
  ) {
    this.#libc = libc;
    this.#table = table;
    this.#request = request;
    this.#order = order;
    this.#image = image;
    this.#reader = new OpReader({
      libc,
      table,
      directory: request.directory,
      names: order?.names ?? [],
      withDetails: request.plan.kind !== 'kill',
      processNumber: (tid) => this.#processNumber(this.#threads.get(tid) ?? tid),
    });
    this.#deadline = now + request.timeoutMs;
    this.pid = libc.spawn(request.node, [...request.args, request.directory], request.env);
    this.#threads.set(this.pid, this.pid);
    if (libc.ptrace(PTRACE.seize, this.pid, 0, START_OPTIONS) < 0) {
      process.kill(this.pid, 'SIGKILL');
      throw new Error('PTRACE_SEIZE was refused');
    }
  }

  get run(): number {
    return this.#request.run;
  }

  get events(): readonly RawEvent[] {
    return this.#events;
  }

  /** When `tick` must be called again, in the time of `now`. */
  get nextDeadline(): number {
    return this.#stalledSince === undefined ? this.#deadline : Math.min(this.#deadline, this.#stalledSince + STALL_MS);
  }

  /** To be asked once the last process of the run is gone. */
  cuts(): CutReport | undefined {
    return this.#image?.end(this.#request.spool, this.#end?.how === 'finished' ? 'trees' : 'nothing');
  }

  has(tid: number): boolean {
    return this.#threads.has(tid);
  }

  /** Takes a thread that nobody knows yet, if a process of this run started it. */
  adopt(tid: number): boolean {
    const process = processOf(tid);
    if (process === undefined) return false;
    if (![...this.#threads.values()].some((pid) => pid === process.pid || pid === process.parent)) return false;
    this.#take(tid, process.pid);
    return true;
  }

  #take(tid: number, pid: number): void {
    this.#adopted.add(tid);
    this.#threads.set(tid, pid);
  }

  /** Kills every process of the run; their ends are still to be waited for. */
  stop(): void {
    this.#killAll();
  }

  /** Ends the run if its time is over. */
  tick(now: number): void {
    if (now >= this.#deadline) this.#kill({ kind: 'end', how: 'timed-out', afterMs: this.#request.timeoutMs });
    else if (this.#stalledSince !== undefined && now >= this.#stalledSince + STALL_MS) {
      this.#kill({
        kind: 'end',
        how: 'diverged',
        at: this.#cursor,
        expected: this.#expected() ?? 'the end',
        got: this.#held.map(({ key }) => key).join(', or '),
      });
    }
  }

  /** A thread changed state. Returns true when the last process of the run is gone. */
  onState(tid: number, status: number, now: number): boolean {
    if ((status & 0xff) !== 0x7f) return this.#onGone(tid, status, now);
    const signal = (status >> 8) & 0xff;
    const event = status >> 16;
    if (signal === (SIGNAL.trap | 0x80)) this.#onSyscall(tid, now);
    else if (event === EVENT.seccomp) this.#onSyscall(tid, now);
    else if (event === EVENT.stop) this.#onEventStop(tid, signal);
    else if (event !== 0) this.#onEvent(tid, event);
    else if (signal === SIGNAL.urg && !this.#recording) this.#startRecording(tid);
    else this.#resume(tid, signal === SIGNAL.trap ? 0 : signal);
    return false;
  }

  #onGone(tid: number, status: number, now: number): boolean {
    const wasLeader = tid === this.pid;
    this.#threads.delete(tid);
    if (this.#inside.delete(tid)) this.#admitHeld(now); // it died inside its call
    if (wasLeader) {
      const signal = status & 0x7f;
      const how = this.#howLeaderEnded(signal, (status >> 8) & 0xff);
      this.#end = how;
      this.#killAll(); // processes that the store started must not outlive it
    }
    if (this.#threads.size > 0) return false;
    for (const what of this.#unmeasured) this.#events.push({ kind: 'unmeasured', what });
    this.#events.push(this.#end ?? { kind: 'end', how: 'crashed', signal: 'unknown' });
    return true;
  }

  #howLeaderEnded(signal: number, code: number): RawEnd {
    if (this.#end !== undefined) return this.#end.how === 'killed' ? { ...this.#end, signal: signalName(signal, code) } : this.#end;
    if (signal !== 0) return { kind: 'end', how: 'crashed', signal: signalName(signal, code) };
    return code === 0 && this.#finished ? { kind: 'end', how: 'finished' } : { kind: 'end', how: 'exited', code };
  }

  #onEventStop(tid: number, signal: number): void {
    const stopping = signal === SIGNAL.stop || signal === SIGNAL.tstp || signal === SIGNAL.ttin || signal === SIGNAL.ttou;
    if (stopping) this.#libc.ptrace(PTRACE.listen, tid, 0, 0);
    else this.#resume(tid, 0);
  }

  #onEvent(tid: number, event: number): void {
    const message = Buffer.alloc(8);
    this.#libc.ptraceBuffer(PTRACE.getEventMessage, tid, 0, message);
    const other = Number(message.readBigUInt64LE(0));
    if (event === EVENT.exec) {
      // All other threads of the process are gone, and the one that called exec has taken the leader's id.
      if (other !== tid) this.#threads.delete(other);
      this.#inside.delete(other);
    } else if (!this.#adopted.has(other)) {
      // Known from now on, even if its maker ends before it is first seen. (It may as well have been seen, and have ended, before.)
      this.#take(other, event === EVENT.clone ? (processOf(other)?.pid ?? this.#threads.get(tid) ?? tid) : other);
    }
    this.#resume(tid, 0);
  }

  #startRecording(tid: number): void {
    this.#recording = true;
    this.#image?.atBoundary(0);
    if (this.#request.plan.kind !== 'kill' && this.#image === undefined) {
      this.#tree = scanTree(this.#request.directory, this.#scanned);
      this.#events.push({ kind: 'start', tree: spoolTree(this.#tree, this.#request.spool) });
    }
    const processes = new Set(this.#threads.values());
    for (const pid of processes) this.#attachThreads(pid);
    this.#libc.ptrace(PTRACE.setOptions, tid, 0, TRACE_OPTIONS);
    // A filter is for one process; others that run already would go on without.
    this.#filtered = processes.size === 1 && installFilter(this.#libc, tid, this.#table);
    if (!this.#filtered) for (const other of this.#threads.keys()) if (other !== tid) this.#libc.ptrace(PTRACE.interrupt, other, 0, 0);
    this.#resume(tid, 0);
  }

  /** Attaches to the threads that a process has started so far; those to come attach themselves. */
  #attachThreads(pid: number): void {
    for (let found = true; found; ) {
      found = false;
      for (const tid of threadsOf(pid)) {
        if (this.#threads.has(tid)) continue;
        if (this.#libc.ptrace(PTRACE.seize, tid, 0, TRACE_OPTIONS) < 0) continue; // it has just ended
        this.#threads.set(tid, pid);
        found = true;
      }
    }
  }

  #resume(tid: number, signal: number): void {
    this.#libc.ptrace(this.#recording && !this.#filtered && !this.#finished ? PTRACE.syscall : PTRACE.cont, tid, 0, signal);
  }

  #onSyscall(tid: number, now: number): void {
    this.#libc.ptraceBuffer(PTRACE.getSyscallInfo, tid, SYSCALL_INFO_BYTES, this.#info);
    const stop = this.#info[0];
    if (stop === AT_ENTRY || stop === AT_FILTER) {
      const arrival = this.#end === undefined && !this.#finished ? this.#arrivalOf(tid) : undefined;
      if (arrival === undefined) this.#resume(tid, 0);
      else this.#arrive(arrival, now);
    } else {
      const arrival = this.#inside.get(tid);
      if (stop === AT_EXIT && arrival !== undefined) this.#onReturn(tid, arrival, now);
      else this.#resume(tid, 0);
    }
  }

  /** The op or mark that a thread is about to carry out; undefined if it is neither. */
  #arrivalOf(tid: number): Arrival | undefined {
    const seen = this.#reader.read(tid, this.#info);
    if (seen?.kind === 'finished') this.#finished = true;
    else if (seen?.kind === 'unmeasured') this.#unmeasured.add(seen.what);
    else return seen;
    return undefined;
  }

  #processNumber(pid: number): number {
    if (pid === this.pid) return 0;
    const at = this.#processes.indexOf(pid);
    return at >= 0 ? at + 1 : this.#processes.push(pid);
  }

  /** A call on the directory, or a mark, is about to happen: let it through, hold it back, or kill. */
  #arrive(arrival: Arrival, now: number): void {
    if (this.#busy) {
      this.#held.push(arrival);
      return;
    }
    const plan = this.#request.plan;
    if (plan.kind === 'kill' && plan.at.bytes === undefined && this.#ops === plan.at.op && arrival.kind === 'op' && this.#expectsOp()) {
      this.#kill({ kind: 'end', how: 'killed', signal: '' });
      return;
    }
    if (plan.kind !== 'observe') {
      const matching = plan.kind === 'follow' ? plan.matching : 'same';
      if (!isNext(this.#order?.keys ?? [], this.#cursor, arrival.key, matching)) {
        this.#held.push(arrival);
        this.#stalledSince ??= now;
        return;
      }
    }
    this.#letThrough(arrival);
  }

  #letThrough(arrival: Arrival): void {
    this.#cursor += 1;
    this.#stalledSince = undefined;
    if (arrival.kind === 'mark') {
      this.#events.push(arrival.mark);
      this.#busy = true; // until the call that carries the mark returns
    } else {
      this.#ops += 1;
      this.#busy = arrival.syscall.call !== 'lock';
      const plan = this.#request.plan;
      if (plan.kind === 'kill' && plan.at.bytes !== undefined && this.#ops === plan.at.op) this.#tear(arrival, plan.at.bytes);
    }
    this.#inside.set(arrival.tid, arrival);
    this.#libc.ptrace(PTRACE.syscall, arrival.tid, 0, 0); // to its return
  }

  #tear({ tid, syscall, args }: OpAtEntry, bytes: number): void {
    if (syscall.bytes === undefined) return;
    const length =
      syscall.vector === undefined ? bytes : tearVector(this.#libc, tid, args[syscall.vector] ?? 0n, Number(args[syscall.bytes]), bytes);
    setArgument(this.#libc, tid, syscall.bytes, BigInt(length));
  }

  #onReturn(tid: number, arrival: Arrival, now: number): void {
    this.#inside.delete(tid);
    if (arrival.kind === 'op') {
      this.#events.push(this.#withTree(this.#reader.returned(arrival, this.#info.readBigInt64LE(24))));
      this.#image?.atBoundary(this.#ops);
      const plan = this.#request.plan;
      if (plan.kind === 'kill' && plan.at.bytes !== undefined && this.#ops === plan.at.op) {
        this.#kill({ kind: 'end', how: 'killed', signal: '' });
        return;
      }
    }
    this.#resume(tid, 0);
    if (arrival.kind === 'mark' || arrival.syscall.call !== 'lock') this.#admitHeld(now);
  }

  /** The call under way is over: whatever came meanwhile gets its turn, in the order in which it came. */
  #admitHeld(now: number): void {
    this.#busy = false;
    const held = this.#held;
    this.#held = [];
    this.#stalledSince = undefined;
    for (const waiting of held) this.#arrive(waiting, now);
  }

  /** The op with the tree that it left, if it changed. */
  #withTree(op: RawOp): RawOp {
    // Under a `cut` plan nobody else may open a file: the first close after a truncation is when ext4 and xfs flush it.
    if (this.#request.plan.kind === 'kill' || this.#image !== undefined) return op;
    const tree = scanTree(this.#request.directory, this.#scanned);
    if (equalTrees(tree, this.#tree)) return op;
    this.#tree = tree;
    return { ...op, tree: spoolTree(tree, this.#request.spool) };
  }

  #expected(): string | undefined {
    return this.#order?.keys[this.#cursor];
  }

  /** Marks that come before the next op belong to this boundary: the kill waits for them. */
  #expectsOp(): boolean {
    const expected = this.#expected();
    return expected === undefined || !isMarkKey(expected);
  }

  #kill(end: RawEnd): void {
    this.#end ??= end;
    this.#killAll();
  }

  #killAll(): void {
    this.#stalledSince = undefined;
    for (const pid of new Set(this.#threads.values())) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It was gone already; its end is on the way.
      }
    }
  }
}

function signalName(signal: number, code: number): string {
  return signal === SIGNAL.kill ? 'SIGKILL' : signal === 0 ? `exit ${code}` : `signal ${signal}`;
}
