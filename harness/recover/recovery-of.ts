/**
 * Recovers the crash states of one store: in warm processes as long as they can be trusted, and each loss once more in a
 * fresh one, because that is what a loss means.
 *
 * Warm processes are held to a control: after each cell each of them gets an empty directory, where a store that keeps values in memory gives itself
 * away. A store that does is recovered in fresh processes from then on, and the cell is judged again.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { LoadedStore } from '../domain/loaded-store.ts';
import type { Loaded, RecoveredTree, Recovery } from '../domain/recovery.ts';
import type { Json, Tree } from '../domain/trace.ts';
import { buildTree, listFiles, treeKey } from '../domain/tree.ts';
import { discard } from '../machine/workspace.ts';
import { AnswerPool } from './answers.ts';
import { MOST_WORKERS, type RecoveryPool } from './pool.ts';
import { recoverInBatches } from './recover-trees.ts';

export interface StoreRecovery {
  /** What load does on a directory that no save has touched, in a fresh process. */
  readonly whenFresh: Loaded;
  /** Recovers a directory as a crash left it; changes it. */
  recover(directory: string, next: Json): Promise<Recovery>;
  /**
   * Recovers trees, each distinct one once for each value that is saved next; `onDone` is told how many are done. Equal answers are one
   * object. In the messages of errors the directory is `<dir>`.
   */
  recoverTrees(trees: readonly Tree[], next: Json, onDone?: (done: number) => void): Promise<readonly RecoveredTree[]>;
  /** Recovers a tree in a process that has done nothing else. Each tree is recovered once for each value that is saved next. */
  confirm(tree: Tree, next: Json): Promise<Recovery>;
  /** False if a warm process has just remembered a value of another directory; from then on only fresh ones are used. */
  warmIsTrue(): Promise<boolean>;
}

/** A tree that nobody has recovered yet, and whoever waits for it. */
interface Missing {
  readonly key: string;
  readonly tree: Tree;
  readonly resolve: (answer: RecoveredTree) => void;
  readonly reject: (error: unknown) => void;
}

/** `makeDirectory` makes an empty directory; `makeInMemory` one for many small files. */
export async function recoveryOf(
  store: LoadedStore,
  pool: RecoveryPool,
  makeDirectory: () => string,
  makeInMemory: () => string = makeDirectory,
): Promise<StoreRecovery> {
  const { bundle } = store;
  const empty = { bundle, next: {} };
  const whenFresh = (await pool.fresh({ ...empty, directory: makeDirectory() })).load;
  const confirmed = new Map<string, Promise<Recovery>>();
  const answers = new AnswerPool();
  let known = new Map<string, Promise<RecoveredTree>>();
  let warm = true;
  const distrustWarm = (): void => {
    warm = false;
    known = new Map();
  };
  const alone = async (tree: Tree, next: Json): Promise<RecoveredTree> => {
    const directory = makeInMemory();
    try {
      buildTree(tree, directory);
      const { load, ...rest } = await pool.fresh({ bundle, directory, next });
      const inWords = (found: object): string => JSON.stringify(found).replaceAll(directory, '<dir>');
      return answers.answer(inWords(load), inWords({ ...rest, left: listFiles(directory) }));
    } finally {
      discard(directory);
    }
  };
  const recoverEach = (trees: readonly Tree[], next: Json, onAnswer: (index: number, answer: RecoveredTree) => void): Promise<unknown> => {
    const waiting = trees.entries();
    const lane = async (): Promise<void> => {
      for (const [index, tree] of waiting) onAnswer(index, await alone(tree, next));
    };
    return Promise.all(Array.from({ length: MOST_WORKERS }, lane));
  };
  return {
    whenFresh,
    recover: (directory, next) => (warm ? pool.warm : pool.fresh)({ bundle, directory, next }),
    recoverTrees: async (trees, next, onDone = () => {}) => {
      const nextKey = JSON.stringify(next);
      const missing: Missing[] = [];
      let done = 0;
      const found = trees.map(async (tree) => {
        const key = createHash('sha1').update(nextKey).update('\0').update(treeKey(tree)).digest('base64');
        const answer = known.get(key) ?? new Promise<RecoveredTree>((resolve, reject) => void missing.push({ key, tree, resolve, reject }));
        known.set(key, answer);
        await answer;
        done += 1;
        onDone(done);
        return answer;
      });
      const onAnswer = (index: number, answer: RecoveredTree): void => missing[index]?.resolve(answer);
      const distinct = missing.map(({ tree }) => tree);
      const means = { bundle, pool, makeDirectory: makeInMemory, alone: (tree: Tree) => alone(tree, next) };
      try {
        await (warm ? recoverInBatches(means, distinct, next, answers, onAnswer) : recoverEach(distinct, next, onAnswer));
      } catch (error) {
        for (const { key, reject } of missing) {
          known.delete(key);
          reject(error);
        }
      }
      return Promise.all(found);
    },
    confirm: (tree, next) => {
      const key = `${JSON.stringify(next)}\n${treeKey(tree)}`;
      const before = confirmed.get(key);
      if (before !== undefined) return before;
      const directory = makeDirectory();
      buildTree(tree, directory);
      const recovery = pool.fresh({ bundle, directory, next });
      confirmed.set(key, recovery);
      return recovery;
    },
    warmIsTrue: async () => {
      if (!warm) return true;
      const loads = (await pool.everyWarm(() => ({ ...empty, directory: makeDirectory() }))).map(({ load }) => load);
      if (loads.every((load) => load.kind === whenFresh.kind && (load.kind !== 'loaded' || isDeepStrictEqual(load, whenFresh))))
        return true;
      distrustWarm();
      return false;
    },
  };
}
