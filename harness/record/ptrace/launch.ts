/** Starts a program under trace: a shell waits until it is traced, signals where the recording starts, and becomes the program. */
import { closeSync, writeSync } from 'node:fs';
import type { ProgramStart } from '../recorder.ts';
import type { Libc } from './libc.ts';

/** Its arguments: working directory, input, output, errors, then the program with its own. The signal is that of a workload. */
const LAUNCHER = 'read -r _; cd -- "$1" && exec <"$2" >"$3" 2>"$4" && shift 4 && kill -URG $$ && exec "$@"';

interface Launched {
  readonly pid: number;
  /** Lets it go on, once it is traced. */
  readonly go: () => void;
}

export function launch(libc: Libc, { command, cwd, input, output, errors }: ProgramStart, env: readonly string[]): Launched {
  const [read, write] = libc.pipe();
  const pid = libc.spawn('/bin/sh', ['-c', LAUNCHER, 'crash-matrix', cwd, input, output, errors, ...command], env, read);
  closeSync(read);
  const go = (): void => {
    try {
      writeSync(write, '\n');
    } catch {
      // It has ended; its wait status is reported.
    }
    closeSync(write);
  };
  return { pid, go };
}
