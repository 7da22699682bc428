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
  /** Bugs this store is known to have, per scenario: finding them is as expected (exit 0), missing one fails the run. */
  readonly knownBugs?: KnownBugs;
  /** Names of built-in scenarios to run (default: all that the store supports), and scenarios of its own. */
  readonly scenarios?: readonly (string | ScenarioPlan)[];
  /** Environment variables for the processes that run the store. */
  readonly env?: { readonly [name: string]: string };
}

/** A store that can be imported. Each function gets an existing directory that is its own; values are JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a list of stores holds stores of any value, and each function takes its own.
export interface ModuleStore<Value = any> extends StoreOptions {
  /** Resolves when `value` has replaced what was stored before. */
  readonly save: (directory: string, value: Value) => unknown;
  /** Returns (or resolves to) the stored value. May throw if nothing was ever saved. */
  readonly load: (directory: string) => unknown;
  /** Reads the stored value, applies `change` to it and saves the result. */
  readonly update?: (directory: string, change: (value: Value) => Value) => unknown;
  /** Called after the last step: closes what `save` left open. */
  readonly close?: (directory: string) => unknown;
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

// biome-ignore lint/suspicious/noExplicitAny: as above.
export type Store<Value = any> = ModuleStore<Value> | CommandStore;

/** Adds types to a store, and nothing else: a module whose default export is the plain object works too. */
export function defineStore<Value>(store: Store<Value>): Store<Value> {
  return store;
}
