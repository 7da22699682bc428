/** Calls on a store. The stages of recovery return their result as data. */
import { isDeepStrictEqual } from 'node:util';
import { keysOf } from '../domain/json.ts';
import type { Loaded, Saved } from '../domain/recovery.ts';
import type { StoreCalls } from '../domain/store.ts';
import { toJson } from '../domain/to-json.ts';
import type { Json, Step } from '../domain/trace.ts';

const inWords = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

export async function load(store: StoreCalls, directory: string): Promise<Loaded> {
  let value: unknown;
  try {
    value = await store.load(directory);
  } catch (error) {
    return { kind: 'threw', error: inWords(error) };
  }
  const loaded = toJson(value);
  // A store may return its own object, and change it later.
  return loaded.kind === 'loaded' && loaded.value !== undefined ? { kind: 'loaded', value: structuredClone(loaded.value) } : loaded;
}

/** Who loads after a save: a second evaluation of the store, or another process, which the caller starts. Absent: the store that saved. */
export type NextLoad = (() => Promise<StoreCalls>) | 'another process';

/**
 * What load finds after a save; undefined where another process has to load. The second evaluation counts. `differs`: the store that saved, which
 * may answer from memory, finds something else.
 */
export async function loadAfterSave(
  store: StoreCalls,
  directory: string,
  next: NextLoad | undefined,
): Promise<{ readonly found: Loaded; readonly differs: boolean } | undefined> {
  if (next === 'another process' && store.onlyOnce !== true) return void (await store.close?.(directory));
  const same = await load(store, directory);
  await store.close?.(directory);
  if (next === undefined || next === 'another process' || store.onlyOnce === true) return { found: same, differs: false };
  const found = await loadOnly(await next(), directory);
  return { found, differs: !isDeepStrictEqual(found, same) };
}

/** What a store finds that does nothing else. */
export async function loadOnly(store: StoreCalls, directory: string): Promise<Loaded> {
  const loaded = await load(store, directory);
  await release(store, directory);
  return loaded;
}

/** A change. Rejects if it fails, or if the store has no such function. */
export async function carryOut(store: StoreCalls, directory: string, step: Step): Promise<void> {
  switch (step.kind) {
    case 'save':
      await store.save(directory, step.value);
      break;
    case 'update':
      if (store.update === undefined) throw missing(step);
      await store.update(directory, (value: unknown) => ({ ...(value as { [key: string]: Json }), ...step.add }));
      break;
    case 'set':
      if (store.set === undefined) throw missing(step);
      await store.set(directory, step.key, step.value);
      break;
    case 'delete':
      if (store.delete === undefined) throw missing(step);
      await store.delete(directory, step.key);
      break;
    case 'append':
      if (store.append === undefined) throw missing(step);
      await store.append(directory, step.record);
      break;
    default:
      step satisfies never;
  }
}

/** What `save` is given to carry out a step that stores a value of its own; undefined of the others. */
export function givenTo(step: Step): Json | undefined {
  switch (step.kind) {
    case 'save':
      return step.value;
    case 'set':
      return { [step.key]: step.value };
    default:
      return undefined;
  }
}

const missing = ({ kind }: Step): Error => new Error(`the store has no ${kind}`);

export async function save(store: StoreCalls, directory: string, next: Json): Promise<Saved> {
  try {
    await store.save(directory, next);
    return { kind: 'saved' };
  } catch (error) {
    return { kind: 'threw', error: inWords(error) };
  }
}

/**
 * Of a store that holds a value its `update`, undefined where it has none; of a map or a log the next change, which keeps what is there as well.
 */
export async function changeAfterReading(store: StoreCalls, directory: string, next: Json): Promise<Saved | undefined> {
  if (store.set !== undefined || store.append !== undefined) return save(store, directory, next);
  if (store.update === undefined) return undefined;
  try {
    await carryOut(store, directory, { kind: 'update', add: keysOf(next) });
    return { kind: 'saved' };
  } catch (error) {
    return { kind: 'threw', error: inWords(error) };
  }
}

/** Its failure says nothing about what is stored. */
export async function release(store: StoreCalls, directory: string): Promise<void> {
  try {
    await store.release?.(directory);
  } catch {
    // as above
  }
}
