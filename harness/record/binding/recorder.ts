/**
 * Runs children that record themselves: the recorder for every system on which Node runs.
 *
 * Allows   several runs at a time; each child reads its instructions from one file and writes its events to another.
 * Forbids  an accidental death counting as the planned kill: the child announces the kill, and its wait status must agree.
 * Cannot see   what the store's own children do. They are not killed either; each such run is reported as `unmeasured`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawEnd, RawEvent } from '../../domain/events.ts';
import type { Recorder, RunReport, RunRequest } from '../recorder.ts';

/** The variable that names a child's instructions: a JSON file with the options of `installBindingRecorder`. */
const INSTRUCTIONS = 'CRASH_MATRIX_BINDING';
/** The parent cannot see how far a child with faults is: it gets this many times the time limit. */
const STAGES_OF_A_FAULT = 3;

export const BINDING = {
  name: 'binding',
  cuts: false,
  programs: false,
  races: false,
  takesStacks: true,
  seesAllProcesses: false,
  seesOutside: false,
} as const;

export interface BindingRecorderSetup {
  /** How many children run at a time. */
  readonly inFlight: number;
  /** The node that runs them; this one if absent. */
  readonly nodePath?: string;
}

/** How a child ended, as its parent sees it. */
type Exit =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'timed out'; readonly afterMs: number };

export function createBindingRecorder(setup: BindingRecorderSetup): Recorder {
  const nodePath = setup.nodePath ?? process.execPath;
  const running = new Set<ChildProcess>();
  const underWay = new Set<Promise<RunReport>>();
  const waiting: (() => void)[] = [];
  let free = setup.inFlight;
  let runs = 0;
  let closed = false;

  const acquire = async (): Promise<void> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => waiting.push(go));
  };
  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };

  const runOne = async (request: RunRequest): Promise<RunReport> => {
    runs += 1;
    const name = join(request.spool, `binding-${process.pid}-${runs}`);
    const { directory, spool, plan } = request;
    const output = `${name}.events`;
    await writeFile(`${name}.json`, JSON.stringify({ directory, spool, plan, output }));
    try {
      if (closed) throw new Error('the binding recorder is closed');
      const directories = plan.kind === 'fault' ? plan.runs.map((run) => run.directory) : [directory];
      const child = spawn(nodePath, [...request.args, ...directories], {
        env: { ...request.env, [INSTRUCTIONS]: `${name}.json` },
        stdio: 'ignore',
        windowsHide: true,
      });
      running.add(child);
      const ended = await exitOf(child, request.timeoutMs * (plan.kind === 'fault' ? STAGES_OF_A_FAULT : 1)).finally(() =>
        running.delete(child),
      );
      // A child that was never started has no pid, and its `exit` rejects.
      return { pid: child.pid ?? 0, events: withEnd(await eventsIn(output), ended, plan.kind === 'fault') };
    } finally {
      await Promise.all([rm(`${name}.json`, { force: true }), rm(output, { force: true })]);
    }
  };

  return {
    ...BINDING,
    inFlight: setup.inFlight,
    async run(request) {
      await acquire();
      const run = runOne(request).finally(release);
      underWay.add(run);
      return run.finally(() => underWay.delete(run));
    },
    async close() {
      closed = true;
      for (const child of running) child.kill('SIGKILL');
      await Promise.allSettled(underWay);
    },
  };
}

function exitOf(child: ChildProcess, timeoutMs: number): Promise<Exit> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      if (child.pid === undefined) reject(new Error(`could not start ${child.spawnfile}`, { cause: error }));
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      if (late) resolve({ kind: 'timed out', afterMs: timeoutMs });
      else if (signal !== null) resolve({ kind: 'signal', signal });
      else resolve({ kind: 'code', code: code ?? 0 });
    });
  });
}

/** The events of a run, without an incomplete last line. No file: the child ended before its first event. */
async function eventsIn(output: string): Promise<RawEvent[]> {
  const text = await readFile(output, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RawEvent);
}

/** The events of the child with an end that agrees with its exit. In a `fault` plan each run that finished has its own end. */
function withEnd(events: readonly RawEvent[], exit: Exit, hasRuns: boolean): readonly RawEvent[] {
  const reported = events.findLast((event): event is RawEnd => event.kind === 'end');
  if (hasRuns) {
    const isDone = reported?.how === 'diverged' || (events.at(-1)?.kind === 'end' && exit.kind === 'code' && exit.code === 0);
    return isDone ? events : [...events, endOf(undefined, exit)];
  }
  return [...events.filter((event) => event.kind !== 'end'), endOf(reported, exit)];
}

function endOf(reported: RawEnd | undefined, exit: Exit): RawEnd {
  if (reported?.how === 'diverged') return reported;
  switch (exit.kind) {
    case 'timed out':
      return { kind: 'end', how: 'timed-out', afterMs: exit.afterMs };
    case 'signal':
      if (reported?.how === 'killed' && exit.signal === 'SIGKILL') return { ...reported, signal: exit.signal };
      return { kind: 'end', how: 'crashed', signal: exit.signal };
    case 'code':
      // Windows has no signals: a terminated process has an exit code.
      if (reported?.how === 'killed' && process.platform === 'win32' && exit.code !== 0) return reported;
      if (reported?.how === 'finished' && exit.code === 0) return reported;
      return { kind: 'end', how: 'exited', code: exit.code };
    default:
      return exit satisfies never;
  }
}
