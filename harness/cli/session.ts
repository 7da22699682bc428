/**
 * What every command that runs stores needs, and its end: a workspace, recorders, and that nothing stays behind, whether the
 * command returns, throws or is interrupted.
 */
import { tmpdir } from 'node:os';
import { InterruptedError, UnavailableError } from '../domain/errors.ts';
import { usableCores } from '../machine/cores.ts';
import { findInstallation, type Installation } from '../machine/installation.ts';
import { thisMachine } from '../machine/machine.ts';
import { memoryDirectory } from '../machine/memory-directory.ts';
import { endDescendants, openWorkspace, RUN_VARIABLE, type Workspace } from '../machine/workspace.ts';
import type { EquippedMachine } from '../models/model.ts';
import { chooseRecorder, type Refused, startSiteRecorder } from '../record/choose.ts';
import { adoptOrphans } from '../record/ptrace/orphans.ts';
import type { Recorder, StartOptions } from '../record/recorder.ts';
import { stopBundling } from '../store/bundle.ts';
import { childrenEnvironment } from './children-environment.ts';

export interface Session {
  readonly installation: Installation;
  readonly workspace: Workspace;
  readonly recorder: Recorder;
  /** With that recorder. */
  readonly machine: EquippedMachine;
  readonly siteRecorder: Recorder;
  /** The better recorders, which do not work here; none if one was asked for. */
  readonly refused: readonly Refused[];
  readonly cwd: string;
  /** When it was opened, in ms since the epoch. */
  readonly startedMs: number;
  /** The environment of children. */
  readonly env: { readonly [name: string]: string };
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function openTemporary(): Workspace {
  try {
    return openWorkspace(tmpdir(), process.pid, memoryDirectory());
  } catch (error) {
    throw new UnavailableError(
      `no work can be done in the temporary directory ${tmpdir()}: ${(error as Error).message}; set TMPDIR to another`,
    );
  }
}

interface SessionOptions extends Pick<StartOptions, 'onNotForked'> {
  /** Ends it as a signal of the system does. */
  readonly stop?: AbortSignal;
}

/** `wanted` is the name of a recorder; undefined: the best one that works here. */
export async function withSession<T>(
  wanted: string | undefined,
  work: (session: Session) => Promise<T>,
  { stop, ...options }: SessionOptions = {},
): Promise<T> {
  const startedMs = Date.now();
  const installation = findInstallation(import.meta.url);
  const workspace = openTemporary();
  adoptOrphans();
  const interrupted = whenInterrupted(stop);
  const open: Recorder[] = [];
  try {
    const env = { ...childrenEnvironment(process.env), [RUN_VARIABLE]: workspace.id };
    const cwd = process.cwd();
    const inFlight = usableCores() + 2;
    const { recorder, refused } = await chooseRecorder({ wanted, inFlight, installation, cwd, env, ...options });
    open.push(recorder);
    const siteRecorder = recorder.takesStacks ? recorder : await startSiteRecorder({ inFlight: 1, installation, cwd, env });
    open.push(siteRecorder);
    const machine = { ...thisMachine(process.env.PATH), recorder };
    const session = { installation, workspace, recorder, machine, siteRecorder, refused, cwd, env, startedMs };
    return await Promise.race([work(session), interrupted.promise]);
  } finally {
    interrupted.forget();
    await Promise.all(open.map((recorder) => recorder.close()));
    await stopBundling();
    endDescendants(process.pid); // daemons that stores started; nothing else is left
    workspace.close();
  }
}

function whenInterrupted(stop: AbortSignal | undefined): { readonly promise: Promise<never>; readonly forget: () => void } {
  let onSignal = (_signal: NodeJS.Signals): void => {};
  let onStop = (): void => {};
  const promise = new Promise<never>((_, reject) => {
    onSignal = (signal) => reject(new InterruptedError(`interrupted by ${signal}`));
    onStop = () => reject(new InterruptedError('stopped by the program that asked for the run'));
  });
  if (stop?.aborted) onStop();
  stop?.addEventListener('abort', onStop);
  promise.catch(() => {}); // heard by the race, as long as it runs
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  const forget = (): void => {
    for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
    stop?.removeEventListener('abort', onStop);
  };
  return { promise, forget };
}
