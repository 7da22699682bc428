/** In place of a bundle: the server evaluates no store. */
export const NO_STORE = '';

/** Between the tracer and a fork server. Requests are JSON lines on standard input. The server answers by signals, which the tracer suppresses. */

/** What a child carries out. */
export type ForkedWork =
  /** See `child/carry-out-cell.ts`. */
  | { readonly kind: 'cell'; readonly cellFile: string; readonly directory: string }
  /** Runs with faults, one in each directory: see `child/carry-out-faults.ts`. */
  | { readonly kind: 'faults'; readonly cellFile: string; readonly directories: readonly string[] }
  /** One task in races: see `child/carry-out-races.ts`. */
  | { readonly kind: 'races'; readonly taskFile: string; readonly instructions: string };

/** One child. */
export interface ForkRequest {
  readonly work: ForkedWork;
  /** Variables that differ from those of the server; null: not set. */
  readonly env: { readonly [name: string]: string | null };
}

/** Options of Node by which modules are loaded before the program. */
export const LOADS_MODULES = /(?:^|\s)(?:--import|--require|-r|--loader|--experimental-loader)\b/;

/** Options of a Node that forks itself: without helper threads, which children would not have. */
export const FORKING_NODE = ['--single-threaded', '--v8-pool-size=0'] as const;

/**
 * Options of one that is warmed up first (`child/warm-store.ts`): until then all functions are compiled when their file is loaded, because
 * one that is compiled when it is first called is compiled by each child.
 */
export const WARM_NODE = [...FORKING_NODE, '--no-lazy'] as const;

/** It is ready. `unique`: the store's import read a clock, chance or the process id, so that two processes must not share it. */
export const SERVER_SIGNAL = { ready: 'SIGURG', unique: 'SIGUSR2' } as const;

/** Exit codes: why the store of this server cannot be forked. */
const NOT_FORKED = {
  70: 'this machine cannot fork a warm Node',
  71: 'it cannot be imported',
  72: 'its import starts threads',
  73: 'its import opens files or sockets and keeps them open',
  74: 'its import starts timers or other work',
  75: 'its import writes files',
  76: 'a forked child did not work',
  77: 'NODE_OPTIONS loads modules before it',
  78: 'its import reads a clock, chance or its process id',
} as const;

export type NotForkedCode = keyof typeof NOT_FORKED;

/** Why a store cannot be forked, by the exit code of its server. */
export const whyNotForked = (code: number): string =>
  code in NOT_FORKED ? NOT_FORKED[code as NotForkedCode] : 'its import ends the process or hangs';
