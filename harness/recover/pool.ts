/**
 * Recovering processes. A warm one recovers one directory after another and evaluates the store again for each; a fresh one recovers one
 * directory and ends. A fresh one is started, or forked from a Node that has evaluated no store.
 *
 * A store that waits (for a lock, or forever) must not delay others: while requests queue and none is answered, the pool grows.
 */
import type { Recovery } from '../domain/recovery.ts';
import { NO_STORE } from '../protocol/fork-server.ts';
import { type RecoveryServerOptions, startRecoveryServer } from './recovery-server.ts';
import {
  type BatchTask,
  type BatchWatch,
  type Measured,
  type RecoveryTask,
  startWorker,
  type Worker,
  type WorkerOptions,
} from './worker.ts';

export interface PoolOptions extends WorkerOptions, RecoveryServerOptions {
  /** Number of warm processes while none of them is stuck. */
  readonly workers: number;
  /** Starts a warm process. Default: one that evaluates the store again for each directory. */
  readonly startWarm?: () => Worker;
}

/** A pool whose warm processes are forked from one that has evaluated a store, or why this is not possible. */
type Forking = { readonly pool: RecoveryPool; readonly forkMs: number } | { readonly refused: string };

export interface RecoveryPool {
  /** Number of warm processes while none of them is stuck. */
  readonly workers: number;
  /** Recovers in a warm process. Rejects only if the harness itself failed. */
  warm(task: RecoveryTask): Promise<Recovery>;
  /** Recovers trees in a warm process, one after the other. Resolves when the batch has ended, even if the process hung or died. */
  warmTrees(task: BatchTask, watch: BatchWatch): Promise<void>;
  /** Loads a directory in each warm process that has recovered with this bundle since this was last asked, after its current work. */
  control(bundle: string, makeDirectory: () => string): Promise<readonly Recovery[]>;
  /** Recovers in a warm process that has not had this bundle: only for what cannot deceive a later control. */
  first(task: RecoveryTask): Promise<Recovery>;
  /** Recovers in a process that was started for it; where that is unsure of the load after the save, another one loads. */
  fresh(task: RecoveryTask): Promise<Recovery>;
  /** The same, and how long it takes to have the store. */
  measure(task: RecoveryTask): Promise<Measured>;
  /** Recovers in a process that was forked for it before it had a store; undefined where that is not possible. */
  forked(task: RecoveryTask): Promise<Recovery | undefined>;
  /** Starts a process that evaluates this store once and is forked for each recovery. It ends when its pool is closed, or this one. */
  forking(bundle: string): Promise<Forking>;
  close(): Promise<void>;
}

/** Limit for processes at the same time, warm or fresh. */
export const MOST_WORKERS = 24;
/** Interval at which the pool checks for progress. */
const LOOK_MS = 250;
/** Checks in a row without progress before the pool grows. One alone may only show a busy machine. */
const LOOKS_IN_VAIN = 3;
/** A process is replaced after this many trees, because each evaluation of a store leaks a few kilobytes. */
const TREES_PER_PROCESS = 10_000;

interface Job {
  /** Never rejects. */
  readonly run: (worker: Worker) => Promise<void>;
  readonly reject: (error: Error) => void;
}

export function createRecoveryPool(options: PoolOptions): RecoveryPool {
  const queue: Job[] = [];
  const workers = new Set<Worker>();
  const idle: Worker[] = [];
  const ending: Promise<void>[] = [];
  /** Bundles with which a process has recovered, and those since that was last controlled. */
  const known = new Map<Worker, { readonly ever: Set<string>; readonly uncontrolled: Set<string> }>();
  let doneSinceLook = 0;
  let looksInVain = 0;
  let closed = false;
  let freshOnes = 0;
  const inLine: (() => void)[] = [];
  const forking: RecoveryPool[] = [];
  let withoutStore: ReturnType<typeof startRecoveryServer> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const start = (warm: boolean): Worker => {
    const worker = warm && options.startWarm !== undefined ? options.startWarm() : startWorker(options, warm);
    workers.add(worker);
    known.set(worker, { ever: new Set(), uncontrolled: new Set() });
    ending.push(
      worker.ended.then(() => {
        workers.delete(worker);
        known.delete(worker);
        next(); // a queued job may need its place
      }),
    );
    return worker;
  };
  const runOn = async (worker: Worker, job: Job): Promise<void> => {
    await job.run(worker);
    doneSinceLook += 1;
    const isSpare = queue.length === 0 && warmOnes() > options.workers;
    if (isSpare || worker.trees >= TREES_PER_PROCESS) worker.retire();
    else if (worker.alive) idle.push(worker);
    next();
  };
  const nextIdle = (): Worker | undefined => {
    for (let worker = idle.pop(); worker !== undefined; worker = idle.pop()) if (worker.alive) return worker;
    return undefined;
  };
  const idleWithout = (bundle: string): Worker | undefined => {
    const at = idle.findIndex((worker) => worker.alive && known.get(worker)?.ever.has(bundle) === false);
    return at < 0 ? undefined : idle.splice(at, 1)[0];
  };
  const warmOnes = (): number => [...workers].filter(({ warm }) => warm).length;
  const next = (): void => {
    if (closed) for (const job of queue.splice(0)) job.reject(new Error('the pool was closed'));
    while (queue.length > 0 && (idle.length > 0 || warmOnes() < options.workers)) {
      const job = queue.shift();
      if (job !== undefined) void runOn(nextIdle() ?? start(true), job);
    }
    if (queue.length > 0) timer ??= setInterval(look, LOOK_MS);
    else if (timer !== undefined) timer = void clearInterval(timer);
  };
  const look = (): void => {
    looksInVain = doneSinceLook === 0 ? looksInVain + 1 : 0;
    if (looksInVain >= LOOKS_IN_VAIN) {
      for (let more = MOST_WORKERS - workers.size; more > 0 && queue.length > 0; more -= 1) {
        const job = queue.shift();
        if (job !== undefined) void runOn(start(true), job);
      }
    }
    doneSinceLook = 0;
    next();
  };
  const jobOf = <T>(bundle: string, work: (worker: Worker) => Promise<T>, take: (job: Job) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      const run = (worker: Worker): Promise<void> => {
        known.get(worker)?.ever.add(bundle);
        known.get(worker)?.uncontrolled.add(bundle);
        return work(worker).then(resolve, reject);
      };
      take({ run, reject });
    });
  const enqueue = <T>(bundle: string, work: (worker: Worker) => Promise<T>): Promise<T> =>
    jobOf(bundle, work, (job) => {
      queue.push(job);
      next();
    });
  const inUnused = async <T>(bundle: string, work: (worker: Worker) => Promise<T>): Promise<T> => {
    if (closed) throw new Error('the pool was closed');
    return jobOf(bundle, work, (job) => void runOn(idleWithout(bundle) ?? start(true), job));
  };
  /** Fresh processes wait in line for a place. */
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (freshOnes >= MOST_WORKERS) await new Promise<void>((go) => inLine.push(go));
    freshOnes += 1;
    try {
      if (closed) throw new Error('the pool was closed');
      return await work();
    } finally {
      freshOnes -= 1;
      inLine.shift()?.();
    }
  };
  const inFresh = <T>(work: (worker: Worker) => Promise<T>): Promise<T> =>
    inTurn(async () => {
      const worker = start(false);
      try {
        return await work(worker);
      } finally {
        worker.kill();
        await worker.ended; // who looks next finds it dead
      }
    });
  const inForked = async (task: RecoveryTask): Promise<Recovery | undefined> => {
    withoutStore ??= startRecoveryServer(options, NO_STORE);
    const server = await withoutStore;
    if ('refused' in server) return undefined;
    return server
      .newWorker()
      .recover(task)
      .catch(() => undefined); // its server has ended
  };
  return {
    workers: options.workers,
    warm: async (task) => bare(await enqueue(task.bundle, (worker) => worker.recover(task))),
    warmTrees: (task, { onProgress, onStuck }) => {
      const watch: BatchWatch = {
        onStuck,
        onProgress: () => {
          doneSinceLook += 1;
          onProgress();
        },
      };
      return enqueue(task.bundle, (worker) => worker.recoverTrees(task, watch));
    },
    control: (bundle, makeDirectory) => {
      const used = [...workers].filter((worker) => worker.alive && known.get(worker)?.uncontrolled.delete(bundle) === true);
      return Promise.all(used.map((worker) => worker.recover({ bundle, directory: makeDirectory(), next: null, onlyLoad: true })));
    },
    first: (task) => inUnused(task.bundle, (worker) => worker.recover(task)),
    fresh: async (task) => {
      const recovery = await inFresh((worker) => worker.recover(task));
      if (!isUnsure(recovery)) return recovery;
      const { load } = await inFresh((worker) => worker.recover({ ...task, onlyLoad: true }));
      return { ...bare(recovery), secondLoad: load };
    },
    measure: (task) => inFresh((worker) => worker.measure(task)),
    forked: (task) => inTurn(() => inForked(task)),
    forking: async (bundle) => {
      const server = await startRecoveryServer(options, bundle);
      if ('refused' in server) return server;
      const forks = createRecoveryPool({ ...options, startWarm: server.newWorker });
      const pool: RecoveryPool = { ...forks, close: async () => void (await Promise.all([forks.close(), server.close()])) };
      forking.push(pool);
      return { pool, forkMs: server.forkMs };
    },
    close: async () => {
      closed = true;
      next();
      for (const worker of workers) worker.kill();
      const server = await withoutStore;
      if (server !== undefined && !('refused' in server)) await server.close();
      await Promise.all([...ending, ...forking.map((one) => one.close())]);
    },
  };
}

/**
 * Whether a process of its own must load what was saved: in the one that saved, two evaluations of the store differ, or one got no further. The
 * first may hold a lock until its process ends.
 */
const isUnsure = ({ remembers, secondLoad }: Recovery): boolean =>
  remembers === true || secondLoad?.kind === 'hung' || secondLoad?.kind === 'ended';

/** The recovery without the mark that the store remembers. */
const bare = ({ remembers: _, ...found }: Recovery): Recovery => found;
