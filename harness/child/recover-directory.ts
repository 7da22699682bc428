/** Recovers a directory: loads, saves, and loads again, which another process may have to do. */
import type { AfterLoad, DirectoryToRecover, Recovery, Stage } from '../domain/recovery.ts';
import type { StoreCalls } from '../domain/store.ts';
import { changeAfterReading, load, loadAfterSave, type NextLoad, release, save } from '../store/calls.ts';
import { filesBefore, mayBeNothing } from './opened-files.ts';

/** Announces each stage with what is known so far, because the next call may end the process. */
export type Begin = (stage: Stage, so?: Recovery) => void | Promise<void>;

export async function recoverDirectory(
  store: StoreCalls,
  { directory, next, damaged, onlyLoad }: Omit<DirectoryToRecover, 'bundle'>,
  begin: Begin,
  nextLoad?: NextLoad,
): Promise<Recovery> {
  await begin('load');
  const files = filesBefore(directory);
  const loaded = await load(store, directory);
  const opened = mayBeNothing(loaded, store) ? files?.opened() : undefined;
  files?.close();
  const first: AfterLoad = { load: loaded, ...(opened && { opened }) };
  if (onlyLoad === true) {
    await release(store, directory);
    return first;
  }
  await begin('save', first);
  if (damaged === true && loaded.kind === 'threw') {
    const changed = await changeAfterReading(store, directory, next);
    await release(store, directory);
    return { ...first, ...(changed && { save: changed }) };
  }
  const saved = await save(store, directory, next);
  if (saved.kind !== 'saved') {
    await release(store, directory);
    return { ...first, save: saved };
  }
  await begin('secondLoad', { ...first, save: saved });
  const again = await loadAfterSave(store, directory, nextLoad);
  return { ...first, save: saved, ...(again && { secondLoad: again.found }), ...(again?.differs && { remembers: true }) };
}
