/**
 * Runs the harness in a process of its own, for a program that stays as it is: a run takes over its process. It adopts orphans, ends every
 * descendant when it is over, listens to signals, and works in one directory for each process. None of that may happen to a test runner.
 */
import { fork } from 'node:child_process';
import { HarnessError } from '../domain/errors.ts';
import { findInstallation } from '../machine/installation.ts';
import { errorSent, type FromHarness, type MatrixRequest, SERVES, type ToHarness } from '../protocol/matrix.ts';
import type { StopSignal } from './options.ts';

export interface HarnessProcessOptions {
  readonly cwd: string;
  readonly signal?: StopSignal | undefined;
  /** Takes all that the harness says but errors. */
  readonly onMessage: (message: Exclude<FromHarness, { readonly kind: 'failed' }>) => void;
}

/** What is shown of standard error where the harness ends without an answer, in characters. */
const LAST_WORDS = 4_000;

/** Resolves, or rejects with the error that the harness reports, when its process has ended and nothing of the run is left. */
export function inHarness(request: MatrixRequest, { cwd, signal, onMessage }: HarnessProcessOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const program = findInstallation(import.meta.url).cli;
    // Options of Node that the test runner was started with, such as loaders and inspectors, are not meant for the harness.
    const child = fork(program, [SERVES], { cwd, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const send = (message: ToHarness): void => void child.send(message, () => {}); // where it has ended, `close` says so
    const stop = (): void => send({ kind: 'stop' });
    let failure: Error | undefined;
    let lastWords = '';
    let answered = false;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = `${lastWords}${text}`.slice(-LAST_WORDS);
    });
    child.on('message', (message: FromHarness) => {
      if (message.kind === 'failed') failure = errorSent(message.error);
      else onMessage(message);
      answered ||= message.kind !== 'event' || message.event.kind === 'finished';
    });
    child.on('error', (error) => {
      failure ??= new HarnessError(`the harness was not started: ${error.message}`, { cause: error });
      if (child.pid === undefined) settle('');
    });
    const settle = (how: string): void => {
      signal?.removeEventListener('abort', stop);
      if (answered && failure === undefined) resolve();
      else if (signal?.aborted) reject(signal.reason);
      else if (failure !== undefined) reject(failure);
      else reject(new HarnessError(`the harness ended without an answer (${how})${lastWords === '' ? '' : `:\n${lastWords}`}`));
    };
    child.on('close', (code, by) => settle(by === null ? `exit code ${code}` : by));
    signal?.addEventListener('abort', stop);
    send({ kind: 'start', request });
  });
}
