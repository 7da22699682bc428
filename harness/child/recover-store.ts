/** The stages of recovery, each as what it found. */
import type { Loaded, Saved } from '../recover/recovery.ts';
import type { ModuleStore } from '../store/define.ts';
import type { Json } from '../trace.ts';
import { toJson } from './to-json.ts';

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
