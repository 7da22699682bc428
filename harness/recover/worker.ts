/** One recovering process (`child/recoverer.ts`): sends its requests, reads its answers, and detects that it hangs or has ended. */
import { type ChildProcess, fork } from 'node:child_process';
import { statSync } from 'node:fs';
import {
  type DirectoryToRecover,
  type Recovery,
  type RecoveryMessage,
  type RecoveryRequest,
  type Stage,
  stoppedIn,
  type TreeBatch,
} from '../domain/recovery.ts';
import { type OutsideNotesOptions, outsideArguments } from './outside-lines.ts';

export interface WorkerOptions {
  /** The bundled `recoverer.ts`. */
  readonly recoverer: string;
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  /** Limit for each load and save, in ms. */
  readonly timeoutMs: number;
  /** Has it note what is used outside of the store's directories. */
  readonly outside?: OutsideNotesOptions;
}

export type RecoveryTask = DirectoryToRecover;

/** What it took to have a store, in ms. */
interface EvaluationTimes {
  /** The start of the process, without the store. */
  readonly startMs: number;
  /** The first evaluation in the process, with all packages. */
  readonly firstMs: number;
  /** Another one in the same process. */
  readonly againMs: number;
}

export interface Measured {
  readonly recovery: Recovery;
  /** Absent if the process ended or hung. */
  readonly times?: EvaluationTimes;
}

export type BatchTask = Omit<TreeBatch, 'id'>;

export interface BatchWatch {
  /** There are new answers. */
  readonly onProgress: () => void;
  /** No answer came for a while: this process finishes the tree in progress and drops the rest of the batch. */
  readonly onStuck: () => void;
}

export interface Worker {
  readonly alive: boolean;
  /** It recovers more than one directory. */
  readonly warm: boolean;
  readonly ended: Promise<void>;
  /** Recovers one directory at a time; further requests wait. */
  recover(task: RecoveryTask): Promise<Recovery>;
  /** The same, and then evaluates the store once more, to see how long that takes. */
  measure(task: RecoveryTask): Promise<Measured>;
  /** Resolves when the batch is done, or when the process has ended or was killed because it hung. The results are in the answers file. */
  recoverTrees(task: BatchTask, watch: BatchWatch): Promise<void>;
  /** Number of trees sent to it so far. */
  readonly trees: number;
  /** Ends it after its pending requests. */
  retire(): void;
  kill(): void;
}

/** Interval at which the answers file of a batch is checked, in ms. */
const LOOK_MS = 100;
/** Checks in a row without an answer before the rest of a batch moves to other processes. */
const LOOKS_IN_VAIN = 5;

/** Thousands of loads produce only short-lived garbage. A young generation that starts large (MiB) collects it at less cost. */
const V8_OPTIONS = ['--min-semi-space-size=16'];

let requests = 0;

export function startWorker({ recoverer, cwd, env, timeoutMs, outside }: WorkerOptions, warm: boolean): Worker {
  const args = outsideArguments(outside);
  const execArgv = warm ? V8_OPTIONS : [];
  const child = fork(recoverer, args, { cwd, env, execArgv, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true });
  const began = performance.now();
  let startMs = 0;
  const ready = new Promise<void>((resolve) =>
    child.once('message', () => {
      startMs = performance.now() - began;
      resolve();
    }),
  );
  const failed = new Promise<never>((_, reject) => child.on('error', reject));
  failed.catch(() => {}); // every pending request rejects with it
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
    recover: (task) => inTurn(async () => (await ask(child, task, timeoutMs)).recovery),
    measure: (task) =>
      inTurn(async () => {
        const { recovery, evaluationMs: firstMs } = await ask(child, task, timeoutMs);
        if (firstMs === undefined) return { recovery };
        const againMs = await askForEvaluation(child, task.bundle, timeoutMs);
        return { recovery, ...(againMs !== undefined && { times: { startMs, firstMs, againMs } }) };
      }),
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

interface Answered {
  readonly recovery: Recovery;
  /** Absent if the process ended or hung. */
  readonly evaluationMs?: number;
}

/** Sends one request. Kills the process if a stage exceeds the limit. */
function ask(child: ChildProcess, task: RecoveryTask, timeoutMs: number): Promise<Answered> {
  requests += 1;
  const id = requests;
  let stage: Stage = 'load';
  let so: Recovery | undefined;
  return new Promise((resolve) => {
    const finish = (recovery: Recovery, evaluationMs?: number): void => {
      clearTimeout(limit);
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve({ recovery, ...(evaluationMs !== undefined && { evaluationMs }) });
    };
    const onLimit = (): void => {
      child.kill('SIGKILL');
      finish(stoppedIn(stage, so, { kind: 'hung', afterMs: timeoutMs }));
    };
    const onMessage = (message: RecoveryMessage | null): void => {
      // A store may send messages of its own.
      if (typeof message !== 'object' || message === null || message.kind === 'ready' || message.id !== id) return;
      if (message.kind === 'batch-done' || message.kind === 'evaluated') return;
      if (message.kind === 'done') {
        finish(message.recovery, message.evaluationMs);
        return;
      }
      ({ stage, so } = message);
      clearTimeout(limit);
      limit = setTimeout(onLimit, timeoutMs);
    };
    const onExit = (code: number | null, signal: string | null): void => {
      const reportEnd = (): void => finish(stoppedIn(stage, so, { kind: 'ended', how: signal ?? `exit code ${code}` }));
      if (child.connected)
        child.once('disconnect', reportEnd); // its last messages may still be unread
      else reportEnd();
    };
    let limit = setTimeout(onLimit, timeoutMs);
    child.on('message', onMessage);
    child.on('exit', onExit);
    send(child, { kind: 'directory', id, ...task }, onExit);
  });
}

/** Evaluates the store once more. Undefined if that ends the process or takes longer than the limit. */
function askForEvaluation(child: ChildProcess, bundle: string, timeoutMs: number): Promise<number | undefined> {
  requests += 1;
  const id = requests;
  return new Promise((resolve) => {
    const finish = (evaluationMs?: number): void => {
      clearTimeout(limit);
      child.off('message', onMessage);
      child.off('exit', onEnd);
      resolve(evaluationMs);
    };
    const onEnd = (): void => finish();
    const onMessage = (message: RecoveryMessage | null): void => {
      if (typeof message === 'object' && message?.kind === 'evaluated' && message.id === id) finish(message.evaluationMs);
    };
    const limit = setTimeout(onEnd, timeoutMs);
    child.on('message', onMessage);
    child.on('exit', onEnd);
    send(child, { kind: 'evaluate', id, bundle }, onEnd);
  });
}

/** Sends a batch. Kills the process if no stage of any tree ends within the limit. */
function askForTrees(child: ChildProcess, task: BatchTask, watch: BatchWatch, timeoutMs: number): Promise<void> {
  requests += 1;
  const id = requests;
  return new Promise((resolve) => {
    const finish = (): void => {
      stopLooking();
      child.off('message', onMessage);
      child.off('exit', finish);
      resolve();
    };
    const onLimit = (): void => {
      child.kill('SIGKILL');
      finish();
    };
    const onStuck = (): void => {
      watch.onStuck();
      if (child.connected) child.send({ kind: 'drop', id } satisfies RecoveryRequest, () => {});
    };
    const stopLooking = lookAtAnswers(task.answers, { ...watch, onStuck, onLimit }, timeoutMs);
    const onMessage = (message: RecoveryMessage | null): void => {
      if (typeof message === 'object' && message?.kind === 'batch-done' && message.id === id) finish();
    };
    child.on('message', onMessage);
    child.on('exit', finish);
    send(child, { kind: 'trees', id, ...task }, finish);
  });
}

/** Looks whether a file of answers grows, until the returned function is called. `onLimit`: it has not grown within the limit. */
export function lookAtAnswers(
  file: string,
  { onProgress, onStuck, onLimit = () => {} }: BatchWatch & { readonly onLimit?: () => void },
  timeoutMs: number,
): () => void {
  let size = 0;
  let grewAt = performance.now();
  let looksInVain = 0;
  const look = (): void => {
    const now = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (now > size) {
      [size, grewAt, looksInVain] = [now, performance.now(), 0];
      onProgress();
      return;
    }
    looksInVain += 1;
    if (performance.now() - grewAt > timeoutMs) onLimit();
    else if (looksInVain === LOOKS_IN_VAIN) onStuck();
  };
  const timer = setInterval(look, Math.min(LOOK_MS, timeoutMs / 4));
  return () => clearInterval(timer);
}

function send(child: ChildProcess, request: RecoveryRequest, onExit: (code: number | null, signal: string | null) => void): void {
  if (child.exitCode === null && child.signalCode === null && child.connected)
    child.send(request, () => {}); // a broken channel shows as the end of the process
  else onExit(child.exitCode, child.signalCode);
}
