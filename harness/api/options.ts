/** The options of a run, for programs. */
import type { Result } from '../domain/result.ts';

/** A `URL` of a file. */
export interface FileUrl {
  readonly href: string;
}

/** An `AbortSignal`. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * The path of a store's file, absolute or relative; its URL, as in `new URL('./notes.ts', import.meta.url)`; or the name of a built-in store.
 * It is no object: the processes that are killed load the file.
 */
export type StorePlace = string | FileUrl;

/** One, or several in a list. */
type OneOrMore<T> = T | readonly T[];

/**
 * How a run is made: the options of `crash-matrix run`, by the same names, with the same defaults, checked in the same way. An unknown name
 * and a value that cannot be are a `UsageError` that says what would be right.
 */
export interface HowOptions {
  /** What the stores go through, by name. Default: all that each store supports. */
  readonly scenario?: OneOrMore<string> | undefined;
  /** As in `power-loss`, or `power-loss:xfs` to hold the store to its claim there. Default: all that need no root. */
  readonly model?: OneOrMore<string> | undefined;
  /** How much is tried: `quick` finds the likeliest losses and proves nothing, `standard` is the gate, `deep` is for the night. */
  readonly effort?: Result['effort'] | undefined;
  /** A whole number, for all that is drawn: sampled states, random histories. Default: 0. */
  readonly seed?: number | undefined;
  /** Seconds that each load and each save may take. Default: 10. */
  readonly timeout?: number | undefined;
  /** Distinct states of power loss per cell up to which all are judged. Default: that of the effort. */
  readonly states?: number | undefined;
  /** Crashes in a row, from 1 to 9, each in the recovery from the one before: with 3 or more, until nothing new comes. Default: that of the effort. */
  readonly depth?: number | undefined;
  /** Of a race: switches from a process that could go on, in one run. Default: that of the effort. */
  readonly preemptions?: number | undefined;
  /** Random histories per cell. Default: that of the effort. */
  readonly histories?: number | undefined;
  /** By name: how ops are recorded. Default: the best that works here. */
  readonly recorder?: string | undefined;
  /** Fail only these calls: `call[:path][=ERRNO]`, as in `rename:*.tmp`. Default: all. */
  readonly fault?: OneOrMore<string> | undefined;
  /** Take the states from one run by copying, instead of killing a child for each. Default: false. */
  readonly observe?: boolean | undefined;
  /** Hold every claim where it is otherwise only shown. Default: false. */
  readonly strict?: boolean | undefined;
  /** Reuse cells that nothing has changed for since an earlier run. Default: true. */
  readonly cache?: boolean | undefined;
  /** Where cells are kept. Default: `node_modules/.cache/crash-matrix`, or the cache directory of the user. */
  readonly cacheDir?: string | undefined;
}

/** What `runMatrix` runs, and how. */
export interface MatrixOptions extends HowOptions {
  /** Relative paths begin at `cwd`. */
  readonly store: OneOrMore<StorePlace>;
  /** After a broken claim start no further cell. Default: false. */
  readonly bail?: boolean | undefined;
  /** Every case in the result, not only violations. Default: false. */
  readonly allCases?: boolean | undefined;
  /** `2/3`: only the second of three parts, which take about the same time. */
  readonly shard?: string | undefined;
  /** Where the run takes place: paths in its result are relative to it. Default: the working directory. */
  readonly cwd?: string | undefined;
  /** An `AbortSignal`. When it is aborted, the run ends, leaves nothing behind, and rejects with the signal's reason. */
  readonly signal?: StopSignal | undefined;
}

/**
 * The default export of `crash-matrix.config.ts`: what `crash-matrix run` does where its command line says nothing else. Paths are relative to the
 * working directory.
 */
export interface MatrixConfig extends HowOptions {
  /** Default: all built-in stores. */
  readonly store?: OneOrMore<string> | undefined;
  /** As in `terminal`, or `json=report/result.json`. */
  readonly reporter?: OneOrMore<string> | undefined;
  /** Where the files of reporters are written. */
  readonly outputDir?: string | undefined;
  /** A file with causes that are known. */
  readonly baseline?: string | undefined;
  /** After a broken claim start no further cell. Default: false. */
  readonly bail?: boolean | undefined;
  /** Every case in the JSON, not only violations. Default: false. */
  readonly allCases?: boolean | undefined;
  /** Reports hold no contents and no values. Default: false. */
  readonly redact?: boolean | undefined;
  /** Say where the time went. Default: false. */
  readonly timings?: boolean | undefined;
}

/** Adds types to a configuration, and nothing else. */
export function defineConfig(config: MatrixConfig): MatrixConfig {
  return config;
}
