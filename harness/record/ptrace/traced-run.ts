/**
 * One child under trace, from its start to its end.
 *
 * Until the workload raises SIGURG it runs at full speed. From then on every thread stops at every syscall that can be an op (where
 * no filter can be installed: at every syscall); calls that touch
 * the store's directory are let through one at a time, so that the order of ops is total, and on a run that has an order to
 * follow a call waits until it is next. Blocking lock calls are let through beside the others: what they wait for may be held back.
 */

import type { RawEnd, RawEvent, RawOp } from '../../domain/events.ts';
import type { Tree } from '../../domain/trace.ts';
import { equalTrees, lookIn, type ScanCache, scanTree, spoolTree } from '../../domain/tree.ts';
import { type FaultRun, Faults, firstFaultyOp } from '../fault.ts';
import type { ImageCuts } from '../image/image-cuts.ts';
import { isMarkKey, isNext } from '../order.ts';
import type { CutReport } from '../recorder.ts';
import { endOfLeader, killProcesses } from './ends.ts';
import { Injections, tear } from './injection.ts';
import { type Libc, PTRACE, SIGNAL, START_OPTIONS, SYSCALL_INFO_BYTES, SYSCALL_STOP, TRACE_OPTIONS } from './libc.ts';
import { type MarkAtEntry, type OpAtEntry, OpReader } from './op-reader.ts';
import type { TracerOrder, TracerRun } from './protocol.ts';
import { installFilter } from './seccomp.ts';
import type { Syscall } from './syscalls.ts';
import { stopOf, Threads } from './threads.ts';

/** So long without a call, and a run in which calls fail does not count as busy any more. */
const WAITS_AFTER_MS = 500;
/** How long calls may wait for the one that the recorded order wants next, while nothing else happens, before the run counts as another run. */
const STALL_MS = 2_000;

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
  #reader: OpReader;
  #scanned: ScanCache = new Map();
  #deadline: number;
  readonly #threads: Threads;
  /** Processes in the order in which their first op came: their numbers in the trace. */
  #processes: number[] = [];
  readonly #unmeasured = new Set<string>();
  /** Runs of a `fault` plan that are still to come, and the one under way. */
  readonly #toCome: FaultRun[];
  #now: FaultRun;
  #injections: Injections | undefined;
  /** The op of a `fault` plan up to which the order is followed. */
  #firstFaulty = 0;
  /** Threads inside a call that was let through, with it. */
  readonly #inside = new Map<number, Arrival>();
  #held: Arrival[] = [];
  #busy = false;
  #cursor = 0;
  #ops = 0;
  #recording = false;
  /** The workload has said that all steps are done. */
  #finished = false;
  #overlaps = false;
  #lastStop: number;
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
    const { plan, directory, spool } = request;
    this.#now = { directory, spool, faults: [] };
    this.#toCome = plan.kind === 'fault' ? [...plan.runs] : [this.#now];
    this.#reader = this.#readerFor(directory);
    this.#deadline = now + request.timeoutMs;
    this.#lastStop = now;
    this.pid = libc.spawn(request.node, [...request.args, ...this.#toCome.map((run) => run.directory)], request.env);
    this.#threads = new Threads(libc, this.pid);
    // On a busy machine a child can be over before it is seized: a run that never came to its recording mark, and is made again.
    if (libc.ptrace(PTRACE.seize, this.pid, 0, START_OPTIONS) < 0) killProcesses([this.pid]);
  }

  get run(): number {
    return this.#request.run;
  }

  get events(): readonly RawEvent[] {
    return this.#events;
  }

  /** Some call came while another was under way. */
  get overlaps(): boolean {
    return this.#overlaps;
  }

  /** Whether a run in which calls fail has done nothing for a while: it may have been made to wait, or to hang. */
  waitsSince(now: number): boolean {
    return this.#request.plan.kind === 'fault' && this.#recording && now - this.#lastStop > WAITS_AFTER_MS;
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
    return this.#threads.adopt(tid);
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
    this.#lastStop = now;
    const stop = stopOf(status);
    switch (stop.kind) {
      case 'gone':
        return this.#onGone(tid, status, now);
      case 'syscall':
        this.#onSyscall(tid, now);
        break;
      case 'group-stop':
        if (stop.resting) this.#libc.ptrace(PTRACE.listen, tid, 0, 0);
        else this.#resume(tid, 0);
        break;
      case 'event':
        this.#inside.delete(this.#threads.onEvent(tid, stop.event) ?? 0);
        this.#resume(tid, 0);
        break;
      case 'signal':
        if (stop.signal === SIGNAL.urg && this.#toCome.length > 0) this.#startRecording(tid, now);
        else this.#resume(tid, stop.signal === SIGNAL.trap ? 0 : stop.signal);
        break;
      default:
        stop satisfies never;
    }
    return false;
  }

  #onGone(tid: number, status: number, now: number): boolean {
    const wasLeader = tid === this.pid;
    this.#threads.gone(tid);
    if (this.#inside.delete(tid)) this.#admitHeld(now); // it died inside its call
    if (wasLeader) {
      this.#end = endOfLeader(status, this.#end, this.#finished);
      this.#killAll(); // processes that the store started must not outlive it
    }
    if (this.#threads.size > 0) return false;
    if (this.#request.plan.kind === 'fault' && this.#end?.how === 'finished') return true; // each run has told its end
    for (const what of this.#unmeasured) this.#events.push({ kind: 'unmeasured', what });
    this.#events.push(this.#end ?? { kind: 'end', how: 'crashed', signal: 'unknown' });
    return true;
  }

  #startRecording(tid: number, now: number): void {
    const isFirst = !this.#recording;
    this.#recording = true;
    this.#image?.atBoundary(0);
    this.#startNext(now);
    if (this.#request.plan.kind !== 'kill' && this.#image === undefined) {
      this.#tree = scanTree(this.#now.directory, this.#scanned);
      this.#events.push({ kind: 'start', tree: spoolTree(this.#tree, this.#now.spool) });
    }
    if (!isFirst) {
      if (!this.#filtered) this.#interruptOthers(tid);
      this.#resume(tid, 0);
      return;
    }
    const alone = this.#threads.processes().size === 1;
    this.#threads.attach(TRACE_OPTIONS);
    this.#libc.ptrace(PTRACE.setOptions, tid, 0, TRACE_OPTIONS);
    // A filter is for one process; others that run already would go on without.
    this.#filtered = alone && installFilter(this.#libc, tid, this.#table);
    if (!this.#filtered) this.#interruptOthers(tid);
    this.#resume(tid, 0);
  }

  #startNext(now: number): void {
    const { plan, timeoutMs } = this.#request;
    this.#now = this.#toCome.shift() ?? this.#now;
    if (plan.kind !== 'fault') return;
    const { directory, faults } = this.#now;
    this.#firstFaulty = firstFaultyOp(faults);
    this.#injections = new Injections(this.#libc, new Faults(faults, lookIn(directory)));
    this.#processes = [];
    this.#scanned = new Map();
    this.#reader = this.#readerFor(directory);
    [this.#cursor, this.#ops, this.#finished] = [0, 0, false];
    this.#deadline = now + timeoutMs;
  }

  #readerFor(directory: string): OpReader {
    return new OpReader({
      libc: this.#libc,
      table: this.#table,
      directory,
      names: this.#order?.names ?? [],
      withDetails: this.#request.plan.kind !== 'kill' && !this.#now.lean,
      processNumber: (tid) => this.#processNumber(this.#threads.pidOf(tid)),
    });
  }

  #interruptOthers(tid: number): void {
    for (const other of this.#threads.all()) if (other !== tid) this.#libc.ptrace(PTRACE.interrupt, other, 0, 0);
  }

  #resume(tid: number, signal: number): void {
    this.#libc.ptrace(this.#recording && !this.#filtered && !this.#finished ? PTRACE.syscall : PTRACE.cont, tid, 0, signal);
  }

  #onSyscall(tid: number, now: number): void {
    this.#libc.ptraceBuffer(PTRACE.getSyscallInfo, tid, SYSCALL_INFO_BYTES, this.#info);
    const stop = this.#info[0];
    if (stop === SYSCALL_STOP.entry || stop === SYSCALL_STOP.filter) {
      const arrival = this.#end === undefined && !this.#finished ? this.#arrivalOf(tid, now) : undefined;
      if (arrival === undefined) this.#resume(tid, 0);
      else this.#arrive(arrival, now);
    } else {
      const arrival = this.#inside.get(tid);
      if (stop === SYSCALL_STOP.exit && arrival !== undefined) this.#onReturn(tid, arrival, now);
      else this.#resume(tid, 0);
    }
  }

  /** The op or mark that a thread is about to carry out; undefined if it is neither. */
  #arrivalOf(tid: number, now: number): Arrival | undefined {
    const seen = this.#reader.read(tid, this.#info);
    if (seen?.kind === 'finished') this.#finish(now);
    else if (seen?.kind === 'unmeasured') this.#unmeasured.add(seen.what);
    else if (seen?.kind !== 'began') return seen;
    return undefined;
  }

  #finish(now: number): void {
    const { plan, timeoutMs } = this.#request;
    this.#finished = true;
    if (plan.kind !== 'fault') return;
    this.#events.push({ kind: 'end', how: 'finished' });
    this.#deadline = now + timeoutMs;
  }

  #processNumber(pid: number): number {
    if (pid === this.pid) return 0;
    const at = this.#processes.indexOf(pid);
    return at >= 0 ? at + 1 : this.#processes.push(pid);
  }

  /** A call on the directory, or a mark, is about to happen: let it through, hold it back, or kill. */
  #arrive(arrival: Arrival, now: number): void {
    if (this.#busy) {
      this.#overlaps = true;
      this.#held.push(arrival);
      return;
    }
    const plan = this.#request.plan;
    if (plan.kind === 'kill' && plan.at.bytes === undefined && this.#ops === plan.at.op && arrival.kind === 'op' && this.#expectsOp()) {
      this.#kill({ kind: 'end', how: 'killed', signal: '' });
      return;
    }
    if (this.#follows()) {
      const matching = plan.kind === 'follow' ? plan.matching : 'same';
      if (!isNext(this.#order?.keys ?? [], this.#cursor, arrival.key, matching)) {
        this.#held.push(arrival);
        this.#stalledSince ??= now;
        return;
      }
    }
    this.#letThrough(arrival, now);
  }

  /** Whether what comes next must be what the order has next. */
  #follows(): boolean {
    const { plan } = this.#request;
    if (plan.kind === 'fault') return this.#ops < this.#firstFaulty;
    return plan.kind !== 'observe';
  }

  #letThrough(arrival: Arrival, now: number): void {
    this.#cursor += 1;
    this.#stalledSince = undefined;
    const { plan, timeoutMs } = this.#request;
    const { lean, directory, spool } = this.#now;
    if (arrival.kind === 'mark') {
      const tree = lean ? { tree: spoolTree(scanTree(directory, this.#scanned), spool) } : {};
      this.#events.push({ ...arrival.mark, ...tree });
      if (plan.kind === 'fault') this.#deadline = now + timeoutMs;
      if (lean) {
        this.#goOn(arrival.tid, now);
        return;
      }
      this.#busy = true; // until the call that carries the mark returns
    } else {
      this.#ops += 1;
      if (plan.kind === 'kill' && plan.at.bytes !== undefined && this.#ops === plan.at.op) tear(this.#libc, arrival, plan.at.bytes);
      const changed = this.#injections?.enter(this.#ops, arrival);
      if (lean && !changed) {
        this.#events.push(this.#reader.entered(arrival));
        this.#goOn(arrival.tid, now);
        return;
      }
      this.#busy = arrival.syscall.call !== 'lock';
    }
    this.#inside.set(arrival.tid, arrival);
    this.#libc.ptrace(PTRACE.syscall, arrival.tid, 0, 0); // to its return
  }

  /** Lets a call through that nobody waits for. */
  #goOn(tid: number, now: number): void {
    this.#resume(tid, 0);
    if (this.#held.length > 0) this.#admitHeld(now);
  }

  #onReturn(tid: number, arrival: Arrival, now: number): void {
    this.#inside.delete(tid);
    if (arrival.kind === 'op') {
      const result = this.#info.readBigInt64LE(24);
      this.#events.push(this.#withTree(this.#reader.returned(arrival, this.#injections?.leave(tid, result) ?? result)));
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
    if (this.#request.plan.kind === 'kill' || this.#image !== undefined || this.#now.lean) return op;
    const tree = scanTree(this.#now.directory, this.#scanned);
    if (equalTrees(tree, this.#tree)) return op;
    this.#tree = tree;
    return { ...op, tree: spoolTree(tree, this.#now.spool) };
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
    this.#threads.kill();
  }
}
