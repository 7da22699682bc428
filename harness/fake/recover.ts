/** Recovery on the fake file system: a process that never saw the store loads a crash state, saves, and loads again. */

import type { Loaded, Recovery, Saved } from '../domain/recovery.ts';
import type { StoreCalls } from '../domain/store.ts';
import type { Json } from '../domain/trace.ts';
import { load, save } from '../store/calls.ts';
import { OwnCaller } from './callers.ts';
import type { Snapshot } from './directory.ts';
import { type Driven, drive } from './drive.ts';
import type { Evaluate } from './evaluate.ts';
import { evaluatedBefore, type InChild } from './in-child.ts';
import { fakeProcess } from './process.ts';
import { Volume } from './volume.ts';
import { RECOVERY, World } from './world.ts';

/** No task has this pid: to recovery, the processes of the tasks are dead. */
const PID = 9001;

export type RecoverSnapshot = (snapshot: Snapshot, next: Json) => Promise<Recovery | { readonly refused: string }>;

interface RecoverOptions {
  readonly directory: string;
  /** In ms since the epoch. */
  readonly now: number;
  /** The store is evaluated once, and each recovery is forked. Default: it is evaluated for each recovery. */
  readonly inChild?: InChild;
}

export function recoveryOnFake(
  evaluate: Evaluate,
  storeOf: (exported: unknown) => StoreCalls,
  { directory, now, inChild }: RecoverOptions,
): RecoverSnapshot {
  const volume = new Volume(directory, { newInode: () => 1, newDescriptor: () => 1, now: () => now });
  const world = new World(volume, now);
  const callers = new OwnCaller(world);
  const process = fakeProcess(world, callers, PID, (pid) => pid === PID);
  const before = inChild && evaluatedBefore(world, (caller) => callers.as(caller, () => storeOf(evaluate(process))));
  const recoverWith = async (evaluated: StoreCalls | undefined, snapshot: Snapshot, next: Json): ReturnType<RecoverSnapshot> => {
    world.reset();
    volume.restore(snapshot);
    const caller = world.newCaller(RECOVERY, true);
    const stage = async <Result extends Loaded | Saved>(work: (store: StoreCalls) => Promise<Result>, store: StoreCalls): Promise<Result> =>
      resultOf(
        await drive(
          world,
          callers.as(caller, () => work(store)),
        ),
      ) as Result;
    const recover = async (): Promise<Recovery> => {
      const store = evaluated ?? callers.as(caller, () => storeOf(evaluate(process)));
      const first = await stage((fresh) => load(fresh, directory), store);
      if (first.kind === 'hung') return { load: first };
      const saved = await stage((fresh) => save(fresh, directory, structuredClone(next)), store);
      if (saved.kind !== 'saved') return { load: first, save: saved };
      return { load: first, save: saved, secondLoad: await stage((fresh) => load(fresh, directory), store) };
    };
    const recovery = await recover();
    return world.refused === undefined ? recovery : { refused: world.refused };
  };
  return (snapshot, next) =>
    inChild === undefined || before === undefined
      ? recoverWith(undefined, snapshot, next)
      : inChild(() => recoverWith(before, snapshot, next));
}

/** A call with no pending work is reported as hung at once. */
function resultOf<Result extends Loaded | Saved>(driven: Driven<Result>): Result | { readonly kind: 'hung'; readonly afterMs: number } {
  return driven.kind === 'done' ? driven.value : { kind: 'hung', afterMs: 0 };
}
