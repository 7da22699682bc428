/** The stages of recovery. Each returns its result as data. */
import type { Loaded, Saved } from '../domain/recovery.ts';
import type { ModuleStore } from '../domain/store.ts';
import { toJson } from '../domain/to-json.ts';
import type { Json } from '../domain/trace.ts';

const inWords = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

export async function load(store: ModuleStore, directory: string): Promise<Loaded> {
  let value: unknown;
  try {
    value = await store.load(directory);
  } catch (error) {
    return { kind: 'threw', error: inWords(error) };
  }
  return toJson(value);
}

export async function save(store: ModuleStore, directory: string, next: Json): Promise<Saved> {
  try {
    await store.save(directory, next);
    return { kind: 'saved' };
  } catch (error) {
    return { kind: 'threw', error: inWords(error) };
  }
}
