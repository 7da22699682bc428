/**
 * Recovering processes: warm ones, that recover one directory after another with the store evaluated anew each time, and
 * fresh ones, that recover one directory and end.
 *
 * Stores that wait (for a lock, for ever) must not make the others wait: while requests queue and nothing gets done, the pool grows.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Json } from '../trace.ts';
import type { Recovery, RecoveryMessage, RecoveryRequest, Stage } from './recovery.ts';

export interface PoolOptions {
  /** The bundled `recoverer.ts`. */
  readonly recoverer: string;
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  /** Warm processes as long as none of them waits. */
  readonly workers: number;
  /** Limit for each load and save, in ms. */
  readonly timeoutMs: number;
}

interface RecoveryTask {
  readonly bundle: string;
  /** The store's directory; recovery changes it. */
  readonly directory: string;
  readonly next: Json;
}

export interface RecoveryPool {
  /** Recovers in a warm process. Rejects only if the harness itself failed. */
  warm(task: RecoveryTask): Promise<Recovery>;
  /** Recovers one directory in each warm process, when it is done with what it is at. `make` gives each its own. */
  everyWarm(make: () => RecoveryTask): Promise<readonly Recovery[]>;
  /** Recovers in a process that has done nothing else. */
  fresh(task: RecoveryTask): Promise<Recovery>;
  close(): Promise<void>;
}

const MOST_WORKERS = 24;
/** How often the pool looks whether everything in it waits. */
const LOOK_MS = 250;

interface Job {
  readonly task: RecoveryTask;
  readonly resolve: (recovery: Recovery) => void;
  readonly reject: (error: Error) => void;
}

export function createRecoveryPool(options: PoolOptions): RecoveryPool {
  const queue: Job[] = [];
  const workers = new Set<Worker>();
  const idle: Worker[] = [];
  const ending: Promise<void>[] = [];
  let doneSinceLook = 0;
  let closed = false;
  let freshOnes = 0;
  const inLine: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;

  const start = (warm: boolean): Worker => {
    const worker = startWorker(options, warm);
    workers.add(worker);
    ending.push(worker.ended.then(() => void workers.delete(worker)));
    return worker;
  };
  const runOn = async (worker: Worker, { task, resolve, reject }: Job): Promise<void> => {
    try {
      resolve(await worker.recover(task));
    } catch (error) {
      reject(error as Error);
    }
    doneSinceLook += 1;
    if (worker.alive) idle.push(worker);
    next();
  };
  const nextIdle = (): Worker | undefined => {
    for (let worker = idle.pop(); worker !== undefined; worker = idle.pop()) if (worker.alive) return worker;
    return undefined;
  };
  const next = (): void => {
    if (closed) for (const job of queue.splice(0)) job.reject(new Error('the pool was closed'));
    while (queue.length > 0 && (idle.length > 0 || workers.size < options.workers)) {
      const job = queue.shift();
      if (job !== undefined) void runOn(nextIdle() ?? start(true), job);
    }
    if (queue.length > 0) timer ??= setInterval(look, LOOK_MS);
    else if (timer !== undefined) timer = void clearInterval(timer);
  };
  const look = (): void => {
    if (doneSinceLook === 0) {
      for (let more = MOST_WORKERS - workers.size; more > 0 && queue.length > 0; more -= 1) {
        const job = queue.shift();
        if (job !== undefined) void runOn(start(true), job);
      }
    }
    doneSinceLook = 0;
    next();
  };
  return {
    warm: (task) =>
      new Promise((resolve, reject) => {
        queue.push({ task, resolve, reject });
        next();
      }),
    everyWarm: (make) => Promise.all([...workers].filter(({ alive, warm }) => alive && warm).map((worker) => worker.recover(make()))),
    fresh: async (task) => {
      if (freshOnes >= MOST_WORKERS) await new Promise<void>((go) => inLine.push(go));
      freshOnes += 1;
      try {
        if (closed) throw new Error('the pool was closed');
        const worker = start(false);
        try {
          return await worker.recover(task);
        } finally {
          worker.kill();
        }
      } finally {
        freshOnes -= 1;
        inLine.shift()?.();
      }
    },
    close: async () => {
      closed = true;
      next();
      for (const worker of workers) worker.kill();
      await Promise.all(ending);
    },
  };
}

interface Worker {
  readonly alive: boolean;
  /** It recovers one directory after another. */
  readonly warm: boolean;
  readonly ended: Promise<void>;
  /** One directory at a time; further ones wait. */
  recover(task: RecoveryTask): Promise<Recovery>;
  kill(): void;
}

let requests = 0;

function startWorker({ recoverer, cwd, env, timeoutMs }: PoolOptions, warm: boolean): Worker {
  const child = fork(recoverer, [], { cwd, env, execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true });
  const ready = new Promise<void>((resolve) => child.once('message', () => resolve()));
  const failed = new Promise<never>((_, reject) => child.on('error', reject));
  failed.catch(() => {}); // whoever waits for an answer hears of it
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  let busy: Promise<unknown> = Promise.resolve();
  return {
    get alive() {
      return child.exitCode === null && child.signalCode === null && !child.killed;
    },
    ended,
    warm,
    recover: (task) => {
      const answer = busy.then(async () => {
        await Promise.race([ready, ended, failed]);
        return Promise.race([ask(child, task, timeoutMs), failed]);
      });
      busy = answer.catch(() => {});
      return answer;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** One request to one process. A process that passes the limit in a stage is killed. */
function ask(child: ChildProcess, task: RecoveryTask, timeoutMs: number): Promise<Recovery> {
  requests += 1;
  const request: RecoveryRequest = { id: requests, ...task };
  let stage: Stage = 'load';
  let so: Recovery | undefined;
  return new Promise((resolve) => {
    const finish = (recovery: Recovery): void => {
      clearTimeout(limit);
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(recovery);
    };
    const onLimit = (): void => {
      child.kill('SIGKILL');
      finish(stoppedIn(stage, so, { kind: 'hung', afterMs: timeoutMs }));
    };
    const onMessage = (message: RecoveryMessage | null): void => {
      // A store may send messages of its own.
      if (typeof message !== 'object' || message === null || message.kind === 'ready' || message.id !== request.id) return;
      if (message.kind === 'done') {
        finish(message.recovery);
        return;
      }
      ({ stage, so } = message);
      clearTimeout(limit);
      limit = setTimeout(onLimit, timeoutMs);
    };
    const onExit = (code: number | null, signal: string | null): void => {
      const tell = (): void => finish(stoppedIn(stage, so, { kind: 'ended', how: signal ?? `exit code ${code}` }));
      if (child.connected)
        child.once('disconnect', tell); // what it said before its end is still to be read
      else tell();
    };
    let limit = setTimeout(onLimit, timeoutMs);
    child.on('message', onMessage);
    child.on('exit', onExit);
    if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode);
    else if (child.connected)
      child.send(request, () => {}); // a channel that broke is told by the process's end
    else onExit(child.exitCode, child.signalCode);
  });
}

type Stopped = { readonly kind: 'hung'; readonly afterMs: number } | { readonly kind: 'ended'; readonly how: string };

function stoppedIn(stage: Stage, so: Recovery | undefined, stopped: Stopped): Recovery {
  if (stage === 'load' || so === undefined) return { load: stopped };
  return stage === 'save' ? { ...so, save: stopped } : { ...so, secondLoad: stopped };
}
