/** A Node, and a store that is evaluated once in it, to be forked: see `fork.ts`. */
import fs from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { StoreCalls } from '../domain/store.ts';
import { LOADS_MODULES, type NotForkedCode } from '../protocol/fork-server.ts';
import { type Forks, loadKoffi, prepareForks } from './fork.ts';
import { type Imported, useOwnChance, watchImport } from './import-watch.ts';
import { loadBundle } from './load-bundle.ts';
import { warmUp } from './warm-up.ts';
import type { OutsideWatch } from './watch-outside.ts';

export interface WarmNode {
  readonly forks: Forks;
  /** How long a child took that did nothing. */
  readonly forkMs: number;
  /** Collects garbage. */
  readonly collect: (options?: object) => void;
}

export interface WarmStore extends WarmNode {
  readonly store: StoreCalls;
  /** Its import read a clock, chance or the process id. */
  readonly unique: boolean;
}

/** Ends this process. Exit handlers of the store do not run: it has not done anything. */
export const refuse = (code: NotForkedCode): never => (process as unknown as { reallyExit(code: number): never }).reallyExit(code);

/** Evaluates the store and tries a child. Undefined in that child, which ends by itself. Ends the process where the store cannot be forked. */
export async function warmStore(bundle: string, outside?: OutsideWatch): Promise<WarmStore | undefined> {
  refuseModules();
  let store: StoreCalls | undefined;
  const evaluate = (): Promise<Imported> =>
    watchImport(async () => {
      store = await loadBundle(bundle);
    });
  const imported = await (outside?.heldDuring(evaluate) ?? evaluate()).catch(() => refuse(71));
  if (imported.refused !== undefined) refuse(imported.refused);
  const evaluated = store ?? refuse(71);
  const node = await prepared(outside);
  return node && { ...node, store: evaluated, unique: imported.unique };
}

/** Tries a child of this process without a store. Undefined in that child, which ends by itself. Ends the process where it cannot be forked. */
export async function warmNode(outside?: OutsideWatch): Promise<WarmNode | undefined> {
  refuseModules();
  return prepared(outside);
}

/** Modules that Node loads before the program may start threads, of which a child has none. */
function refuseModules(): void {
  if (LOADS_MODULES.test(process.env.NODE_OPTIONS ?? '')) refuse(77);
}

async function prepared(outside: OutsideWatch | undefined): Promise<WarmNode | undefined> {
  const forks = outside?.apart(forksHere) ?? forksHere();
  outside?.native(loadKoffi(), ['load']);
  await warmUp();
  setFlagsFromString('--lazy');
  const collect = collectAll();
  const began = performance.now();
  const trial = forks.fork();
  if (trial === 0) {
    forks.becomeChild();
    fs.promises.readFile('/dev/null').then(() => forks.exit(0));
    return undefined;
  }
  if (forks.statusOf(trial) !== 0) refuse(76);
  return { forks, forkMs: performance.now() - began, collect };
}

/** Collects all garbage: a child would do that in its first milliseconds, and each page of memory that it writes to is copied. Returns the collector. */
function collectAll(): (options?: object) => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: object) => void;
  collect();
  collect();
  return collect;
}

function forksHere(): Forks {
  try {
    return prepareForks();
  } catch {
    return refuse(70);
  }
}

/** Call it in a child: it has its own random numbers and arguments, and its exit is that of a child. */
export function becomeOwnProcess(forks: Forks, args: readonly string[]): void {
  useOwnChance();
  Object.defineProperty(process, 'reallyExit', { value: (code?: number) => forks.exit(code ?? 0), configurable: true, writable: true });
  process.argv.splice(1, process.argv.length, ...args);
}

/**
 * Node's own way out joins threads that a child does not have; `process.exit` takes another one, and so does an uncaught error with this. Call
 * it after the workload has asked to hear of errors.
 */
export function exitWhenUncaught(): void {
  process.on('uncaughtExceptionMonitor', () => {
    if (process.listenerCount('uncaughtException') === 0) process.exit(1);
  });
}
