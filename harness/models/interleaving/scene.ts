/**
 * Tasks of one store on the fake file system, played choice by choice: who goes on next, until nobody has anything left to do.
 *
 * Allows   any order of the system calls of different tasks; a call of the store may begin whenever its task has nothing under way. A
 *          synchronous function is one choice, as nothing can come between its effects; still each of them is a moment for a crash.
 * Forbids  other orders within a task: the calls that it has asked for happen in that order, and its timers come when it has none left and
 *          either nothing else can go on, or another task has changed the directory since they were set.
 */

import type { Loaded } from '../../domain/recovery.ts';
import type { TaskEvent } from '../../domain/schedule.ts';
import type { ModuleStore } from '../../domain/store.ts';
import type { Json, Step, Task, TaskStep } from '../../domain/trace.ts';
import { type Callers, OwnCaller, sharedCallers } from '../../fake/callers.ts';
import type { Snapshot } from '../../fake/directory.ts';
import { drive } from '../../fake/drive.ts';
import type { Evaluate } from '../../fake/evaluate.ts';
import { type FakeProcess, fakeProcess } from '../../fake/process.ts';
import { Volume } from '../../fake/volume.ts';
import { type Caller, type Happened, World } from '../../fake/world.ts';
import { load } from '../../store/calls.ts';
import { Events, Trees } from './noted.ts';

export interface SceneOptions {
  readonly evaluate: Evaluate;
  /** The store of what a bundle exports. */
  readonly storeOf: (exported: unknown) => ModuleStore;
  readonly directory: string;
  /** In ms since the epoch. */
  readonly now: number;
  readonly before: readonly Step[];
  readonly tasks: readonly Task[];
  /** `shared`: the tasks are in one process. `own`: each is a process of its own, and what came before was another. */
  readonly instances: 'shared' | 'own';
}

/** A moment at which everything may crash: after `at` effects, with what had been promised by then. */
export interface Moment {
  readonly at: number;
  readonly tree: number;
  events: number;
  /** Choices that had been made, the one under way included. */
  readonly choices: number;
}

/** What a scene knows of choices, in numbers. */
export interface SceneMemory {
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
/** Everything before the tasks. */
const SETUP = -1;
/** Effects of one run; a store that goes on for longer never ends. */
const MOST_EFFECTS = 5_000;
const MOST_CHOICES = 20_000;

interface Player {
  readonly caller: Caller;
  readonly callers: Callers;
  readonly store: ModuleStore;
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
  readonly moments: Moment[] = [];
  events: TaskEvent[] = [];
  effects = 0;
  /** In words, once nothing can go on though not all is done. */
  stuck: string | undefined;
  /** Is told of each effect of a task. */
  onEffect: (happened: Happened) => void = () => {};
  #eventsNumber = 0;
  #volumeKey = '';
  #volumeNumber = 0;
  #players: Player[] = [];
  #setup: Caller;
  #afterBefore: Snapshot | undefined;
  readonly #volume: Volume;
  readonly #processes: readonly (FakeProcess & { readonly callers: Callers })[];

  constructor(readonly options: SceneOptions) {
    const { directory, now, tasks, instances } = options;
    this.#volume = new Volume(directory, { newInode: () => 1, newDescriptor: () => 1, now: () => now });
    this.world = new World(this.#volume, now);
    this.#setup = this.world.newCaller(SETUP, true);
    const count = instances === 'shared' ? 1 : tasks.length + 1; // the last one is over when the tasks begin
    const isAlive = (pid: number): boolean => {
      const player = instances === 'shared' ? this.#players[0] : this.#players[pid - FIRST_PID];
      return (
        pid >= FIRST_PID && pid < FIRST_PID + Math.max(1, count - 1) && (instances === 'shared' || player === undefined || !isDone(player))
      );
    };
    this.#processes = Array.from({ length: count }, (_, index) => {
      const callers = instances === 'shared' ? sharedCallers(this.world) : new OwnCaller(this.world);
      return { ...fakeProcess(this.world, callers, FIRST_PID + index, isAlive), callers };
    });
    this.world.onHappened = (happened) => this.#happened(happened);
  }

  /** Sets everything back to before the first choice. Returns why it could not, in words. */
  async start(): Promise<string | undefined> {
    const { tasks, before, instances } = this.options;
    this.world.reset();
    this.choices.length = 0;
    this.moments.length = 0;
    this.events = [];
    this.#eventsNumber = 0;
    this.effects = 0;
    this.stuck = undefined;
    this.#players = [];
    this.#setup = this.world.newCaller(SETUP, true);
    let store: ModuleStore | undefined;
    if (this.#afterBefore !== undefined) this.#volume.restore(this.#afterBefore);
    else {
      this.#volume.restore([]);
      const first = this.#process(this.#processes.length - 1);
      store = this.#evaluate(first, this.#setup);
      const failure = await this.#carryOut(first.callers, store, before);
      if (failure !== undefined) return this.world.refused ?? failure;
      if (instances === 'own') {
        this.#afterBefore = this.#volume.snapshot();
        this.#volume.restore(this.#afterBefore);
      }
    }
    this.#players = tasks.map(({ steps }, index) => {
      const caller = this.world.newCaller(index, false);
      const process = this.#process(instances === 'shared' ? 0 : index);
      const its = store !== undefined && instances === 'shared' ? store : this.#evaluate(process, this.#setup);
      return { caller, callers: process.callers, store: its, steps, next: 0, busy: false, loaded: undefined };
    });
    this.#note();
    return this.world.refused;
  }

  /** The tasks that can go on. None: the run is over, and `stuck` says if that is not how it should be. */
  ready(): readonly number[] {
    if (this.effects >= MOST_EFFECTS || this.choices.length >= MOST_CHOICES) {
      this.stuck = `not done after ${this.effects} steps on the file system`;
      return [];
    }
    const ready: number[] = [];
    for (const [index, player] of this.#players.entries()) if (this.#canGoOn(player)) ready.push(index);
    if (ready.length > 0) return ready;
    if (this.#players.every(isDone)) return [];
    const timer = this.world.firstTimer();
    if (timer !== undefined) return [timer.caller.number];
    this.stuck = this.#whoWaits();
    return [];
  }

  /** Lets a task go on by one choice, and waits until all is quiet. */
  async goOn(task: number): Promise<void> {
    const player = this.#players[task] as Player;
    const { caller } = player;
    const before = this.effects;
    if (caller.waiting.length > 0) this.world.letThrough(caller);
    else if (!player.busy && player.next < player.steps.length) this.#begin(player);
    else {
      const timer = this.world.firstTimer(caller);
      if (timer !== undefined) this.world.fire(timer);
    }
    await this.world.settled();
    this.choices.push({ task, effects: this.effects - before });
    this.#note();
  }

  /** The tree and the events as they are now. */
  moment(): Moment {
    return { at: this.effects, tree: this.trees.number(this.#volume), events: this.#eventsNumber, choices: this.choices.length };
  }

  /** Gives the store the chance to put down what it still holds, once all tasks are done. */
  async close(): Promise<void> {
    if (this.#players.some((player) => player.store.close !== undefined)) {
      const stores = new Set(this.#players.map(({ store }) => store));
      for (const player of this.#players) player.caller.free = true;
      for (const store of stores) {
        const { caller, callers } = this.#players.find((player) => player.store === store) as Player;
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

  /** While choices of an earlier run are repeated nothing is noted: neither moments, nor what tasks observe. */
  set isReplay(replays: boolean) {
    this.world.observes = !replays;
  }

  /** What is noted of the choices so far. */
  memory(): SceneMemory {
    return { events: this.#eventsNumber, observed: this.#players.map(({ caller }) => caller.observed) };
  }

  /** Ends the repetition of choices of which this was noted. */
  goOnFrom({ events, observed }: SceneMemory): void {
    this.isReplay = false;
    this.#eventsNumber = events;
    for (const [index, { caller }] of this.#players.entries()) caller.observed = observed[index] ?? 0;
  }

  /** A text that two moments have in common exactly if all that can follow is the same, as far as tasks know each other by the directory. */
  stateKey(): string {
    let key = `${this.#eventsNumber}`;
    for (const player of this.#players) {
      const timer = this.world.firstTimer(player.caller);
      const alarm = timer === undefined ? '' : this.world.isWorthALook(timer) ? '!' : '.';
      key += ` ${player.next},${player.caller.observed},${player.caller.waiting.length}${player.busy ? 'b' : ''}${alarm}`;
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

  #canGoOn(player: Player): boolean {
    if (player.caller.waiting.length > 0 || (!player.busy && player.next < player.steps.length)) return true;
    if (!player.busy) return false;
    const timer = this.world.firstTimer(player.caller);
    return timer !== undefined && this.world.isWorthALook(timer);
  }

  #whoWaits(): string {
    const waiting = this.#players.flatMap((player, index) => (isDone(player) ? [] : [this.options.tasks[index]?.name]));
    return `${waiting.join(' and ')} ${waiting.length === 1 ? 'waits' : 'wait'} for what never comes`;
  }

  #process(index: number): FakeProcess & { readonly callers: Callers } {
    const process = this.#processes[index];
    if (process === undefined) throw new Error('every task has a process');
    return process;
  }

  #evaluate(process: FakeProcess & { readonly callers: Callers }, caller: Caller): ModuleStore {
    const { evaluate, storeOf } = this.options;
    return process.callers.as(caller, () => storeOf(evaluate(process)));
  }

  async #carryOut(callers: Callers, store: ModuleStore, steps: readonly Step[]): Promise<string | undefined> {
    const all = async (): Promise<string | undefined> => {
      try {
        for (const step of steps) await call(store, this.options.directory, step);
        return undefined;
      } catch (error) {
        return `what comes before the tasks failed: ${String(error)}`;
      }
    };
    const driven = await drive(this.world, callers.as(this.#setup, all));
    return driven.kind === 'stuck' ? 'what comes before the tasks never ended' : driven.value;
  }

  #begin(player: Player): void {
    const index = player.next;
    const step = player.steps[index] as TaskStep;
    const task = player.caller.number;
    player.next += 1;
    player.busy = true;
    const settle = (event: Omit<TaskEvent, 'task' | 'step' | 'at'>): void => {
      player.busy = false;
      this.#event({ task, step: index, at: this.effects, ...event });
    };
    const { store } = player;
    const { directory } = this.options;
    if (step.kind === 'load') {
      this.#event({ task, step: index, kind: 'began', at: this.effects });
      void player.callers.as(player.caller, async () => {
        player.loaded = await load(store, directory);
        settle({ kind: player.loaded.kind === 'loaded' ? 'resolved' : 'rejected', loaded: player.loaded });
      });
      return;
    }
    const value = step.kind === 'save' ? step.value : step.kind === 'save-loaded' ? loadedValue(player.loaded) : undefined;
    if (step.kind === 'save-loaded' && value === undefined) {
      player.busy = false; // there is nothing to save for a program whose load failed
      return;
    }
    this.#event({ task, step: index, kind: 'began', at: this.effects, ...(value !== undefined && { saved: value }) });
    void player.callers.as(player.caller, async () => {
      try {
        await call(store, directory, step.kind === 'update' ? step : { kind: 'save', value: value as Json });
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
    const { choices, ...now } = this.moment();
    this.moments.push({ ...now, choices: choices + 1 });
  }

  /** The crash comes as late as it can: what was promised by the time that all was quiet counts. */
  #note(): void {
    if (!this.world.observes) return;
    const last = this.moments.at(-1);
    const isIdle = this.choices.at(-1)?.effects === 0;
    if (last === undefined || (isIdle && last.events !== this.#eventsNumber)) this.moments.push(this.moment());
    else if (!isIdle) last.events = this.#eventsNumber;
  }
}

function isDone({ caller, busy, next, steps }: Player): boolean {
  return !busy && next === steps.length && caller.waiting.length === 0;
}

function loadedValue(loaded: Loaded | undefined): Json | undefined {
  return loaded?.kind === 'loaded' ? loaded.value : undefined;
}

const texts = new WeakMap<object, string>();

/** Values come again and again; parsing one is the fastest way to a copy. */
function copyOf(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  const text = texts.get(value) ?? JSON.stringify(value);
  texts.set(value, text);
  return JSON.parse(text);
}

/** Each call gets values of its own: some stores change what they are given. */
async function call(store: ModuleStore, directory: string, step: Step): Promise<void> {
  if (step.kind === 'save') await store.save(directory, copyOf(step.value));
  else if (store.update === undefined) throw new Error('the store has no update');
  else await store.update(directory, (value: unknown) => ({ ...(value as { [key: string]: Json }), ...step.add }));
}
