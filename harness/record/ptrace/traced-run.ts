/**
 * One child under trace, from its start to its end.
 *
 * Until the workload raises SIGURG it runs at full speed. From then on every thread stops at every syscall that can be an op (without a
 * filter: at every syscall). Calls on the store's directory are let through one at a time, so that the order of ops is total; in a run
 * that follows an order, a call waits until it is next. A blocking lock call does not hold up others, because it may wait for one of them.
 */

import type { RawEnd, RawEvent, RawOp } from '../../domain/events.ts';
import type { Tree } from '../../domain/trace.ts';
import { equalTrees, type ScanCache, scanTree, spoolTree } from '../../domain/tree.ts';
import { type FaultRun, firstFaultyOp } from '../fault.ts';
import type { ImageCuts } from '../image/image-cuts.ts';
import { isMarkKey, isNext } from '../order.ts';
import { OutsideNotes, UNSEEN } from '../outside.ts';
import type { CutReport } from '../recorder.ts';
import { endOfLeader, killProcesses } from './ends.ts';
import { Injections, tear } from './injection.ts';
import { EVENT, type Libc, PTRACE, SIGNAL, START_OPTIONS, SYSCALL_INFO_BYTES, SYSCALL_STOP, TRACE_OPTIONS } from './libc.ts';
import { type MarkAtEntry, type OpAtEntry, OpReader } from './op-reader.ts';
import type { TracerOrder, TracerRun } from './protocol.ts';
import { installFilter } from './seccomp.ts';
import type { Syscall } from './syscalls.ts';
import { stopOf, Threads } from './threads.ts';

/** After this time without a syscall, a run with faults no longer counts as busy. */
const WAITING_AFTER_MS = 500;
/** How long calls may wait for the next one in the recorded order, with no other event, before the run counts as diverged. */
const STALL_MS = 2_000;

type Arrival = OpAtEntry | MarkAtEntry;

export interface TracedRunOptions {
  readonly order: TracerOrder | undefined;
  readonly image: ImageCuts | undefined;
  /** The process of the run, if it exists and is traced already. */
  readonly forked?: number;
}

export class TracedRun {
  readonly pid: number;
  readonly forked: boolean;
  /** What was used outside of the directory since the start of the recording. */
  readonly outside = new OutsideNotes();
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
  /** Remaining runs of a `fault` plan, and the current one. */
  readonly #remaining: FaultRun[];
  #current: FaultRun;
  #injections: Injections | undefined;
  /** The op up to which a `fault` plan follows the order. */
  #firstFaulty = 0;
  /** Threads inside a call that was let through. */
  readonly #inside = new Map<number, Arrival>();
  #held: Arrival[] = [];
  #busy = false;
  #cursor = 0;
  #ops = 0;
  #recording = false;
  /** The workload has reported all steps done. */
  #finished = false;
  #overlaps = false;
  #lastStop: number;
  /** Threads stop only at syscalls that can be ops. */
  #filtered = false;
  #tree: Tree = new Map();
  #stalledSince: number | undefined;
  #end: RawEnd | undefined;

  constructor(
    libc: Libc,
    table: ReadonlyMap<number, Syscall>,
    request: TracerRun,
    { order, image, forked }: TracedRunOptions,
    now: number,
  ) {
    this.#libc = libc;
    this.#table = table;
    this.#request = request;
    this.#order = order;
    this.#image = image;
    const { plan, directory, spool } = request;
    this.#current = { directory, spool, faults: [] };
    this.#remaining = plan.kind === 'fault' ? [...plan.runs] : [this.#current];
    this.#reader = this.#readerFor(directory);
    this.#deadline = now + request.timeoutMs;
    this.#lastStop = now;
    this.forked = forked !== undefined;
    this.pid = forked ?? libc.spawn(request.node, [...request.args, ...this.#remaining.map((run) => run.directory)], request.env);
    this.#threads = new Threads(libc, this.pid);
    if (forked !== undefined) return;
    // On a busy machine a child can end before it is seized. Such a run never reaches its recording mark, and is repeated.
    if (libc.ptrace(PTRACE.seize, this.pid, 0, START_OPTIONS) < 0) killProcesses([this.pid]);
  }

  get run(): number {
    return this.#request.run;
  }

  get events(): readonly RawEvent[] {
    return this.#events;
  }

  /** Some call arrived while another was in progress. */
  get overlaps(): boolean {
    return this.#overlaps;
  }

  /** Whether a run with faults has done nothing for a while: a fault may have made it wait or hang. */
  isWaiting(now: number): boolean {
    return this.#request.plan.kind === 'fault' && this.#recording && now - this.#lastStop > WAITING_AFTER_MS;
  }

  /** When `tick` must be called again, on the clock of `now`. */
  get nextDeadline(): number {
    return this.#stalledSince === undefined ? this.#deadline : Math.min(this.#deadline, this.#stalledSince + STALL_MS);
  }

  /** Call it once, after the last process of the run has ended. */
  cuts(): CutReport | undefined {
    return this.#image?.end(this.#request.spool, this.#end?.how === 'finished' ? 'trees' : 'nothing');
  }

  has(tid: number): boolean {
    return this.#threads.has(tid);
  }

  /** Adds an unknown thread, if a process of this run started it. */
  adopt(tid: number): boolean {
    return this.#threads.adopt(tid);
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
        if (stop.event === EVENT.exec && this.#recording) this.outside.unseen(UNSEEN.programs);
        this.#inside.delete(this.#threads.onEvent(tid, stop.event) ?? 0);
        this.#resume(tid, 0);
        break;
      case 'signal':
        if (stop.signal === SIGNAL.urg && this.#remaining.length > 0) this.#startRecording(tid, now);
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
      this.stop(); // processes that the store started must not outlive it
    }
    if (this.#threads.size > 0) return false;
    if (this.#request.plan.kind === 'fault' && this.#end?.how === 'finished') return true; // each run has reported its own end
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
      this.#tree = scanTree(this.#current.directory, this.#scanned);
      this.#events.push({ kind: 'start', tree: spoolTree(this.#tree, this.#current.spool) });
    }
    if (!isFirst) {
      if (!this.#filtered) this.#interruptOthers(tid);
      this.#resume(tid, 0);
      return;
    }
    const hasOneProcess = this.#threads.processes().size === 1;
    this.#threads.attach(TRACE_OPTIONS);
    this.#libc.ptrace(PTRACE.setOptions, tid, 0, TRACE_OPTIONS);
    // A filter applies to one process; others that already run would have none.
    this.#filtered = hasOneProcess && installFilter(this.#libc, tid, this.#table);
    if (!this.#filtered) this.outside.unseen(UNSEEN.unfollowed);
    if (!this.#filtered) this.#interruptOthers(tid);
    this.#resume(tid, 0);
  }

  #startNext(now: number): void {
    const { plan, timeoutMs } = this.#request;
    this.#current = this.#remaining.shift() ?? this.#current;
    if (plan.kind !== 'fault') return;
    const { directory, faults } = this.#current;
    this.#firstFaulty = firstFaultyOp(faults);
    this.#injections = new Injections(this.#libc, faults, directory);
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
      withDetails: this.#request.plan.kind !== 'kill' && !this.#current.lean,
      outside: this.outside,
      processNumber: (tid) => this.#processNumber(this.#threads.pidOf(tid)),
    });
  }

  #interruptOthers(tid: number): void {
    for (const otherTid of this.#threads.all()) if (otherTid !== tid) this.#libc.ptrace(PTRACE.interrupt, otherTid, 0, 0);
  }

  #resume(tid: number, signal: number): void {
    this.#libc.ptrace(this.#recording && !this.#filtered && !this.#finished ? PTRACE.syscall : PTRACE.cont, tid, 0, signal);
  }

  #onSyscall(tid: number, now: number): void {
    this.#libc.ptraceBuffer(PTRACE.getSyscallInfo, tid, SYSCALL_INFO_BYTES, this.#info);
    const stop = this.#info[0];
    if (stop === SYSCALL_STOP.entry || stop === SYSCALL_STOP.filter) {
      const arrival = this.#end === undefined ? this.#arrivalOf(tid, now) : undefined;
      if (arrival === undefined) this.#resume(tid, 0);
      else this.#arrive(arrival, now);
    } else {
      const arrival = this.#inside.get(tid);
      if (stop === SYSCALL_STOP.exit && arrival !== undefined) this.#onReturn(tid, arrival, now);
      else this.#resume(tid, 0);
    }
  }

  /** The op or mark that a thread is about to carry out, if any. */
  #arrivalOf(tid: number, now: number): Arrival | undefined {
    if (this.#finished) return this.#reader.lookOutside(tid, this.#info);
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

  /** Before an op or a mark: lets it through, holds it back, or kills the run. */
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

  /** Whether the next event must be the next one in the order. */
  #follows(): boolean {
    const { plan } = this.#request;
    if (plan.kind === 'fault') return this.#ops < this.#firstFaulty;
    return plan.kind !== 'observe';
  }

  #letThrough(arrival: Arrival, now: number): void {
    this.#cursor += 1;
    this.#stalledSince = undefined;
    const { plan, timeoutMs } = this.#request;
    const { lean, directory, spool } = this.#current;
    if (arrival.kind === 'mark') {
      const tree = lean ? { tree: spoolTree(scanTree(directory, this.#scanned), spool) } : {};
      this.#events.push({ ...arrival.mark, ...tree });
      if (plan.kind === 'fault') this.#deadline = now + timeoutMs;
      if (lean) {
        this.#continue(arrival.tid, now);
        return;
      }
      this.#busy = true; // until the call that carries the mark returns
    } else {
      this.#ops += 1;
      if (plan.kind === 'kill' && plan.at.bytes !== undefined && this.#ops === plan.at.op) tear(this.#libc, arrival, plan.at.bytes);
      const changed = this.#injections?.enter(this.#ops, arrival);
      if (lean && !changed) {
        this.#events.push(this.#reader.entered(arrival));
        this.#continue(arrival.tid, now);
        return;
      }
      this.#busy = arrival.syscall.call !== 'lock';
    }
    this.#inside.set(arrival.tid, arrival);
    this.#libc.ptrace(PTRACE.syscall, arrival.tid, 0, 0); // to its return
  }

  /** Lets a call through without waiting for its return. */
  #continue(tid: number, now: number): void {
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

  /** The current call has returned: admits the calls that arrived meanwhile, in their order. */
  #admitHeld(now: number): void {
    this.#busy = false;
    const held = this.#held;
    this.#held = [];
    this.#stalledSince = undefined;
    for (const waiting of held) this.#arrive(waiting, now);
  }

  /** The op, with the tree if the op changed it. */
  #withTree(op: RawOp): RawOp {
    // Under a `cut` plan the tracer opens no file: ext4 and xfs flush a file at the first close after a truncation.
    if (this.#request.plan.kind === 'kill' || this.#image !== undefined || this.#current.lean) return op;
    const tree = scanTree(this.#current.directory, this.#scanned);
    if (equalTrees(tree, this.#tree)) return op;
    this.#tree = tree;
    return { ...op, tree: spoolTree(tree, this.#current.spool) };
  }

  #expected(): string | undefined {
    return this.#order?.keys[this.#cursor];
  }

  /** False if a mark is next: it belongs to this boundary, so the kill waits for it. */
  #expectsOp(): boolean {
    const expected = this.#expected();
    return expected === undefined || !isMarkKey(expected);
  }

  #kill(end: RawEnd): void {
    this.#end ??= end;
    this.stop();
  }

  /** Kills every process of the run, without waiting for them to end. */
  stop(): void {
    this.#stalledSince = undefined;
    this.#threads.kill();
  }
}
