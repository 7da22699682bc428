/**
 * Carries out ops one at a time, in the order that the plan asks for, and reports them.
 *
 * Allows   observing (any order, the tree after every change), following a recorded order, a kill, a quit or a fault at one point of it.
 * Forbids  an op that is not next in the order. An asynchronous op waits for its turn; a synchronous one cannot wait.
 * Real     an asynchronous op happens at the call or, if it has to wait, in a later turn of the event loop. Two ops never overlap,
 *          so a bug that needs two ops in progress at once does not show.
 */

import { changesTree } from '../../domain/calls.ts';
import type { RawEvent, RawMark, RawOp } from '../../domain/events.ts';
import { scanTimes } from '../../domain/file-times.ts';
import type { Tree } from '../../domain/trace.ts';
import { equalTrees, type ScanCache, scanTree, spoolTree } from '../../domain/tree.ts';
import { diskIn } from '../disk.ts';
import { type Fault, Faults, firstFaultyOp, type Injection } from '../fault.ts';
import { isMarkKey, isNext, markKey, type OpIntent, opKey } from '../order.ts';
import type { RunPlan } from '../recorder.ts';
import { codeOf, errorOfErrno } from './errors.ts';
import type { Files } from './files.ts';
import type { OpResult, PlannedOp } from './planned-op.ts';

/** Carries an op out. A read, write or copy that is to be cut short gets the number of bytes that it may transfer. */
type CarryOut<T> = (limit: number | undefined) => T;

interface Waiting {
  readonly key: string;
  readonly begin: () => void;
}

/** Turns of the event loop that an op may wait before the run counts as diverged; slow turns last a millisecond each. */
const QUICK_TURNS = 50;
const SLOW_TURNS = 500;

const END = 'the end of the run';
const DIVERGED_EXIT = 86;

export class Conductor {
  readonly #plan: RunPlan;
  readonly #spool: string;
  #directory: string;
  #files: Files;
  readonly #emit: (event: RawEvent) => void;
  readonly #waiting: Waiting[] = [];
  readonly #unmeasured = new Set<string>();
  #scanned: ScanCache = new Map();
  // Kept here because the store may replace the globals.
  readonly #setImmediate = setImmediate;
  readonly #setTimeout = setTimeout;
  readonly #kill = process.kill.bind(process);
  /** Exits without running the store's exit handlers, which could change files. */
  readonly #exit = (process as unknown as { reallyExit(code: number): never }).reallyExit.bind(process);
  #recording = false;
  #unhooked = false;
  /** A submitted call is running. */
  #isInsideCall = false;
  #turnIsScheduled = false;
  #idleTurns = 0;
  #tree: Tree = new Map();
  /** Events so far: the index in the order. */
  #position = 0;
  /** Ops so far. */
  #ops = 0;
  #stack: string | undefined;
  readonly #injected = new WeakSet<object>();
  #faults: Faults | undefined;
  #firstFaulty = 0;

  constructor(plan: RunPlan, directory: string, spool: string, files: Files, emit: (event: RawEvent) => void) {
    this.#plan = plan;
    this.#directory = directory;
    this.#spool = spool;
    this.#files = files;
    this.#emit = emit;
    if (plan.kind === 'fault') this.switchTo(directory, files, plan.runs[0]?.faults ?? []);
  }

  /** The next `start` begins a run in this directory, with these faults. */
  switchTo(directory: string, files: Files, faults: readonly Fault[]): void {
    this.#directory = directory;
    this.#files = files;
    this.#scanned = new Map();
    const disk = diskIn(directory);
    this.#faults = new Faults(faults, {
      look: (path) => this.unrecorded(() => disk.look(path)),
      keep: (path) => this.unrecorded(() => disk.keep(path)),
    });
    this.#firstFaulty = firstFaultyOp(faults);
    [this.#position, this.#ops] = [0, 0];
  }

  /** Between `start` and `finish`. */
  get recording(): boolean {
    return this.#recording && !this.#unhooked;
  }

  /** While the recorder itself works on the directory. */
  get unhooked(): boolean {
    return this.#unhooked;
  }

  /**
   * Stacks cost more than the ops. Runs that are killed or get faults repeat a run that was observed with its stacks. Only what a store does
   * after a fault was not observed then; so a run with faults that is made alone takes stacks.
   */
  get wantsStacks(): boolean {
    const { kind } = this.#plan;
    return this.#recording && kind !== 'kill' && !(kind === 'fault' && this.#plan.runs.length > 1);
  }

  start(): void {
    this.#recording = true;
    if (this.#plan.kind === 'kill') return;
    this.#tree = this.#scan();
    this.#emit({ kind: 'start', tree: this.#spooled(), times: this.unrecorded(() => scanTimes(this.#directory, this.#tree)) });
  }

  mark(kind: RawMark['kind'], step: number, message?: string): void {
    if (this.#follows()) this.#admit(markKey({ kind, step }));
    this.#faults?.settled();
    this.#position += 1;
    this.#emit(message === undefined ? { kind, step } : { kind, step, message });
    this.#scheduleTurn();
  }

  finish(): void {
    if (this.#follows()) {
      const next = this.#order()[this.#position] ?? this.#waiting[0]?.key;
      if (next !== undefined) this.#diverge(next, END);
    }
    this.#recording = false;
    this.#emit({ kind: 'end', how: 'finished' });
  }

  unmeasured(what: string): void {
    if (!this.recording || this.#unmeasured.has(what)) return;
    this.#unmeasured.add(what);
    this.#emit({ kind: 'unmeasured', what });
  }

  /** Begins a call when its first op is next in the order. `begin` must not throw. */
  submit(first: () => Omit<OpIntent, 'process'> | undefined, begin: () => void): void {
    const intent = this.recording && this.#follows() ? first() : undefined;
    if (intent === undefined) {
      begin();
      return;
    }
    this.#waiting.push({ key: this.#key(intent), begin });
    while (this.#runWaiting());
    this.#scheduleTurn();
  }

  /** Reports the ops of `call` with this stack. */
  withStack<T>(stack: string | undefined, call: () => T): T {
    const outer = this.#stack;
    this.#stack = stack;
    try {
      return call();
    } finally {
      this.#stack = outer;
    }
  }

  /** Carries out one op when it is next in the order. Throws what `carryOut` throws. */
  perform<T>(planned: PlannedOp, carryOut: CarryOut<T>, resultOf?: (value: T) => OpResult): T {
    if (!this.recording) {
      const value = carryOut(undefined);
      resultOf?.(value);
      return value;
    }
    if (this.#follows()) this.#admit(this.#key(planned));
    this.#quitBefore();
    const kill = this.#killBefore(planned);
    const injection = this.#faults?.at(this.#ops + 1, planned, this.#key(planned));
    this.#position += 1;
    this.#ops += 1;
    let value: T;
    try {
      value = injection?.kind === 'fail' ? this.#fail(planned, injection, carryOut) : carryOut(injection?.bytes ?? kill);
    } catch (error) {
      const taken = injection?.kind === 'fail' && injection.takeBack !== undefined;
      this.#report(planned, {}, injection?.kind === 'fail' ? injection.errno : codeOf(error), taken || changesTree(planned.call));
      this.#scheduleTurn();
      throw error;
    }
    const result = resultOf?.(value) ?? {};
    this.#report(planned, result, result.error);
    if (kill !== undefined) this.#die();
    this.#scheduleTurn();
    return value;
  }

  /** Whether a write may be cut short, so that the caller must write the rest, as libuv does. */
  get mayShortenWrites(): boolean {
    return this.#faults !== undefined;
  }

  /** Whether this error is an injected fault: trying the call again would succeed. */
  isInjected(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#injected.has(error);
  }

  #fail<T>(planned: PlannedOp, { errno, takeBack }: Extract<Injection, { kind: 'fail' }>, carryOut: CarryOut<T>): never {
    if (planned.call === 'close') carryOut(undefined); // the descriptor is gone even if close reports an error
    if (takeBack !== undefined) this.unrecorded(takeBack);
    const error = errorOfErrno(errno, planned, this.#directory);
    this.#injected.add(error);
    throw error;
  }

  /** Runs file system calls of the recorder itself, which are not ops. */
  unrecorded<T>(work: () => T): T {
    const outer = this.#unhooked;
    this.#unhooked = true;
    try {
      return work();
    } finally {
      this.#unhooked = outer;
    }
  }

  // --- the order

  #run(begin: () => void): void {
    const outer = this.#isInsideCall;
    this.#isInsideCall = true;
    try {
      begin();
    } finally {
      this.#isInsideCall = outer;
    }
  }

  /** Whether the next event must be the next one in the order. */
  #follows(): boolean {
    if (this.#plan.kind === 'fault') return this.#ops < this.#firstFaulty;
    return this.#plan.kind !== 'observe' && !this.#isAtQuit;
  }

  /** From the boundary of a quit on, the process goes on as it likes. A mark that is next belongs to that boundary. */
  get #isAtQuit(): boolean {
    if (this.#plan.kind !== 'asked' || this.#ops < this.#plan.at) return false;
    return this.#ops > this.#plan.at || !isMarkKey(this.#order()[this.#position] ?? END);
  }

  #order(): readonly string[] {
    return this.#plan.kind === 'observe' ? [] : this.#plan.order;
  }

  #key(intent: Omit<OpIntent, 'process'>): string {
    return opKey({ ...intent, process: 0 }, this.#plan.kind === 'observe' ? [] : this.#plan.names);
  }

  #isNext(key: string): boolean {
    if (!this.#follows()) return true;
    return isNext(this.#order(), this.#position, key, this.#plan.kind === 'follow' ? this.#plan.matching : 'same');
  }

  /** Runs waiting calls until this event is next. Ends the run as diverged if no waiting call can run. */
  #admit(key: string): void {
    while (!this.#isNext(key)) {
      if (this.#isInsideCall || !this.#runWaiting()) this.#diverge(this.#order()[this.#position] ?? END, key);
    }
  }

  /** Runs the waiting call that is next, if any. A call with exactly the expected key precedes one that is only alike. */
  #runWaiting(): boolean {
    const expected = this.#order()[this.#position];
    let at = this.#waiting.findIndex(({ key }) => key === expected);
    if (at < 0) at = this.#waiting.findIndex(({ key }) => this.#isNext(key));
    const [found] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (found === undefined) return false;
    this.#run(found.begin);
    return true;
  }

  #scheduleTurn(): void {
    this.#idleTurns = 0;
    if (this.#waiting.length === 0 || this.#turnIsScheduled) return;
    this.#turnIsScheduled = true;
    const turn = (): void => {
      while (this.#runWaiting()) this.#idleTurns = 0;
      const first = this.#waiting[0];
      if (first === undefined || !this.#recording) {
        this.#turnIsScheduled = false;
        return;
      }
      this.#idleTurns += 1;
      if (this.#idleTurns > QUICK_TURNS + SLOW_TURNS) this.#diverge(this.#order()[this.#position] ?? END, first.key);
      if (this.#idleTurns <= QUICK_TURNS) this.#setImmediate(turn);
      else this.#setTimeout(turn, 1); // the store's thread pools and timers need real time
    };
    this.#setImmediate(turn);
  }

  #diverge(expected: string, got: string): never {
    this.#emit({ kind: 'end', how: 'diverged', at: this.#position, expected, got });
    this.#exit(DIVERGED_EXIT);
    throw new Error('unreachable: the process has exited');
  }

  // --- the kill

  /** Ends the process if the kill point lies before this op. If it lies inside, returns the bytes that the op may write. */
  #killBefore(planned: PlannedOp): number | undefined {
    if (this.#plan.kind !== 'kill') return undefined;
    const { op, bytes } = this.#plan.at;
    if (bytes === undefined) {
      if (this.#ops === op) this.#die();
      return undefined;
    }
    if (this.#ops + 1 !== op) return undefined;
    if (planned.call !== 'write' && planned.call !== 'copy') this.#diverge('write or copy', this.#key(planned));
    return bytes;
  }

  /** Tells the process to quit if the boundary lies before this op. A listener runs in a later turn, after the op. */
  #quitBefore(): void {
    if (this.#plan.kind !== 'asked' || this.#plan.signal === undefined || !this.#isAtQuit || this.#ops > this.#plan.at) return;
    this.#kill(process.pid, this.#plan.signal);
  }

  #die(): never {
    this.#emit({ kind: 'end', how: 'killed', signal: 'SIGKILL' });
    this.#kill(process.pid, 'SIGKILL');
    const never = new Int32Array(new SharedArrayBuffer(4));
    for (;;) Atomics.wait(never, 0, 0); // no store code may run before the signal arrives
  }

  // --- the report

  #report(planned: PlannedOp, result: OpResult, error: string | undefined, mayChange = changesTree(planned.call)): void {
    const file = result.file ?? planned.file;
    const id = this.#files.idOf(file);
    const to = planned.to === undefined ? undefined : { path: planned.to.path, id: this.#files.idOf(result.to ?? planned.to.file) };
    const tree = this.#plan.kind !== 'kill' && mayChange ? this.#changedTree() : undefined;
    const op: RawOp = {
      kind: 'op',
      call: planned.call,
      via: planned.via,
      path: planned.path,
      id,
      ...(to === undefined ? {} : { to }),
      ...(planned.flags === undefined ? {} : { flags: planned.flags }),
      ...(result.range === undefined ? {} : { range: result.range }),
      ...(planned.mode === undefined ? {} : { mode: planned.mode }),
      ...(error === undefined ? {} : { error }),
      process: 0,
      ...(this.#stack === undefined ? {} : { stack: this.#stack }),
      ...(tree === undefined ? {} : { tree }),
    };
    this.#emit(op);
  }

  #changedTree(): RawOp['tree'] {
    const tree = this.#scan();
    if (equalTrees(tree, this.#tree)) return undefined;
    this.#tree = tree;
    return this.#spooled();
  }

  #spooled(): NonNullable<RawOp['tree']> {
    return this.unrecorded(() => spoolTree(this.#tree, this.#spool));
  }

  #scan(): Tree {
    return this.unrecorded(() => {
      try {
        return scanTree(this.#directory, this.#scanned);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return new Map(); // the store removed its own directory
        throw error;
      }
    });
  }
}
