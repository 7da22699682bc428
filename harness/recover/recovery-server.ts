/** A process that evaluates a store once and is forked for each recovery (`child/recovery-server.ts`): its children, as warm workers. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Recovery } from '../domain/recovery.ts';
import { WARM_NODE, whyNotForked } from '../protocol/fork-server.ts';
import { ANSWERS, type RecoveryServerAnswer, type RecoveryServerRequest } from '../protocol/recovery-server.ts';
import { outsideArguments } from './outside-lines.ts';
import { lookAtAnswers, type Worker, type WorkerOptions } from './worker.ts';

export interface RecoveryServerOptions extends Pick<WorkerOptions, 'cwd' | 'env' | 'timeoutMs' | 'outside'> {
  /** The bundled `child/recovery-server.ts`. */
  readonly recoveryServer: string;
}

export interface RecoveryServer {
  /** How long a child takes that does nothing. */
  readonly forkMs: number;
  /** A worker whose recoveries are forked, each by itself. It lives until it is killed, or as long as the server. */
  readonly newWorker: () => Worker;
  close(): Promise<void>;
}

/** Limit for the import, so that a short limit for a load does not apply to that. */
const IMPORT_LIMIT_MS = 30_000;

/** `refused`: why this store cannot be forked. */
export function startRecoveryServer(
  { recoveryServer, cwd, env, timeoutMs, outside }: RecoveryServerOptions,
  bundle: string,
): Promise<RecoveryServer | { readonly refused: string }> {
  const args = [recoveryServer, bundle, String(timeoutMs), ...outsideArguments(outside)];
  const server = spawn(process.execPath, [...WARM_NODE, ...args], {
    cwd,
    env,
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const waiting = new Map<number, { readonly onDone: (recovery?: Recovery) => void; readonly onGone: (how: string) => void }>();
  let requests = 0;
  let isClosing = false;
  let how: string | undefined;
  const send = (request: RecoveryServerRequest): void => void server.stdin?.write(`${JSON.stringify(request)}\n`);
  server.stdin?.on('error', () => {}); // its end is reported
  const ended = new Promise<string>((resolve) => {
    server.once('error', (error) => resolve(String(error)));
    server.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  void ended.then((ending) => {
    how = ending;
    for (const { onGone } of waiting.values()) onGone(ending);
  });
  const ask = <T>(
    request: (id: number) => RecoveryServerRequest,
    onDone: (recovery: Recovery | undefined) => T,
    onGone: (how: string) => T,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      requests += 1;
      const id = requests;
      const finish = (work: () => T): void => {
        waiting.delete(id);
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      };
      if (how !== undefined) return finish(() => onGone(how ?? ''));
      waiting.set(id, { onDone: (recovery) => finish(() => onDone(recovery)), onGone: (ending) => finish(() => onGone(ending)) });
      send(request(id));
    });
  const gone = (ending: string): never => {
    throw new Error(isClosing ? 'the pool was closed' : `a process that forks recoveries ended (${ending})`);
  };
  const newWorker = (): Worker => {
    let onRetired = (): void => {};
    const retired = new Promise<void>((resolve) => {
      onRetired = resolve;
    });
    let isRetired = false;
    const retire = (): void => {
      isRetired = true;
      onRetired();
    };
    const recover: Worker['recover'] = (task) =>
      ask(
        (id) => ({ kind: 'directory', id, ...task }),
        (recovery) => recovery ?? gone('without an answer'),
        gone,
      );
    return {
      get alive() {
        return !isRetired && how === undefined;
      },
      warm: true,
      trees: 0,
      ended: Promise.race([retired, ended.then(() => {})]),
      recover,
      measure: async (task) => ({ recovery: await recover(task) }),
      recoverTrees: async (task, watch) => {
        let number = 0;
        const onStuck = (): void => {
          watch.onStuck();
          send({ kind: 'drop', id: number });
        };
        const stopLooking = lookAtAnswers(task.answers, { ...watch, onStuck }, timeoutMs);
        const askFor = (id: number): RecoveryServerRequest => {
          number = id;
          return { kind: 'trees', id, ...task };
        };
        await ask(askFor, stopLooking, stopLooking);
      },
      retire,
      kill: retire,
    };
  };
  const close = async (): Promise<void> => {
    isClosing = true;
    server.kill('SIGKILL'); // and its children with it
    await ended;
  };
  return new Promise((resolve) => {
    const limit = setTimeout(() => server.kill('SIGKILL'), Math.max(timeoutMs, IMPORT_LIMIT_MS));
    void ended.then(() => {
      clearTimeout(limit);
      resolve({ refused: whyNotForked(server.exitCode ?? 0) });
    });
    createInterface({ input: server.stdio[ANSWERS] as Readable }).on('line', (line) => {
      const answer = JSON.parse(line) as RecoveryServerAnswer;
      switch (answer.kind) {
        case 'ready':
          clearTimeout(limit);
          resolve({ forkMs: answer.forkMs, newWorker, close });
          break;
        case 'done':
          waiting.get(answer.id)?.onDone(answer.recovery);
          break;
        case 'batch-done':
          waiting.get(answer.id)?.onDone();
          break;
        default:
          answer satisfies never;
      }
    });
  });
}
