/**
 * Recovers the crash states of one store: in warm processes as long as they can be trusted, and each loss once more in a
 * fresh one, because that is what a loss means.
 *
 * Warm processes are held to a control: after each cell each of them gets an empty directory, where a store that keeps values in memory gives itself
 * away. A store that does is recovered in fresh processes from then on, and the cell is judged again.
 */
import { isDeepStrictEqual } from 'node:util';
import type { LoadedStore } from '../store/loaded.ts';
import type { Json, Tree } from '../trace.ts';
import { buildTree, treeKey } from '../tree.ts';
import type { RecoveryPool } from './pool.ts';
import type { Loaded, Recovery } from './recovery.ts';

export interface StoreRecovery {
  /** What load does on a directory that no save has touched, in a fresh process. */
  readonly whenFresh: Loaded;
  /** Recovers a directory as a crash left it; changes it. */
  recover(directory: string, next: Json): Promise<Recovery>;
  /** The same for a tree, in a process that has done nothing else. Each tree is recovered once. */
  confirm(tree: Tree, next: Json): Promise<Recovery>;
  /** False if a warm process has just remembered a value of another directory; from then on `recover` uses fresh ones. */
  warmIsTrue(): Promise<boolean>;
}

/** `makeDirectory` makes an empty directory. */
export async function recoveryOf(store: LoadedStore, pool: RecoveryPool, makeDirectory: () => string): Promise<StoreRecovery> {
  const empty = { bundle: store.bundle, next: {} };
  const whenFresh = (await pool.fresh({ ...empty, directory: makeDirectory() })).load;
  const confirmed = new Map<string, Promise<Recovery>>();
  let warm = true;
  return {
    whenFresh,
    recover: (directory, next) => (warm ? pool.warm : pool.fresh)({ bundle: store.bundle, directory, next }),
    confirm: (tree, next) => {
      const key = `${JSON.stringify(next)}\n${treeKey(tree)}`;
      const known = confirmed.get(key);
      if (known !== undefined) return known;
      const directory = makeDirectory();
      buildTree(tree, directory);
      const recovery = pool.fresh({ bundle: store.bundle, directory, next });
      confirmed.set(key, recovery);
      return recovery;
    },
    warmIsTrue: async () => {
      if (!warm) return true;
      const answers = await pool.everyWarm(() => ({ ...empty, directory: makeDirectory() }));
      warm = answers.every(({ load }) => load.kind === whenFresh.kind && (load.kind !== 'loaded' || isDeepStrictEqual(load, whenFresh)));
      return warm;
    },
  };
}
