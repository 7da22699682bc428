import type { Json, RecordedRun, Step, Task, TaskStep, Tree } from './trace.ts';

/** A history of store calls and what was saved before it. It knows no store. */
export interface Scenario {
  /** Lower-case letters, digits and `-`: it is the second part of every case id. */
  readonly name: string;
  /** What it catches, in a few words. */
  readonly catches: string;
  /** Files that are there before the first step. The recorded part begins with a load, which may migrate them; where it throws, no step is tried. */
  readonly files?: Fixture;
  /** Steps carried out before the crash can come, in the same process. */
  readonly before: readonly Step[];
  /** The steps that are recorded and crashed in. None where there are tasks, or where histories are generated. */
  readonly steps: readonly Step[];
  /** What goes on at the same time: at least two. */
  readonly tasks?: readonly Task[];
  /** Histories are drawn at random instead of being written down. */
  readonly histories?: true;
  /** The plainest of the store's scenarios: models of what a store starts with run with it alone, unless they are named. */
  readonly plain?: true;
  /**
   * What recovery saves after the crash; differs from every value in the steps. Of a map: an object with the key that is set; of a log: the
   * record that is appended.
   */
  readonly next: Json;
  /** The run was recorded before: nothing is run for it. */
  readonly recorded?: RecordedRun;
}

/** Files that a store finds: of an older format, or beside their backup. */
interface Fixture {
  /** The directory that they are from, as the scenario names it. */
  readonly directory: string;
  readonly tree: Tree;
  /** What is stored in them. Absent: what load finds there, with nothing in its way. */
  readonly holds?: Json;
}

/** A scenario of which the files were not read. */
export type PlannedScenario = Omit<Scenario, 'files'> & { readonly files?: Omit<Fixture, 'tree'> };

/** What a scenario is written with. Values are dated shortly before the run, so that no store takes them for expired. */
export interface Values {
  /** Five sessions that differ from letter to letter: about 1 KiB as JSON. `pages` pads them to more than that many 4096-byte pages. */
  readonly value: (letter: string, options?: { readonly pages?: number }) => { readonly [key: string]: Json };
  /** One session under a key of its own: what an update adds. */
  readonly added: (letter: string) => { readonly [key: string]: Json };
}

/** A scenario whose values are made when a run starts. */
export interface ScenarioPlan {
  readonly name: string;
  readonly catches: string;
  /** A directory whose files are there before the first step: of an older format, say. Relative to the file of the store. */
  readonly files?: string;
  /** One change of a value that is there, and nothing else: models of what a store starts with run with such a scenario alone, unless they are named. */
  readonly plain?: true;
  readonly history: (values: Values) => SequentialHistory | ConcurrentHistory | GeneratedHistories;
}

/** One step after the other. */
interface SequentialHistory {
  readonly before?: readonly Step[];
  readonly steps: readonly Step[];
  /** With `files`: what is stored in them. Default: what load finds there, with nothing in its way. */
  readonly holds?: Json;
  readonly next?: Json;
}

/** Tasks that go on at the same time. */
interface ConcurrentHistory {
  readonly before?: readonly Step[];
  readonly tasks: readonly Task[];
  readonly next?: Json;
}

/** Histories that nobody wrote down. */
interface GeneratedHistories {
  readonly generated: true;
  readonly next?: Json;
}

/** Adds types to a scenario, and nothing else. */
export function defineScenario(plan: ScenarioPlan): ScenarioPlan {
  return plan;
}

/** Of a store that keeps a whole value: saves another one in its place. */
export const save = (value: Json): Step => ({ kind: 'save', value });
/** Of a store that keeps a whole value: adds these members to it, by the store's `update`. */
export const update = (add: { readonly [key: string]: Json }): Step => ({ kind: 'update', add });
/** Of a store that keeps a map: gives a key a value. */
export const set = (key: string, value: Json): Step => ({ kind: 'set', key, value });
/** Of a store that keeps a map: takes a key out. */
export const remove = (key: string): Step => ({ kind: 'delete', key });
/** Of a store that keeps a log: adds a record at its end. */
export const append = (record: Json): Step => ({ kind: 'append', record });
/** In a task: reads the store. */
export const load = (): TaskStep => ({ kind: 'load' });
/** In a task: saves what its last load returned, as a process does that read before it writes. */
export const saveLoaded = (): TaskStep => ({ kind: 'save-loaded' });
