/** Runs a program to its end or to a limit, and ends what it started. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

export interface CommandRun {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  /** An existing directory, for what it prints and for its temporary files. */
  readonly notes: string;
  readonly timeoutMs: number;
}

/** `pid`: its process; 0 of one that was not started. */
export type CommandEnd = { readonly pid: number; readonly output: string; readonly errors: string } & (
  | { readonly how: 'exited'; readonly code: number }
  | { readonly how: 'crashed'; readonly signal: string }
  | { readonly how: 'timed-out' }
  /** It could not be started. */
  | { readonly how: 'not-started'; readonly why: string }
);

/** Of what is printed, only so much is read. */
const MOST_PRINTED = 1 << 20;

/** The command has no standard input. It leads a process group of its own, which ends with it. */
export function runCommand({ command, cwd, env, notes, timeoutMs }: CommandRun): Promise<CommandEnd> {
  const [outputFile, errorsFile] = [join(notes, 'output'), join(notes, 'errors')];
  const temporary = join(notes, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const [output, errors] = [openSync(outputFile, 'w'), openSync(errorsFile, 'w')];
  let pid = 0;
  const printed = (): { readonly pid: number; readonly output: string; readonly errors: string } => ({
    pid,
    output: beginningOf(outputFile),
    errors: beginningOf(errorsFile),
  });
  return new Promise((resolve) => {
    const [program = '', ...args] = command;
    let isLate = false;
    const child = spawn(program, args, { cwd, env: { ...env, TMPDIR: temporary }, stdio: ['ignore', output, errors], detached: true });
    pid = child.pid ?? 0;
    closeSync(output);
    closeSync(errors);
    const limit = setTimeout(() => {
      isLate = true;
      endGroup(child.pid);
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(limit);
      resolve({ how: 'not-started', why: error.message, ...printed() });
    });
    child.on('exit', (code, signal) => {
      clearTimeout(limit);
      endGroup(child.pid);
      if (isLate) resolve({ how: 'timed-out', ...printed() });
      else if (signal !== null) resolve({ how: 'crashed', signal, ...printed() });
      else resolve({ how: 'exited', code: code ?? 0, ...printed() });
    });
  });
}

/** As a shell command. */
export const inShell = (text: string): readonly string[] => ['/bin/sh', '-c', text];

function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

function beginningOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(MOST_PRINTED);
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, MOST_PRINTED, 0));
  } finally {
    closeSync(file);
  }
}
