/**
 * Several children under one tracer, on one directory: see `../race.ts`.
 *
 * Each runs at full speed up to its recording mark, where it is held. From then on threads stop before every op on the directory (at
 * the gate) and before every wait, and one thread at a time continues. Each decision is made when all tasks are settled (see
 * `race-task.ts`), so that it depends only on what the tasks are about to do. A task that has finished its steps is held, alive,
 * until the run ends.
 */
import { changesContents } from '../../domain/calls.ts';
import type { RawOp, RawTree } from '../../domain/events.ts';
import { type ScanCache, scanTree, spoolTree } from '../../domain/tree.ts';
import { OutsideNotes, UNSEEN } from '../outside.ts';
import { mayChange, type RaceEnd, type RaceEvent } from '../race.ts';
import { EVENT, type Libc, PTRACE, SIGNAL, SYSCALL_INFO_BYTES, SYSCALL_STOP, TRACE_OPTIONS } from './libc.ts';
import { MappedFiles } from './mapped-files.ts';
import { type OpAtEntry, OpReader } from './op-reader.ts';
import { PAUSE_CALLS, pauseIn } from './pauses.ts';
import { watchesFiles } from './process-info.ts';
import type { TracerRace, TracerReport } from './protocol.ts';
import { RaceTask } from './race-task.ts';
import { RaceTurns } from './race-turns.ts';
import { installFilter } from './seccomp.ts';
import type { Syscall } from './syscalls.ts';
import { type ProcessSources, TaskProcesses } from './task-processes.ts';
import { stopOf } from './threads.ts';

/** The delay until unsettled tasks are polled again, in ms; it doubles each time. It affects only the speed. */
const FIRST_POLL_MS = 0.05;
const LAST_POLL_MS = 5;
/** Limit for a child to start and load the store, so that a short limit for the race does not apply to that. */
const START_LIMIT_MS = 30_000;

export class RaceRun {
  readonly #libc: Libc;
  readonly #table: ReadonlyMap<number, Syscall>;
  readonly #request: TracerRace;
  readonly #events: RaceEvent[] = [];
  readonly #unmeasured = new Set<string>();
  readonly #outside = new OutsideNotes();
  readonly #info = Buffer.alloc(SYSCALL_INFO_BYTES);
  readonly #reader: OpReader;
  readonly #mapped: MappedFiles;
  readonly #scanned: ScanCache = new Map();
  /** Until the race begins: the limit for all tasks to reach their recording mark. */
  #deadline: number;
  #isRacing = false;
  readonly #tasks: RaceTask[] = [];
  readonly #processes: TaskProcesses;
  /** Tasks whose processes are kept for another race. */
  readonly #kept = new Set<RaceTask>();
  readonly #turns: RaceTurns;
  /** The task that did the last op. */
  #last: RaceTask | undefined;
  #probedAgain = false;
  #pollDelay = FIRST_POLL_MS;
  #nextPoll: number | undefined;
  #watched = false;
  #end: RaceEnd | undefined;

  constructor(libc: Libc, table: ReadonlyMap<number, Syscall>, request: TracerRace, sources: ProcessSources, now: number) {
    this.#libc = libc;
    this.#table = table;
    this.#request = request;
    this.#deadline = now + Math.max(request.timeoutMs, START_LIMIT_MS);
    this.#turns = new RaceTurns(request, this.#tasks);
    const { directory } = request;
    this.#mapped = new MappedFiles(libc, table, directory);
    this.#reader = new OpReader({
      libc,
      table,
      directory,
      names: [],
      withDetails: true,
      outside: this.#outside,
      mapped: this.#mapped,
      processNumber: (tid) => this.#processNumber(tid),
    });
    this.#processes = new TaskProcesses(libc, request, {
      ...sources,
      isWanted: () => this.#end === undefined,
      onLost: (why) => this.#finish({ how: 'not-started', why }),
    });
    for (const index of request.tasks.keys()) {
      const threads = this.#processes.begin(index, now);
      this.#tasks.push(new RaceTask(libc, index, threads));
    }
  }

  get run(): number {
    return this.#request.run;
  }

  get nextDeadline(): number {
    return this.#deadline;
  }

  /** When `poll` must be called, on the clock of `now`; undefined: only after an event. */
  get nextPoll(): number | undefined {
    return this.#nextPoll;
  }

  /** It uses no processor time now: the task that is to continue sleeps. */
  get isIdle(): boolean {
    return this.#end === undefined && this.#tasks.some(({ isAsleep }) => isAsleep);
  }

  report(): TracerReport {
    const end = this.#end ?? { how: 'ended' };
    const race = { events: this.#events, end, unmeasured: [...this.#unmeasured], watched: this.#watched, outside: this.#outside.all() };
    return { run: this.run, pid: 0, events: [], race };
  }

  has(tid: number): boolean {
    return this.#tasksOfRun().some(({ threads }) => threads.has(tid));
  }

  adopt(tid: number): boolean {
    return this.#tasksOfRun().some(({ threads }) => threads.adopt(tid));
  }

  stop(): void {
    for (const { threads } of this.#tasksOfRun()) threads.kill();
  }

  tick(now: number): void {
    if (now < this.#deadline) return;
    if (this.#isRacing) this.#finish({ how: 'timed-out', afterMs: this.#request.timeoutMs });
    else this.#finish({ how: 'not-started', why: `not within ${START_LIMIT_MS / 1000} s` });
  }

  poll(now: number): void {
    this.#nextPoll = undefined;
    this.#advance(now);
  }

  /** It has ended, and no process is left except those kept for another race. */
  get isOver(): boolean {
    return this.#end !== undefined && this.#tasks.every((task) => this.#kept.has(task) || task.threads.size === 0);
  }

  /** A thread changed state. */
  onState(tid: number, status: number, now: number): void {
    const task = this.#tasksOfRun().find(({ threads }) => threads.has(tid));
    if (task === undefined) return;
    const stop = stopOf(status);
    switch (stop.kind) {
      case 'gone':
        this.#onGone(task, tid, stop.signal === 0 ? `exit code ${stop.code}` : `signal ${stop.signal}`);
        break;
      case 'syscall':
        this.#onSyscall(task, tid);
        break;
      case 'group-stop':
        this.#libc.ptrace(stop.resting ? PTRACE.listen : PTRACE.cont, tid, 0, 0);
        break;
      case 'event':
        if (stop.event === EVENT.exec && task.state !== 'starting') this.#outside.unseen(UNSEEN.programs);
        task.forget(task.threads.onEvent(tid, stop.event) ?? 0);
        this.#resume(tid);
        break;
      case 'signal':
        if (stop.signal === SIGNAL.urg && task.state === 'starting') this.#hold(task, tid);
        else this.#libc.ptrace(PTRACE.cont, tid, 0, stop.signal === SIGNAL.trap ? 0 : stop.signal);
        break;
      default:
        stop satisfies never;
    }
    this.#pollDelay = FIRST_POLL_MS;
    this.#nextPoll = now; // after the other events that have already happened
  }

  #tasksOfRun(): RaceTask[] {
    return this.#tasks.filter((task) => !this.#kept.has(task));
  }

  #resume(tid: number): void {
    this.#libc.ptrace(PTRACE.cont, tid, 0, 0);
  }

  #onGone(task: RaceTask, tid: number, how: string): void {
    task.gone(tid);
    if (tid === this.#processes.pidOf(task.index)) {
      const isExpected = this.#end !== undefined || task.state === 'dying' || task.state === 'finished';
      if (task.state === 'starting' && !isExpected) this.#finish({ how: 'not-started', why: how });
      else if (!isExpected) this.#events.push({ kind: 'died', task: task.index, how });
      if (task.state !== 'finished') task.state = 'dying';
      task.threads.kill(); // processes that the store started must not outlive it
    }
    if (task.threads.size === 0 && task.state !== 'finished') task.state = 'gone';
  }

  /** Holds a task at its recording mark. */
  #hold(task: RaceTask, tid: number): void {
    const { threads } = task;
    const hasOneProcess = threads.follow(tid, TRACE_OPTIONS);
    if (!this.#processes.isUsed(task.index) && (!hasOneProcess || !installFilter(this.#libc, tid, this.#table, PAUSE_CALLS))) {
      this.#finish({
        how: 'not-started',
        why: hasOneProcess ? 'no syscall filter can be installed' : 'it had already started another process',
      });
      return;
    }
    if (this.#mapped.findEarlier(threads.processes())) this.#mapped.onMapped(tid, threads.pidOf(tid), this.#pids(), true);
    task.arrive({ kind: 'start', tid, key: '' });
    task.state = 'ready';
  }

  /** Takes what a task has stored into mapped files since the last stop as ops that have happened. */
  #takeStores(task: RaceTask, tid: number): void {
    if (!this.#mapped.seen || !this.#isRacing) return;
    for (const stored of this.#mapped.stored(this.#pids())) {
      stored.take();
      this.#record(task, this.#reader.stored(tid, stored).op);
    }
  }

  #pids(): Set<number> {
    return new Set(this.#tasks.flatMap(({ threads }) => [...threads.processes()]));
  }

  #onSyscall(task: RaceTask, tid: number): void {
    this.#libc.ptraceBuffer(PTRACE.getSyscallInfo, tid, SYSCALL_INFO_BYTES, this.#info);
    const stop = this.#info[0];
    if (this.#end !== undefined)
      this.#resume(tid); // it is about to be killed
    else if (stop === SYSCALL_STOP.filter) this.#onEntry(task, tid);
    else if (stop === SYSCALL_STOP.exit) this.#onReturn(task, tid, this.#info.readBigInt64LE(24));
    else if (stop === SYSCALL_STOP.entry)
      this.#libc.ptrace(PTRACE.syscall, tid, 0, 0); // a call that is repeated
    else this.#resume(tid);
  }

  #onEntry(task: RaceTask, tid: number): void {
    if (task.state === 'finished') return; // it stays held
    const pause = pauseIn(this.#info);
    this.#takeStores(task, tid);
    if (task.state === 'starting') this.#resume(tid);
    else if (pause !== undefined) task.pause(tid, pause);
    else this.#onCall(task, tid);
  }

  #onCall(task: RaceTask, tid: number): void {
    const seen = this.#reader.read(tid, this.#info);
    switch (seen?.kind) {
      case 'op':
        task.arrive(seen);
        return;
      case 'began':
        task.arrive({ ...seen, key: '' });
        return;
      case 'finished':
        this.#events.push({ kind: 'finished', task: task.index });
        task.finish(tid);
        return;
      case 'mark':
        for (const { kind, step } of seen.marks()) this.#events.push({ kind, task: task.index, step });
        break;
      case 'unmeasured':
        this.#unmeasured.add(seen.what);
        break;
      case 'leaves':
      case 'learned': // of a quit, for which no task is asked
      case undefined:
        break;
      default:
        seen satisfies never;
    }
    this.#resume(tid);
  }

  #onReturn(task: RaceTask, tid: number, result: bigint): void {
    if (task.onProbeReturn(tid, result)) return;
    const inside = task.leave(tid);
    if (inside === undefined) {
      this.#resume(tid);
      return;
    }
    if (inside.syscall.call === 'mmap') this.#mapped.onMapped(tid, task.threads.pidOf(tid), this.#pids(), true);
    else if (this.#mapped.seen && changesContents(inside.intent)) this.#mapped.refresh(this.#pids());
    const op = this.#reader.returned(inside, result);
    if (task.state === 'waiting') {
      task.arrive({ kind: 'returned', tid, key: inside.key, op });
      return;
    }
    this.#record(task, op);
    this.#resume(tid);
  }

  #record(task: RaceTask, op: RawOp): void {
    const changed = mayChange(op);
    this.#events.push({ kind: 'op', task: task.index, op: changed ? { ...op, tree: this.#treeNow() } : op });
    this.#turns.onOp(changed);
  }

  /** No other thread changes it meanwhile: they are at the gate, or wait. */
  #treeNow(): RawTree {
    const { directory, spool } = this.#request;
    return spoolTree(scanTree(directory, this.#mapped.seen ? undefined : this.#scanned), spool);
  }

  /** Makes the next decision, if all tasks are settled. */
  #advance(now: number): void {
    if (this.#end !== undefined) return;
    for (const task of this.#tasks) task.settle();
    if (this.#tasks.every(({ isOver }) => isOver)) {
      this.#finish({ how: 'ended' });
      return;
    }
    if (!this.#tasks.some(({ isUnsettled }) => isUnsettled)) {
      if (!this.#isRacing) {
        this.#deadline = now + this.#request.timeoutMs;
        this.#mapped.refresh(this.#pids());
      }
      this.#isRacing = true;
      this.#pollDelay = FIRST_POLL_MS;
      this.#decide();
    }
    if (this.#end !== undefined || !this.#tasks.some(({ state, isAsleep }) => state === 'running' && !isAsleep)) return;
    this.#nextPoll = now + this.#pollDelay;
    this.#pollDelay = Math.min(2 * this.#pollDelay, LAST_POLL_MS);
  }

  #decide(): void {
    for (const task of this.#turns.newlyWaiting()) this.#events.push({ kind: 'waits', task: task.index });
    const next = this.#turns.next();
    if (next === undefined) this.#onNoneReady();
    else if (next.kind === 'kill') {
      for (const task of next.tasks) {
        this.#events.push({ kind: 'killed', task: task.index });
        task.kill();
      }
    } else {
      this.#probedAgain = false;
      if (next.task.state === 'ready') this.#letThrough(next.task);
      else next.task.wake();
    }
  }

  /** No task can continue. Other tasks may have ended a wait, so all waits are probed once more before the race counts as stuck. */
  #onNoneReady(): void {
    const remaining = this.#tasks.filter(({ isOver }) => !isOver);
    const anyProbed = !this.#probedAgain && remaining.map((task) => task.probeAgain()).includes(true);
    this.#probedAgain = true;
    if (anyProbed || !remaining.every(({ waitsForever }) => waitsForever)) return; // wait for an event that is not an op, or for the time limit
    this.#finish({ how: 'stuck', waiting: remaining.map((task) => ({ task: task.index, where: task.where() })) });
  }

  #letThrough(task: RaceTask): void {
    const next = task.next();
    if (next === undefined) throw new Error('a ready task must have a thread at the gate');
    if (next.kind === 'op') {
      task.enter(this.#last === task ? next : this.#readAgain(next));
      this.#last = task;
      return;
    }
    if (next.kind === 'began') this.#events.push({ kind: 'began', task: task.index, step: next.step });
    if (next.kind === 'returned') this.#record(task, next.op);
    task.pass(next.tid);
  }

  #finish(end: RaceEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#nextPoll = undefined;
    this.#watched = this.#mapped.seen; // loads from a mapping are no ops, so every op of others may matter to them
    if (this.#mapped.doubt !== undefined) this.#unmeasured.add(this.#mapped.doubt);
    for (const { threads } of this.#tasks) for (const pid of threads.processes()) this.#watched ||= watchesFiles(pid);
    for (const task of this.#tasks) this.#keepOrKill(task);
  }

  #keepOrKill(task: RaceTask): void {
    const { heldAt, threads, index } = task;
    if (this.#watched || heldAt === undefined || !task.isQuiet || !this.#processes.keep(index, heldAt)) {
      threads.kill();
      return;
    }
    task.close();
    this.#kept.add(task);
  }

  /** Other tasks have run since it reached the gate, so its paths and descriptors are resolved again. */
  #readAgain(op: OpAtEntry): OpAtEntry {
    this.#libc.ptraceBuffer(PTRACE.getSyscallInfo, op.tid, SYSCALL_INFO_BYTES, this.#info);
    const current = this.#reader.read(op.tid, this.#info);
    return current?.kind === 'op' ? current : op;
  }

  /** 0 for the process that runs a task, 1… for those that it started. */
  #processNumber(tid: number): number {
    const threads = this.#tasks.find((task) => task.threads.has(tid))?.threads;
    return threads === undefined ? 0 : Math.max(0, [...threads.processes()].indexOf(threads.pidOf(tid)));
  }
}
