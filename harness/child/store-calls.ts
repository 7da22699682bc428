/**
 * A store as its children call it: one set of functions for all contracts, each with the directory.
 *
 * A store with an `open` is opened in a directory when it is first called there. Its handle lives until `close`, and several steps share it.
 * Where the store acknowledges by `flush` or by `close`, that call is part of each change.
 */
import {
  type CommandStore,
  type Contract,
  contractsNamedBy,
  type LogStore,
  type MapStore,
  type ModuleStore,
  type ProgramStore,
  type Store,
  type StoreCalls,
} from '../domain/store.ts';
import { commandStore } from './command-store.ts';

type ImportedStore = Exclude<Store, CommandStore | ProgramStore>;

export function callsOf(store: Store): StoreCalls {
  if ('saveCommand' in store) return commandStore(store);
  if ('command' in store) throw new Error('a program has no functions');
  return isPlain(store) ? store : withHandles(store);
}

/** Whether its functions are those of `StoreCalls` as they are. */
function isPlain(store: ImportedStore): store is ModuleStore {
  return contractOf(store) === 'value' && store.open === undefined && (store.acknowledges ?? 'save') === 'save';
}

/** Opens, acknowledges and closes; and names the change that recovery makes `save`. */
function withHandles(store: ImportedStore): StoreCalls {
  const handles = new Map<string, unknown>();
  const handleOf = async (directory: string): Promise<unknown> => {
    if (!handles.has(directory)) handles.set(directory, store.open === undefined ? directory : await store.open(directory));
    return handles.get(directory);
  };
  const close = async (directory: string): Promise<void> => {
    if (!handles.has(directory)) return;
    const handle = handles.get(directory);
    handles.delete(directory);
    await store.close?.(handle as never);
  };
  const change = async (directory: string, make: (handle: never) => unknown): Promise<void> => {
    const handle = (await handleOf(directory)) as never;
    await make(handle);
    if (store.acknowledges === 'flush') await store.flush?.(handle);
    if (store.acknowledges === 'close') await close(directory);
  };
  return {
    ...(store.empty !== undefined && { empty: store.empty }),
    load: async (directory) => store.load((await handleOf(directory)) as never),
    close,
    ...(store.open !== undefined && { release: close }),
    ...(store.open !== undefined && store.close === undefined && { onlyOnce: true as const }),
    ...changesOf(store, change),
  };
}

type Change = (directory: string, make: (handle: never) => unknown) => Promise<void>;

function changesOf(store: ImportedStore, change: Change): Pick<StoreCalls, 'save' | 'update' | 'set' | 'delete' | 'append'> {
  const contract = contractOf(store);
  if (contract === 'map') {
    const { set, delete: remove } = store as MapStore;
    const setOne: StoreCalls['set'] = (directory, key, value) => change(directory, (handle) => set.call(store, handle, key, value));
    return {
      set: setOne,
      save: async (directory, values) => {
        for (const [key, value] of Object.entries(values)) await setOne(directory, key, value as never);
      },
      ...(remove && { delete: (directory, key) => change(directory, (handle) => remove.call(store, handle, key)) }),
    };
  }
  if (contract === 'log') {
    const { append } = store as LogStore;
    const appendOne: StoreCalls['append'] = (directory, record) => change(directory, (handle) => append.call(store, handle, record));
    return { append: appendOne, save: appendOne };
  }
  const { save, update } = store as ModuleStore;
  return {
    save: (directory, value) => change(directory, (handle) => save.call(store, handle, value)),
    ...(update && { update: (directory, edit) => change(directory, (handle) => update.call(store, handle, edit)) }),
  };
}

/** The one that it says, or else the only one that its functions name: its description was checked. */
const contractOf = (store: ImportedStore): Contract => store.contract ?? contractsNamedBy(store)[0] ?? 'value';
