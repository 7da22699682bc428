/**
 * The recovering process: for each directory it is sent, a load, a save and a second load of a store evaluated anew.
 *
 * It says when each stage begins, so that whoever waits knows where it hung. It ends when its channel closes.
 */
import type { Loaded, Recovery, RecoveryMessage, RecoveryRequest, Saved, Stage } from '../recover/recovery.ts';
import type { ModuleStore } from '../store/define.ts';
import { loadBundle } from './load-bundle.ts';
import { toJson } from './to-json.ts';

/** Resolves when the message has left the process: what comes next may end it. */
const tell = (message: RecoveryMessage): Promise<void> => new Promise((resolve) => process.send?.(message, () => resolve()));

const inWords = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

async function load(store: ModuleStore, directory: string): Promise<Loaded> {
  let value: unknown;
  try {
    value = await store.load(directory);
  } catch (error) {
    return { kind: 'threw', error: inWords(error) };
  }
  return toJson(value);
}

async function save(store: ModuleStore, request: RecoveryRequest): Promise<Saved> {
  try {
    await store.save(request.directory, request.next);
    return { kind: 'saved' };
  } catch (error) {
    return { kind: 'threw', error: inWords(error) };
  }
}

async function recover(request: RecoveryRequest): Promise<Recovery> {
  const store = await loadBundle(request.bundle);
  const begin = (stage: Stage, so?: Recovery): Promise<void> => tell({ kind: 'stage', id: request.id, stage, so });
  await begin('load');
  const first = await load(store, request.directory);
  await begin('save', { load: first });
  const saved = await save(store, request);
  if (saved.kind !== 'saved') return { load: first, save: saved };
  await begin('secondLoad', { load: first, save: saved });
  const second = await load(store, request.directory);
  await store.close?.(request.directory);
  return { load: first, save: saved, secondLoad: second };
}

process.on('message', (request: RecoveryRequest) => {
  void recover(request).then((recovery) => tell({ kind: 'done', id: request.id, recovery }));
});
process.on('disconnect', () => process.exit(0));
void tell({ kind: 'ready' });
