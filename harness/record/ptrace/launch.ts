/**
 * Starts what is traced: a workload in Node, which signals where the recording starts; or a program, by a shell that waits until it is traced,
 * signals, and becomes the program.
 */
import { closeSync, writeSync } from 'node:fs';
import type { FaultRun } from '../fault.ts';
import { killProcesses } from './ends.ts';
import { type Libc, PTRACE, START_OPTIONS } from './libc.ts';
import type { TracerRun } from './protocol.ts';

/** Its arguments: working directory, input, output, errors, then the program with its own. */
const LAUNCHER = 'read -r _; cd -- "$1" && exec <"$2" >"$3" 2>"$4" && shift 4 && kill -URG $$ && exec "$@"';

/** Returns the process, which is traced. */
export function launch(
  libc: Libc,
  { program, node, args, env }: Pick<TracerRun, 'program' | 'node' | 'args' | 'env'>,
  runs: readonly FaultRun[],
): number {
  const seize = (pid: number): number => {
    // On a busy machine a child can end before it is seized. Such a run never reaches its recording mark, and is repeated.
    if (libc.ptrace(PTRACE.seize, pid, 0, START_OPTIONS) < 0) killProcesses([pid]);
    return pid;
  };
  if (program === undefined) return seize(libc.spawn(node, [...args, ...runs.map(({ directory }) => directory)], env));
  const { command, cwd, input, output, errors } = program;
  const [read, write] = libc.pipe();
  const pid = seize(libc.spawn('/bin/sh', ['-c', LAUNCHER, 'crash-matrix', cwd, input, output, errors, ...command], env, read));
  closeSync(read);
  try {
    writeSync(write, '\n');
  } catch {
    // It has ended; its wait status is reported.
  }
  closeSync(write);
  return pid;
}
