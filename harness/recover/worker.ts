/** One recovering process: `child/recoverer.ts`, what it is asked, and how it is told from one that hangs or has ended. */
import { type ChildProcess, fork } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Recovery, RecoveryMessage, RecoveryRequest, Stage, TreeBatch } from '../domain/recovery.ts';
import type { Json } from '../domain/trace.ts';

export interface WorkerOptions {
  /** The bundled `recoverer.ts`. */
  readonly recoverer: string;
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  /** Limit for each load and save, in ms. */
  readonly timeoutMs: number;
}

export interface RecoveryTask {
  readonly bundle: string;
  /** The store's directory; recovery changes it. */
  readonly directory: string;
  readonly next: Json;
}

export type BatchTask = Omit<TreeBatch, 'id'>;

export interface BatchWatch {
  /** There are new answers. */
  readonly onProgress: () => void;
  /** Nothing was answered for a while: the rest will not be done here, but for the tree that the process is at. */
  readonly onStuck: () => void;
}

export interface Worker {
  readonly alive: boolean;
  /** It recovers one directory after another. */
  readonly warm: boolean;
  readonly ended: Promise<void>;
  /** One directory at a time; further ones wait. */
  recover(task: RecoveryTask): Promise<Recovery>;
  /** Resolves when the process is done with the batch, has ended, or hung and was killed. What it found is in the answers. */
  recoverTrees(task: BatchTask, watch: BatchWatch): Promise<void>;
  /** Trees that it was given so far. */
  readonly trees: number;
  /** Ends it once it has answered what it was asked. */
  retire(): void;
  kill(): void;
}

/** How often the answers to a batch are looked at, in ms. */
const LOOK_MS = 100;
/** So many looks without an answer, and the rest of a batch goes elsewhere. */
const LOOKS_IN_VAIN = 5;

/** Loading thousands of crash states leaves much garbage and keeps nothing: a young generation that is large from the start (MiB) is cheaper. */
const V8_OPTIONS = ['--min-semi-space-size=16'];

let requests = 0;

export function startWorker({ recoverer, cwd, env, timeoutMs }: WorkerOptions, warm: boolean): Worker {
  const child = fork(recoverer, [], { cwd, env, execArgv: V8_OPTIONS, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true });
  const ready = new Promise<void>((resolve) => child.once('message', () => resolve()));
  const failed = new Promise<never>((_, reject) => child.on('error', reject));
  failed.catch(() => {}); // whoever waits for an answer hears of it
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  let busy: Promise<unknown> = Promise.resolve();
  let trees = 0;
  let retired = false;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const answer = busy.then(async () => {
      await Promise.race([ready, ended, failed]);
      return Promise.race([work(), failed]);
    });
    busy = answer.catch(() => {});
    return answer;
  };
  return {
    get alive() {
      return !retired && child.exitCode === null && child.signalCode === null && !child.killed;
    },
    ended,
    warm,
    recover: (task) => inTurn(() => ask(child, task, timeoutMs)),
    get trees() {
      return trees;
    },
    recoverTrees: (task, watch) => {
      trees += task.trees.length;
      return inTurn(() => askForTrees(child, task, watch, timeoutMs));
    },
    retire: () => {
      retired = true;
      void inTurn(async () => child.kill('SIGKILL'));
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** One request to one process. A process that passes the limit in a stage is killed. */
function ask(child: ChildProcess, task: RecoveryTask, timeoutMs: number): Promise<Recovery> {
  requests += 1;
  const id = requests;
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
      if (typeof message !== 'object' || message === null || message.kind === 'ready' || message.id !== id) return;
      if (message.kind === 'batch-done') return;
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
    send(child, { kind: 'directory', id, ...task }, onExit);
  });
}

/** A batch to one process, which is killed when for longer than the limit no stage of any tree has come to an end. */
function askForTrees(child: ChildProcess, task: BatchTask, { onProgress, onStuck }: BatchWatch, timeoutMs: number): Promise<void> {
  requests += 1;
  const id = requests;
  return new Promise((resolve) => {
    let size = 0;
    let grewAt = performance.now();
    let looksInVain = 0;
    const finish = (): void => {
      clearInterval(timer);
      child.off('message', onMessage);
      child.off('exit', finish);
      resolve();
    };
    const look = (): void => {
      const now = statSync(task.answers, { throwIfNoEntry: false })?.size ?? 0;
      if (now > size) {
        [size, grewAt, looksInVain] = [now, performance.now(), 0];
        onProgress();
        return;
      }
      looksInVain += 1;
      if (performance.now() - grewAt > timeoutMs) {
        child.kill('SIGKILL');
        finish();
      } else if (looksInVain === LOOKS_IN_VAIN) {
        onStuck();
        if (child.connected) child.send({ kind: 'drop', id } satisfies RecoveryRequest, () => {});
      }
    };
    const onMessage = (message: RecoveryMessage | null): void => {
      if (typeof message === 'object' && message?.kind === 'batch-done' && message.id === id) finish();
    };
    const timer = setInterval(look, Math.min(LOOK_MS, timeoutMs / 4));
    child.on('message', onMessage);
    child.on('exit', finish);
    send(child, { kind: 'trees', id, ...task }, finish);
  });
}

function send(child: ChildProcess, request: RecoveryRequest, onExit: (code: number | null, signal: string | null) => void): void {
  if (child.exitCode === null && child.signalCode === null && child.connected)
    child.send(request, () => {}); // a channel that broke is told by the process's end
  else onExit(child.exitCode, child.signalCode);
}

type Stopped = { readonly kind: 'hung'; readonly afterMs: number } | { readonly kind: 'ended'; readonly how: string };

function stoppedIn(stage: Stage, so: Recovery | undefined, stopped: Stopped): Recovery {
  if (stage === 'load' || so === undefined) return { load: stopped };
  return stage === 'save' ? { ...so, save: stopped } : { ...so, secondLoad: stopped };
}
