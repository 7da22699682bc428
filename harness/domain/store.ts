import type { Outcome } from './outcomes.ts';
import type { ScenarioPlan } from './scenario.ts';
import type { Json } from './trace.ts';

/** From best to worst. `inconclusive` (not measured) is no grade that a store can claim. */
export type Grade = 'durable' | 'atomic' | 'lossy' | 'inconclusive';

/** The lowest grade a store promises under a model. `lossy` promises nothing and is never violated. */
export type Claim = Exclude<Grade, 'inconclusive'>;

/** A bug that is known to be there: a cell that must not end better than this, and must show this outcome. */
export interface KnownBug {
  readonly grade: 'lossy' | 'atomic';
  /** At least one failing case must have one of these outcomes. */
  readonly outcomes?: readonly Outcome[];
}

/** A claim for each model that is named: a model (`power-loss`), or one of its variants (`power-loss:xfs`). `crash-matrix doctor` lists them. */
export type Claims = { readonly [model: string]: Claim };
/** Known bugs for each scenario, and in it for each model that is named. */
export type KnownBugs = { readonly [scenario: string]: { readonly [model: string]: KnownBug } };

export type { Outcome };

/**
 * What a store promises, by the functions it has.
 *
 *   value  `save` + `load`            the last value that was saved, whole
 *   map    `set` (+ `delete`) + `load`  each key by itself: its last value
 *   log    `append` + `load`          every record that was acknowledged, in order, once
 */
export const CONTRACTS = ['value', 'map', 'log'] as const;

/** What a store promises to keep: a whole value, each key of a map, or each record of a log. */
export type Contract = (typeof CONTRACTS)[number];

/** The function that changes something, by which a store names its contract. */
export const CHANGE_OF = { value: 'save', map: 'set', log: 'append' } as const satisfies { readonly [contract in Contract]: string };

/** The contracts that the functions of a store name. */
export function contractsNamedBy(functions: { readonly [name in (typeof CHANGE_OF)[Contract]]?: unknown }): Contract[] {
  return CONTRACTS.filter((contract) => functions[CHANGE_OF[contract]] !== undefined);
}

/** What a store can be asked to do. */
export interface Abilities {
  readonly contract: Contract;
  /** Of a value: it has `update`. */
  readonly updates: boolean;
  /** Of a map: it has `delete`. */
  readonly deletes: boolean;
}

/** The call that makes a promise: the change itself, the `flush` after it, or the `close` after it. */
export const ACKNOWLEDGEMENTS = ['save', 'flush', 'close'] as const;

/** What any store may have. */
interface StoreOptions {
  /** Letters, digits, `.`, `_` and `-`: it is the first part of every case id. Defaults to the file's name. */
  readonly name?: string;
  /** What `load` returns when nothing was ever saved. Default: `{}`, `null` and `undefined` all count. */
  readonly empty?: Json;
  /**
   * Defaults: `process-kill: durable`, `power-loss: atomic`. A claim under power loss is held on ext4, xfs and btrfs; name a
   * profile, as in `'power-loss:posix'`, to be held to it there too. `power-cut` is held to the claim under power loss.
   */
  readonly claims?: Claims;
  /**
   * Most files that may stay behind after a crash, recovery and the next save, of those that are not there without the crash. Default: any
   * number. Held under `process-kill` and `power-loss`.
   */
  readonly litter?: number;
  /** Bugs this store is known to have, per scenario: finding them is as expected (exit 0), missing one fails the run. */
  readonly knownBugs?: KnownBugs;
  /** Names of built-in scenarios to run (default: all that the store supports), and scenarios of its own. */
  readonly scenarios?: readonly (string | ScenarioPlan)[];
  /** Environment variables for the processes that run the store. */
  readonly env?: { readonly [name: string]: string };
  /** Which contract to hold it to. Default: the one that its functions name. */
  readonly contract?: Contract;
  /**
   * Members of a loaded value that do not count, such as `updatedAt` or `*.loadedAt`; `*` stands for any key and any place in a list. Only what
   * the store changes by itself belongs here.
   */
  readonly ignore?: readonly string[];
}

/**
 * What functions of a store get in place of the directory, if it has an `open`. A handle lives until the process ends or `close` is called, and
 * several calls share it.
 */
interface Handles {
  /** Opens an existing directory. What it returns (or resolves to) is passed to the other functions. */
  readonly open?: (directory: string) => unknown;
  /** Forces what was changed before. */
  // biome-ignore lint/suspicious/noExplicitAny: a handle is whatever the store makes of it.
  readonly flush?: (handle: any) => unknown;
  /** When a change is promised to last. Default: when its own call has returned. */
  readonly acknowledges?: (typeof ACKNOWLEDGEMENTS)[number];
}

/** A store that can be imported. Each function gets an existing directory that is its own; values are JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a list of stores holds stores of any value, and each function takes its own.
export interface ModuleStore<Value = any> extends StoreOptions, Handles {
  /** Resolves when `value` has replaced what was stored before. */
  readonly save: (directory: string, value: Value) => unknown;
  /** Returns (or resolves to) the stored value. May throw if nothing was ever saved. */
  readonly load: (directory: string) => unknown;
  /** Reads the stored value, applies `change` to it and saves the result. */
  readonly update?: (directory: string, change: (value: Value) => Value) => unknown;
  /** Called after the last step: closes what `save` left open. */
  readonly close?: (directory: string) => unknown;
}

/** A store of a map: each key is promised by itself. Each function gets what `open` returned, or the directory. */
export interface MapStore extends StoreOptions, Handles {
  /** Resolves when the key has this value. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly set: (handle: any, key: string, value: any) => unknown;
  /** Resolves when the key is gone. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly delete?: (handle: any, key: string) => unknown;
  /** Returns (or resolves to) an object with every key. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly load: (handle: any) => unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly close?: (handle: any) => unknown;
}

/** A store of a log. Each function gets what `open` returned, or the directory. */
export interface LogStore extends StoreOptions, Handles {
  /** Resolves when the record is at the end of the log. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly append: (handle: any, record: any) => unknown;
  /** Returns (or resolves to) a list of every record. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly load: (handle: any) => unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly close?: (handle: any) => unknown;
}

/**
 * A store as children call it, whatever its contract: with the directory, and with a `save` that carries out what recovery saves next (see
 * `Scenario.next`).
 */
export interface StoreCalls {
  readonly empty?: Json;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly save: (directory: string, value: any) => unknown;
  readonly load: (directory: string) => unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly update?: (directory: string, change: (value: any) => any) => unknown;
  readonly set?: (directory: string, key: string, value: Json) => unknown;
  readonly delete?: (directory: string, key: string) => unknown;
  readonly append?: (directory: string, record: Json) => unknown;
  readonly close?: (directory: string) => unknown;
  /** Closes what `load` opened, in a process that goes on with other directories. */
  readonly release?: (directory: string) => unknown;
  /** It is not evaluated once more beside itself: its handle stays open until the process ends, or each call is a process of its own. */
  readonly onlyOnce?: true;
}

/**
 * A store in any language, run as a command (no shell). `{dir}` in an argument is replaced by the directory.
 * `saveCommand` gets the value as JSON on standard input, and has saved when it exits with 0.
 * `loadCommand` prints the stored value as JSON; a non-zero exit counts as `load` throwing, with its standard error.
 */
export interface CommandStore extends StoreOptions {
  readonly saveCommand: readonly string[];
  readonly loadCommand: readonly string[];
}

/**
 * A program in any language, run as it is. It promises by lines `ack <name>` on its standard output. `{dir}` in the command, the setup and the
 * check stands for the directory of the run, as the variable CRASH_MATRIX_DIR does.
 */
export interface ProgramStore extends Pick<StoreOptions, 'name' | 'claims' | 'knownBugs' | 'env'> {
  /** The program and its arguments, no shell. */
  readonly command: readonly string[];
  /** The directory that it changes, relative to where the run is started. What is in it is what each run starts with; it is copied. */
  readonly directory: string;
  /** A shell command: run once, in a copy of the directory, to make what each run starts with. */
  readonly setup?: string;
  /**
   * A shell command that says what is there after a crash: by its exit code or, with exit code 0, by `{"found": ["name", …]}` on its standard
   * output. It gets what was acknowledged in CRASH_MATRIX_ACKED, one name on each line. Default: the program is run again, and must reach what
   * it leaves without a crash.
   */
  readonly check?: string;
}

/** What the default export of a store's file is. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type Store<Value = any> = ModuleStore<Value> | MapStore | LogStore | CommandStore | ProgramStore;

/** Adds types to a store, and nothing else: a module whose default export is the plain object works too. */
export function defineStore<Value>(store: Store<Value>): Store<Value> {
  return store;
}
