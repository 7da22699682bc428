/**
 * Executes the tasks of one store on the fake file system, one scheduling choice at a time, until no task can continue.
 *
 * Allows   any order of the system calls of different tasks; a call of the store may begin whenever its task is idle. A synchronous
 *          function is one choice, as nothing can come between its effects; but after each of them everything may crash.
 * Forbids  other orders within a task: its system calls happen in the order in which it requests them. Its timers fire only when it has no
 *          pending call, and either no task can continue or another task has changed the directory since the timer was set.
 */

import type { Loaded } from '../../domain/recovery.ts';
import type { TaskEvent } from '../../domain/schedule.ts';
import type { StoreCalls } from '../../domain/store.ts';
import type { Json, Step, Task, TaskStep } from '../../domain/trace.ts';
import { type Callers, OwnCaller, sharedCallers } from '../../fake/callers.ts';
import type { Snapshot } from '../../fake/directory.ts';
import { drive } from '../../fake/drive.ts';
import type { Evaluate } from '../../fake/evaluate.ts';
import { type FakeProcess, fakeProcess } from '../../fake/process.ts';
import { Volume } from '../../fake/volume.ts';
import { type Caller, type Happened, SETUP, World } from '../../fake/world.ts';
import { carryOut, load } from '../../store/calls.ts';
import { Events, Trees } from './noted.ts';

export interface SceneOptions {
  readonly evaluate: Evaluate;
  /** The store in the exports of a bundle. */
  readonly storeOf: (exported: unknown) => StoreCalls;
  readonly directory: string;
  /** In ms since the epoch. */
  readonly now: number;
  readonly before: readonly Step[];
  readonly tasks: readonly Task[];
  /** `shared`: all tasks run in one process. `own`: each task and the setup has a process of its own. */
  readonly instances: 'shared' | 'own';
}

/** A point at which everything may crash, or at which a run ends: after `at` effects, with the events so far. */
export interface CrashPoint {
  readonly at: number;
  /** A number of `Trees`. */
  readonly tree: number;
  /** A number of `Events`. */
  events: number;
  /** Choices made so far, including the current one. */
  readonly choices: number;
}

/** What was observed after a prefix of choices, so that a repetition of the prefix need not record it again. */
export interface ReplayState {
  readonly events: number;
  /** By task. */
  readonly observed: readonly number[];
}

/** One choice that was made, and how many effects it had. */
export interface Choice {
  readonly task: number;
  readonly effects: number;
}

const FIRST_PID = 4001;
/** Limits for one run; a store that exceeds one is taken to run forever. */
const MOST_EFFECTS = 5_000;
const MOST_CHOICES = 20_000;

/** The progress of one task. */
interface TaskRun {
  readonly caller: Caller;
  readonly callers: Callers;
  readonly store: StoreCalls;
  readonly steps: readonly TaskStep[];
  next: number;
  busy: boolean;
  loaded: Loaded | undefined;
}

export class Scene {
  readonly world: World;
  readonly trees = new Trees();
  readonly allEvents = new Events();
  readonly choices: Choice[] = [];
  readonly crashPoints: CrashPoint[] = [];
  events: TaskEvent[] = [];
  effects = 0;
  /** Why no task can continue, though some are not done. */
  stuck: string | undefined;
  /** Called for each effect of a task. */
  onEffect: (happened: Happened) => void = () => {};
  #eventsNumber = 0;
  #volumeKey = '';
  #volumeNumber = 0;
  #taskRuns: TaskRun[] = [];
  #setup: Caller;
  #afterSetup: Snapshot | undefined;
  readonly #volume: Volume;
  readonly #processes: readonly (FakeProcess & { readonly callers: Callers })[];

  constructor(readonly options: SceneOptions) {
    const { directory, now, tasks, instances } = options;
    this.#volume = new Volume(directory, { newInode: () => 1, newDescriptor: () => 1, now: () => now });
    this.world = new World(this.#volume, now);
    this.#setup = this.world.newCaller(SETUP, true);
    const count = instances === 'shared' ? 1 : tasks.length + 1; // the last one runs the setup, and ends before the tasks begin
    const isAlive = (pid: number): boolean => {
      const run = instances === 'shared' ? this.#taskRuns[0] : this.#taskRuns[pid - FIRST_PID];
      return pid >= FIRST_PID && pid < FIRST_PID + Math.max(1, count - 1) && (instances === 'shared' || run === undefined || !isDone(run));
    };
    this.#processes = Array.from({ length: count }, (_, index) => {
      const callers = instances === 'shared' ? sharedCallers(this.world) : new OwnCaller(this.world);
      return { ...fakeProcess(this.world, callers, FIRST_PID + index, isAlive), callers };
    });
    this.world.onHappened = (happened) => this.#happened(happened);
  }

  /** Resets everything to before the first choice. Returns the reason if it cannot. */
  async start(): Promise<string | undefined> {
    const { tasks, before, instances } = this.options;
    this.world.reset();
    this.choices.length = 0;
    this.crashPoints.length = 0;
    this.events = [];
    this.#eventsNumber = 0;
    this.effects = 0;
    this.stuck = undefined;
    this.#taskRuns = [];
    this.#setup = this.world.newCaller(SETUP, true);
    let store: StoreCalls | undefined;
    if (this.#afterSetup !== undefined) this.#volume.restore(this.#afterSetup);
    else {
      this.#volume.restore([]);
      const first = this.#process(this.#processes.length - 1);
      store = this.#evaluate(first, this.#setup);
      const failure = await this.#carryOut(first.callers, store, before);
      if (failure !== undefined) return this.world.refused ?? failure;
      if (instances === 'own') {
        this.#afterSetup = this.#volume.snapshot();
        this.#volume.restore(this.#afterSetup);
      }
    }
    this.#taskRuns = tasks.map(({ steps }, index) => {
      const caller = this.world.newCaller(index, false);
      const process = this.#process(instances === 'shared' ? 0 : index);
      const own = store !== undefined && instances === 'shared' ? store : this.#evaluate(process, this.#setup);
      return { caller, callers: process.callers, store: own, steps, next: 0, busy: false, loaded: undefined };
    });
    this.#note();
    return this.world.refused;
  }

  /** The tasks that can continue. None if the run is over; then `stuck` is set if tasks are not done. */
  ready(): readonly number[] {
    if (this.effects >= MOST_EFFECTS || this.choices.length >= MOST_CHOICES) {
      this.stuck = `not done after ${this.effects} steps on the file system`;
      return [];
    }
    const ready: number[] = [];
    for (const [index, run] of this.#taskRuns.entries()) if (this.#canContinue(run)) ready.push(index);
    if (ready.length > 0) return ready;
    if (this.#taskRuns.every(isDone)) return [];
    const timer = this.world.firstTimer();
    if (timer !== undefined) return [timer.caller.number];
    this.stuck = this.#waitingTasks();
    return [];
  }

  /** Advances a task by one choice, and waits until the world has settled. */
  async advance(task: number): Promise<void> {
    const run = this.#taskRuns[task] as TaskRun;
    const { caller } = run;
    const before = this.effects;
    if (caller.waiting.length > 0) this.world.letThrough(caller);
    else if (!run.busy && run.next < run.steps.length) this.#begin(run);
    else {
      const timer = this.world.firstTimer(caller);
      if (timer !== undefined) this.world.fire(timer);
    }
    await this.world.settled();
    this.choices.push({ task, effects: this.effects - before });
    this.#note();
  }

  /** The current tree and events. */
  crashPoint(): CrashPoint {
    return { at: this.effects, tree: this.trees.number(this.#volume), events: this.#eventsNumber, choices: this.choices.length };
  }

  /** Closes the stores, once all tasks are done. */
  async close(): Promise<void> {
    if (this.#taskRuns.some((run) => run.store.close !== undefined)) {
      const stores = new Set(this.#taskRuns.map(({ store }) => store));
      for (const run of this.#taskRuns) run.caller.free = true;
      for (const store of stores) {
        const { caller, callers } = this.#taskRuns.find((run) => run.store === store) as TaskRun;
        await drive(
          this.world,
          callers
            .as(caller, async () => store.close?.(this.options.directory))
            .then(
              () => {},
              () => {},
            ),
        );
      }
    }
  }

  /** While choices of an earlier run are repeated, neither crash points nor observations are recorded. */
  set isReplay(replays: boolean) {
    this.world.observes = !replays;
  }

  /** What was observed so far. */
  replayState(): ReplayState {
    return { events: this.#eventsNumber, observed: this.#taskRuns.map(({ caller }) => caller.observed) };
  }

  /** Ends the repetition of choices, with the state that was recorded after them. */
  resumeFrom({ events, observed }: ReplayState): void {
    this.isReplay = false;
    this.#eventsNumber = events;
    for (const [index, { caller }] of this.#taskRuns.entries()) caller.observed = observed[index] ?? 0;
  }

  /** Equal for two states exactly if everything that can follow is the same, if tasks communicate only through the directory. */
  stateKey(): string {
    let key = `${this.#eventsNumber}`;
    for (const run of this.#taskRuns) {
      const timer = this.world.firstTimer(run.caller);
      const alarm = timer === undefined ? '' : this.world.isWorthALook(timer) ? '!' : '.';
      key += ` ${run.next},${run.caller.observed},${run.caller.waiting.length}${run.busy ? 'b' : ''}${alarm}`;
    }
    const volume = this.#volume.stateKey();
    if (this.#volumeKey !== volume) {
      this.#volumeKey = volume;
      this.#volumeNumber = this.world.observations.number(volume);
    }
    return `${key} ${this.#volumeNumber}`;
  }

  get eventsNumber(): number {
    return this.#eventsNumber;
  }

  snapshot(): Snapshot {
    return this.#volume.snapshot();
  }

  #canContinue(run: TaskRun): boolean {
    if (run.caller.waiting.length > 0 || (!run.busy && run.next < run.steps.length)) return true;
    if (!run.busy) return false;
    const timer = this.world.firstTimer(run.caller);
    return timer !== undefined && this.world.isWorthALook(timer);
  }

  #waitingTasks(): string {
    const waiting = this.#taskRuns.flatMap((run, index) => (isDone(run) ? [] : [this.options.tasks[index]?.name]));
    return `${waiting.join(' and ')} ${waiting.length === 1 ? 'waits' : 'wait'} for something that never happens`;
  }

  #process(index: number): FakeProcess & { readonly callers: Callers } {
    const process = this.#processes[index];
    if (process === undefined) throw new Error('every task has a process');
    return process;
  }

  #evaluate(process: FakeProcess & { readonly callers: Callers }, caller: Caller): StoreCalls {
    const { evaluate, storeOf } = this.options;
    return process.callers.as(caller, () => storeOf(evaluate(process)));
  }

  async #carryOut(callers: Callers, store: StoreCalls, steps: readonly Step[]): Promise<string | undefined> {
    const all = async (): Promise<string | undefined> => {
      try {
        for (const step of steps) await call(store, this.options.directory, step);
        return undefined;
      } catch (error) {
        return `a step before the tasks failed: ${String(error)}`;
      }
    };
    const driven = await drive(this.world, callers.as(this.#setup, all));
    return driven.kind === 'stuck'
      ? 'a step before the tasks never settled on the fake file system, which does no work of other threads (zlib, crypto, workers)'
      : driven.value;
  }

  #begin(run: TaskRun): void {
    const index = run.next;
    const step = run.steps[index] as TaskStep;
    const task = run.caller.number;
    run.next += 1;
    run.busy = true;
    const settle = (event: Omit<TaskEvent, 'task' | 'step' | 'at'>): void => {
      run.busy = false;
      this.#event({ task, step: index, at: this.effects, ...event });
    };
    const { store } = run;
    const { directory } = this.options;
    if (step.kind === 'load') {
      this.#event({ task, step: index, kind: 'began', at: this.effects });
      void run.callers.as(run.caller, async () => {
        run.loaded = await load(store, directory);
        settle({ kind: run.loaded.kind === 'loaded' ? 'resolved' : 'rejected', loaded: run.loaded });
      });
      return;
    }
    const value = step.kind === 'save' ? step.value : step.kind === 'save-loaded' ? loadedValue(run.loaded) : undefined;
    if (step.kind === 'save-loaded' && value === undefined) {
      run.busy = false; // a task whose load failed has no value to save
      return;
    }
    this.#event({ task, step: index, kind: 'began', at: this.effects, ...(value !== undefined && { saved: value }) });
    void run.callers.as(run.caller, async () => {
      try {
        await call(store, directory, step.kind === 'save-loaded' ? { kind: 'save', value: value as Json } : step);
        settle({ kind: 'resolved' });
      } catch (error) {
        settle({ kind: 'rejected', error: String(error) });
      }
    });
  }

  #event(event: TaskEvent): void {
    this.events.push(event);
    if (this.world.observes) this.#eventsNumber = this.allEvents.number(this.#eventsNumber, event, this.events);
  }

  #happened(happened: Happened): void {
    if (happened.caller.number === SETUP) return;
    this.effects += 1;
    this.onEffect(happened);
    if (!this.world.observes) return;
    const { choices, ...now } = this.crashPoint();
    this.crashPoints.push({ ...now, choices: choices + 1 });
  }

  /** A crash after an effect comes as late as possible: all events until the world settled count. */
  #note(): void {
    if (!this.world.observes) return;
    const last = this.crashPoints.at(-1);
    const isIdle = this.choices.at(-1)?.effects === 0;
    if (last === undefined || (isIdle && last.events !== this.#eventsNumber)) this.crashPoints.push(this.crashPoint());
    else if (!isIdle) last.events = this.#eventsNumber;
  }
}

function isDone({ caller, busy, next, steps }: TaskRun): boolean {
  return !busy && next === steps.length && caller.waiting.length === 0;
}

function loadedValue(loaded: Loaded | undefined): Json | undefined {
  return loaded?.kind === 'loaded' ? loaded.value : undefined;
}

const texts = new WeakMap<object, string>();

/** The same values are copied often; parsing their JSON is the fastest way. */
function copyOf<Value extends Json | Step>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  const text = texts.get(value) ?? JSON.stringify(value);
  texts.set(value, text);
  return JSON.parse(text);
}

/** Each call gets new values: some stores modify their arguments. */
const call = (store: StoreCalls, directory: string, step: Step): Promise<void> => carryOut(store, directory, copyOf(step) as Step);
