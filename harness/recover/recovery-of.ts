/**
 * Recovers the crash states of one store: in warm processes while they can be trusted, and each loss again in a fresh process, because a
 * loss is defined by what a fresh process finds.
 *
 * Control: then every warm process that took part loads an empty directory. If it returns a value that the store kept in memory, all is
 * recovered again, and from then on only in fresh processes.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { addedTo, type Path, parsePath } from '../domain/alike.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import type { AfterLoad, Loaded, RecoveredTree, Recovery } from '../domain/recovery.ts';
import type { Json, Promised, Tree, Variation } from '../domain/trace.ts';
import { buildTree, listFiles, type RunTree, scanTree, treeKey } from '../domain/tree.ts';
import { valueAfterNext } from '../judge/promise.ts';
import { discard } from '../machine/workspace.ts';
import { AnswerPool } from './answers.ts';
import { AtOnce, type RecoverTrees } from './at-once.ts';
import { MOST_WORKERS, type RecoveryPool } from './pool.ts';
import { recoverInBatches } from './recover-trees.ts';
import type { RecoveryTask } from './worker.ts';

export interface StoreRecovery {
  /** The result of load on an empty directory, in a fresh process. */
  readonly whenFresh: Loaded;
  /** Members that load adds to what was saved, learnt without a crash: one process saves, another one loads. */
  readonly adds: readonly Path[];
  /** The store may read when files were changed: sightings with times are given to it in their order. */
  readonly readsTimes: boolean;
  /** Evaluating the store takes longer than starting a process: whatever can be forked should be. */
  readonly isSlow: boolean;
  /** What recovery is given in place of the next save, by what had been promised. Absent: that save, whatever had been promised. */
  readonly givenBy?: (promised: Promised) => Json;
  /** Of a program without a check: says what it must reach when it is run again. */
  readonly aimAt?: (end: RunTree, variation: Variation) => Promise<void>;
  /** Recovers a directory in a crash state, and changes it. Error messages name it `<dir>`. */
  recover(directory: string, next: Json): Promise<Recovery>;
  /**
   * Recovers trees; each distinct pair of tree and `next` is recovered once. `onDone` receives the number of trees done. Equal answers are
   * one object. Error messages name the directory `<dir>`.
   */
  recoverTrees(trees: readonly Tree[], next: Json, onDone?: (done: number) => void): Promise<readonly RecoveredTree[]>;
  /**
   * Recovers a tree in a fresh process. Each distinct pair of tree and `next` is recovered once. The first of a `kind` by a process that is
   * started, others by one that is forked before it has a store; without a kind always by one that is started.
   */
  confirm(tree: Tree, next: Json, kind?: string): Promise<Recovery>;
  /** Recovers a tree of which something is damaged, and says what it leaves. In a warm process, or `alone` in one that is started for it. Absent of a program. */
  readonly recoverDamaged?: (tree: Tree, next: Json, how: 'warm' | 'alone') => Promise<RecoveredDamage>;
  /**
   * Recovers by `recover`, and again if a warm process returned a value of another directory meanwhile; from then on only fresh processes are
   * used.
   */
  controlled<Found>(recover: (which: 'first' | 'again') => Promise<Found>): Promise<Found>;
}

/** What recovery found in a damaged tree, and all that is on disk after it. Error messages name the directory `<dir>`. */
interface RecoveredDamage {
  readonly recovery: Recovery;
  readonly after: Tree;
}

/** A tree still to be recovered, and the promise of its answer. */
interface Missing {
  readonly key: string;
  readonly tree: Tree;
  readonly resolve: (answer: RecoveredTree) => void;
  readonly reject: (error: unknown) => void;
}

/** An evaluation that is faster is never compared with a fork. */
const FAST_MS = 10;
/** Recoveries are forked if an evaluation takes so many times as long as a fork. */
const FORKS_IN_AN_EVALUATION = 2;

/**
 * `makeDirectory` makes an empty directory; `makeInMemory` makes one for many small files. `onNotForked` is called if recoveries would be
 * faster when they are forked, and cannot be.
 */
export async function recoveryOf(
  store: LoadedStore,
  pool: RecoveryPool,
  makeDirectory: () => string,
  makeInMemory: () => string = makeDirectory,
  onNotForked: (why: string) => void = () => {},
): Promise<StoreRecovery> {
  const { bundle } = store;
  const control = store.scenarios[0]?.next;
  const directory = makeDirectory();
  const { recovery: first, times } = await pool.measure({ bundle, directory, next: control ?? {} });
  const whenFresh = first.load;
  const isSlow = times !== undefined && times.firstMs > times.startMs;
  const learnt =
    control === undefined || first.save?.kind !== 'saved'
      ? []
      : pool.first({ bundle, directory, next: control }).then(({ load }) => addedBy(store, whenFresh, control, load));
  const [adds, forking] = await Promise.all([learnt, forkingFor(store, pool, times?.againMs ?? 0, onNotForked)]);
  const warmPool = forking ?? pool;
  const confirmed = new Map<string, Promise<Recovery>>();
  const kindsStarted = new Set<string>();
  /** Where trees are recovered in the first place, too: what a kernel notes of a load may differ from file system to file system. */
  const inBuilt = async <T>(tree: Tree, next: Json, recover: (task: RecoveryTask) => Promise<T>): Promise<T> => {
    const directory = makeInMemory();
    try {
      buildTree(tree, directory);
      return await recover({ bundle, directory, next });
    } finally {
      discard(directory);
    }
  };
  const answers = new AnswerPool();
  const atOnce = new AtOnce(store.kind === 'module' && forking === undefined);
  let known = new Map<string, Promise<RecoveredTree>>();
  let warm = true;
  const distrustWarm = (): void => {
    warm = false;
    known = new Map();
  };
  /** One after the other: what one of them finds counts for all that recovered until then. */
  let controls = Promise.resolve();
  const controlWarm = async (): Promise<void> => {
    if (!warm) return;
    const directories: string[] = [];
    const emptyDirectory = (): string => {
      const directory = makeInMemory();
      directories.push(directory);
      return directory;
    };
    const loads = (await pool.control(bundle, emptyDirectory)).map(({ load }) => load);
    discard(...directories);
    const asFresh = (load: Loaded): boolean =>
      load.kind === whenFresh.kind && (load.kind !== 'loaded' || isDeepStrictEqual(load, whenFresh));
    if (!loads.every(asFresh)) distrustWarm();
  };
  const alone = async (tree: Tree, next: Json): Promise<RecoveredTree> => {
    const directory = makeInMemory();
    try {
      buildTree(tree, directory);
      const { load, opened, ...rest } = await pool.fresh({ bundle, directory, next });
      const inWords = (found: object): string => JSON.stringify(found).replaceAll(directory, '<dir>');
      const afterLoad: AfterLoad = { load, ...(opened && { opened }) };
      return answers.answer(inWords(afterLoad), inWords({ ...rest, left: listFiles(directory) }));
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
    adds,
    readsTimes: store.readsTimes,
    isSlow,
    recover: async (directory, next) => withoutDirectory(await (warm ? warmPool.warm : pool.fresh)({ bundle, directory, next }), directory),
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
      const inWarm: RecoverTrees = (some, how, onFound) => {
        const treeRecovery = { bundle, pool: warmPool, makeDirectory: makeInMemory, alone: (tree: Tree) => alone(tree, next), ...how };
        return recoverInBatches(treeRecovery, some, next, answers, onFound);
      };
      try {
        await (warm ? atOnce.recover(distinct, inWarm, onAnswer) : recoverEach(distinct, next, onAnswer));
      } catch (error) {
        for (const { key, reject } of missing) {
          known.delete(key);
          reject(error);
        }
      }
      return Promise.all(found);
    },
    confirm: (tree, next, kind) => {
      const key = `${JSON.stringify(next)}\n${treeKey(tree)}`;
      const once = (how: 'started' | 'forked', recover: () => Promise<Recovery>): Promise<Recovery> => {
        const known = confirmed.get(`${how} ${key}`) ?? recover();
        confirmed.set(`${how} ${key}`, known);
        return known;
      };
      const started = (): Promise<Recovery> => once('started', () => inBuilt(tree, next, pool.fresh));
      const mayFork = store.kind === 'module' && kind !== undefined && kindsStarted.has(kind);
      if (kind !== undefined) kindsStarted.add(kind);
      if (!mayFork || confirmed.has(`started ${key}`)) return started();
      return once('forked', async () => (await inBuilt(tree, next, pool.forked)) ?? started());
    },
    recoverDamaged: (tree, next, how) =>
      inBuilt(tree, next, async (task) => {
        const recovery = await (how === 'warm' && warm ? warmPool.warm : pool.fresh)({ ...task, damaged: true });
        const inWords = JSON.stringify(recovery).replaceAll(task.directory, '<dir>');
        return { recovery: JSON.parse(inWords) as Recovery, after: scanTree(task.directory) };
      }),
    controlled: async (recover) => {
      const wasWarm = warm && forking === undefined; // a store in a forked child has not been used
      const found = await recover('first');
      if (!wasWarm) return found;
      controls = controls.then(controlWarm);
      await controls;
      return warm ? found : recover('again');
    },
  };
}

/** Its errors name the directory `<dir>`, as they do where trees are recovered. */
function withoutDirectory(recovery: Recovery, directory: string): Recovery {
  const inWords = <Stage extends object | undefined>(stage: Stage): Stage =>
    stage !== undefined && 'error' in stage ? { ...stage, error: String(stage.error).replaceAll(directory, '<dir>') } : stage;
  const { load, save, secondLoad } = recovery;
  return { ...recovery, load: inWords(load), ...(save && { save: inWords(save) }), ...(secondLoad && { secondLoad: inWords(secondLoad) }) };
}

/** None, where load does not return all that was saved: then that is judged as the loss it is. */
function addedBy({ abilities, ignore }: LoadedStore, whenFresh: Loaded, control: Json, load: Loaded): readonly Path[] {
  const before = whenFresh.kind === 'loaded' ? whenFresh.value : undefined;
  const saved = valueAfterNext(control, before, abilities.contract);
  return (load.kind === 'loaded' && addedTo(saved, load.value, ignore.map(parsePath))) || [];
}

/** A pool that forks the recoveries of a store, if that is faster and possible. */
async function forkingFor(
  { kind, bundle }: LoadedStore,
  pool: RecoveryPool,
  evaluationMs: number,
  onNotForked: (why: string) => void,
): Promise<RecoveryPool | undefined> {
  if (kind !== 'module' || evaluationMs < FAST_MS) return undefined;
  const forking = await pool.forking(bundle);
  if ('refused' in forking) {
    onNotForked(forking.refused);
    return undefined;
  }
  if (evaluationMs >= FORKS_IN_AN_EVALUATION * forking.forkMs) return forking.pool;
  await forking.pool.close();
  return undefined;
}
