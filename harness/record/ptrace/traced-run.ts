/**
 * One child under trace, from its start to its end.
 *
 * Until the workload raises SIGURG it runs at full speed. From then on every thread stops at every syscall that can be an op (without a
 * filter: at every syscall). Calls on the store's directory are let through one at a time, so that the order of ops is total; in a run
 * that follows an order, a call waits until it is next. A blocking lock call does not hold up others, because it may wait for one of them.
 */
import { changesContents } from '../../domain/calls.ts';
import type { RawEnd, RawEvent, RawOp } from '../../domain/events.ts';
import { type FaultRun, firstFaultyOp } from '../fault.ts';
import type { ImageCuts } from '../image/image-cuts.ts';
import { OutsideNotes, UNSEEN } from '../outside.ts';
import type { CutReport } from '../recorder.ts';
import { endOfLeader } from './ends.ts';
import { Injections, tear } from './injection.ts';
import { launch } from './launch.ts';
import { EVENT, type Libc, PTRACE, SIGNAL, SYSCALL_INFO_BYTES, SYSCALL_STOP, TRACE_OPTIONS } from './libc.ts';
import { MappedFiles, STORED_MEANWHILE, type StoredInto } from './mapped-files.ts';
import { type Arrival, OpReader } from './op-reader.ts';
import { Progress } from './progress.ts';
import type { TracerOrder, TracerRun } from './protocol.ts';
import { RunClock } from './run-clock.ts';
import { RunLog } from './run-log.ts';
import { installFilter } from './seccomp.ts';
import type { Syscall } from './syscalls.ts';
import { ProcessNumbers, stopOf, Threads } from './threads.ts';

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
  #progress: Progress;
  readonly #image: ImageCuts | undefined;
  readonly #log: RunLog;
  readonly #info = Buffer.alloc(SYSCALL_INFO_BYTES);
  #reader: OpReader;
  readonly #mapped: MappedFiles;
  readonly #clock: RunClock;
  readonly #threads: Threads;
  #numbers: ProcessNumbers;
  /** Remaining runs of a `fault` plan, and the current one. */
  readonly #remaining: FaultRun[];
  #current: FaultRun;
  #injections: Injections | undefined;
  /** Threads inside a call that was let through. */
  readonly #inside = new Map<number, Arrival>();
  #held: Arrival[] = [];
  #busy = false;
  #recording = false;
  /** The workload has reported all steps done. */
  #finished = false;
  #overlaps = false;
  /** Threads stop only at syscalls that can be ops. */
  #filtered = false;
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
    this.#progress = new Progress(plan, order);
    this.#mapped = new MappedFiles(libc, table, directory);
    this.#log = new RunLog(this.#current, { kills: plan.kind === 'kill', image, isMapped: () => this.#mapped.seen });
    this.#reader = this.#readerFor(directory);
    this.#clock = new RunClock(now, request.timeoutMs);
    this.forked = forked !== undefined;
    this.pid = forked ?? launch(libc, request, this.#remaining);
    this.#threads = new Threads(libc, this.pid);
    this.#numbers = new ProcessNumbers(this.pid);
  }

  get run(): number {
    return this.#request.run;
  }

  get events(): readonly RawEvent[] {
    return this.#log.events;
  }

  /** Some call arrived while another was in progress. */
  get overlaps(): boolean {
    return this.#overlaps;
  }

  /** Whether a run with faults has done nothing for a while: a fault may have made it wait or hang. */
  isWaiting(now: number): boolean {
    return this.#request.plan.kind === 'fault' && this.#recording && this.#clock.isQuiet(now);
  }

  /** When `tick` must be called again, on the clock of `now`. */
  get nextDeadline(): number {
    return this.#clock.next;
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
    const overdue = this.#clock.overdue(now);
    if (overdue === 'run') this.#kill({ kind: 'end', how: 'timed-out', afterMs: this.#request.timeoutMs });
    else if (overdue === 'order') this.#kill(this.#progress.divergedBy(this.#held.map(({ key }) => key)));
    else if (overdue === 'learning') this.#onLearned(now);
  }

  /** A thread changed state. Returns true when the last process of the run is gone. */
  onState(tid: number, status: number, now: number): boolean {
    this.#clock.stopped(now);
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
    const { program, plan } = this.#request;
    if (wasLeader) {
      this.#end = endOfLeader(status, this.#end, this.#finished || program !== undefined);
      if (program !== undefined && this.#mapped.doubt !== undefined) this.#log.doubt(this.#mapped.doubt);
      this.stop(); // processes that the store started must not outlive it
    }
    if (this.#threads.size > 0) return false;
    if (program === undefined && plan.kind === 'fault' && this.#end?.how === 'finished') return true; // each run has reported its own end
    this.#log.close(this.#end ?? { kind: 'end', how: 'crashed', signal: 'unknown' });
    return true;
  }

  #startRecording(tid: number, now: number): void {
    const isFirst = !this.#recording;
    this.#recording = true;
    this.#startNext(now);
    this.#log.start();
    if (isFirst) {
      const hasOneProcess = this.#threads.follow(tid, TRACE_OPTIONS);
      // A filter applies to one process; others that already run would have none.
      this.#filtered = hasOneProcess && installFilter(this.#libc, tid, this.#table);
      if (!this.#filtered) this.outside.unseen(UNSEEN.unfollowed);
    }
    // Files that the store mapped in a step before the crash are mapped already.
    if (this.#progress.mayBeMapped && this.#mapped.findEarlier(this.#threads.processes())) this.#onMapped(tid);
    if (this.#progress.killsBeforeStores) {
      this.#killAsPlanned();
      return;
    }
    if (!this.#filtered) this.#threads.interruptOthers(tid);
    this.#resume(tid, 0);
  }

  /** A thread, which is stopped, has mapped a file or changed a mapping. */
  #onMapped(tid: number): void {
    this.#mapped.onMapped(tid, this.#threads.pidOf(tid), this.#threads.processes(), this.#filtered);
  }

  /**
   * Takes what was stored into mapped files since the last stop as ops that have happened. In a run that follows an order only those that are
   * next in it: others wait for a later stop. Returns false if the run is to be killed between two of them.
   */
  #takeStores(tid: number): boolean {
    if (!this.#mapped.seen) return true;
    for (let next = this.#nextStores(tid); next !== undefined; next = this.#nextStores(tid)) {
      this.#clock.stalledSince = undefined;
      this.#progress.onEvent('op');
      this.#log.op(next.op, this.#progress.ops);
      if (!next.stored.take()) this.#log.doubt(STORED_MEANWHILE);
      if (this.#progress.killsBeforeStores) return false;
    }
    return true;
  }

  /** The same where no op follows that could be held back until another one has returned. */
  #takeLastStores(tid: number): void {
    if (!this.#busy && !this.#takeStores(tid)) this.#killAsPlanned();
    if (this.#busy && this.#mapped.stored(this.#threads.processes()).length > 0) this.#log.doubt(STORED_MEANWHILE);
  }

  #nextStores(tid: number): { readonly stored: StoredInto; readonly op: RawOp } | undefined {
    for (const stored of this.#mapped.stored(this.#threads.processes())) {
      const { key, op } = this.#reader.stored(tid, stored);
      if (this.#progress.allows(key)) return { stored, op };
    }
    return undefined;
  }

  #startNext(now: number): void {
    const { plan } = this.#request;
    this.#current = this.#remaining.shift() ?? this.#current;
    if (plan.kind !== 'fault') return;
    const { directory, faults } = this.#current;
    this.#progress = new Progress(plan, this.#order, firstFaultyOp(faults));
    this.#injections = new Injections(this.#libc, faults, directory);
    this.#numbers = new ProcessNumbers(this.pid);
    this.#mapped.moveTo(directory);
    this.#log.begin(this.#current);
    this.#reader = this.#readerFor(directory);
    this.#finished = false;
    this.#clock.restart(now);
  }

  #readerFor(directory: string): OpReader {
    return new OpReader({
      libc: this.#libc,
      table: this.#table,
      directory,
      names: this.#order?.names ?? [],
      withDetails: this.#request.plan.kind !== 'kill' && !this.#current.lean,
      outside: this.outside,
      program: this.#request.program,
      mapped: this.#mapped,
      processNumber: (tid) => this.#numbers.of(this.#threads.pidOf(tid)),
    });
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
    if (seen?.kind === 'finished') this.#finish(tid, now);
    else if (seen?.kind === 'leaves') this.#takeLastStores(tid);
    else if (seen?.kind === 'learned') this.#onLearned(now);
    else if (seen?.kind === 'unmeasured') this.#log.doubt(seen.what);
    else if (seen?.kind !== 'began') return seen;
    return undefined;
  }

  #finish(tid: number, now: number): void {
    this.#takeLastStores(tid);
    if (this.#mapped.doubt !== undefined) this.#log.doubt(this.#mapped.doubt);
    this.#finished = true;
    if (this.#request.plan.kind !== 'fault') return;
    this.#log.end({ kind: 'end', how: 'finished' });
    this.#clock.restart(now);
  }

  /** Before an op or a mark: lets it through, holds it back, or kills the run. */
  #arrive(arrival: Arrival, now: number): void {
    if (this.#busy) {
      this.#overlaps = true;
      this.#held.push(arrival);
      return;
    }
    if (!this.#takeStores(arrival.tid) || (arrival.kind === 'op' && this.#progress.killsBeforeOp)) {
      this.#killAsPlanned();
      return;
    }
    const signal = arrival.kind === 'op' ? this.#progress.signalBeforeOp() : undefined;
    if (signal !== undefined) {
      if (this.#request.program === undefined) this.#clock.unlearnedSince = now; // a program says nothing of what it learns
      this.#libc.signal(this.pid, signal);
    }
    // Of a process that has not learned of its signal only the first thread goes on, because a listener runs when its call has returned.
    if (this.#clock.unlearnedSince !== undefined && arrival.tid !== this.pid) return void this.#held.push(arrival);
    if (!this.#progress.allows(arrival.key)) {
      this.#held.push(arrival);
      this.#clock.stalledSince ??= now;
      return;
    }
    this.#letThrough(arrival, now);
  }

  #onLearned(now: number): void {
    this.#clock.unlearnedSince = undefined;
    if (!this.#busy) this.#admitHeld(now);
  }

  #letThrough(arrival: Arrival, now: number): void {
    this.#clock.stalledSince = undefined;
    if (arrival.kind === 'mark') {
      for (const mark of arrival.marks()) {
        this.#progress.onEvent('mark');
        this.#log.mark(mark);
      }
      this.#injections?.settled();
      if (this.#request.plan.kind === 'fault') this.#clock.restart(now);
      if (this.#current.lean) {
        this.#continue(arrival.tid, now);
        return;
      }
      this.#busy = true; // until the call that carries the mark returns
    } else {
      this.#progress.onEvent('op');
      const { ops, killsAfterBytes } = this.#progress;
      if (killsAfterBytes !== undefined) tear(this.#libc, arrival, killsAfterBytes);
      const changed = this.#injections?.enter(ops, arrival);
      if (this.#current.lean && !changed && !this.#mapped.seen) {
        this.#log.entered(this.#reader.entered(arrival));
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
      this.#log.op(this.#reader.returned(arrival, this.#injections?.leave(tid, result) ?? result), this.#progress.ops);
      if (this.#progress.killsAfterBytes !== undefined) {
        this.#killAsPlanned();
        return;
      }
      if (arrival.syscall.call === 'mmap') this.#onMapped(tid);
      else if (this.#mapped.seen && changesContents(arrival.intent)) this.#mapped.refresh(this.#threads.processes());
    }
    if (this.#progress.killsBeforeStores) {
      this.#killAsPlanned();
      return;
    }
    this.#resume(tid, 0);
    if (arrival.kind === 'mark' || arrival.syscall.call !== 'lock') this.#admitHeld(now);
  }

  /** The current call has returned: admits the calls that arrived meanwhile, in their order. */
  #admitHeld(now: number): void {
    this.#busy = false;
    const held = this.#held;
    this.#held = [];
    this.#clock.stalledSince = undefined;
    for (const waiting of held) this.#arrive(waiting, now);
  }

  #killAsPlanned(): void {
    this.#kill({ kind: 'end', how: 'killed', signal: '' });
  }

  #kill(end: RawEnd): void {
    this.#end ??= end;
    this.stop();
  }

  /** Kills every process of the run, without waiting for them to end. */
  stop(): void {
    this.#clock.stalledSince = undefined;
    this.#threads.kill();
  }
}
