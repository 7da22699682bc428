/**
 * Records real syscalls of real children (Linux, no root), through a tracer process. See `tracer.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import type { NameRule } from '../../domain/trace.ts';
import type { RaceRequest } from '../race.ts';
import type { Recorder, RunPlan, RunRequest } from '../recorder.ts';
import { READY, type TracerNotice, type TracerPlan, type TracerReport, type TracerRequest, type TracerRun } from './protocol.ts';
import { canFilter } from './seccomp.ts';

/** The tracer's descriptor for its bell. */
const BELL = 3;
/** How often the tracer checks its time limits. */
const TICK_MS = 200;

export const PTRACE = {
  name: 'ptrace',
  cuts: true,
  programs: true,
  races: true,
  takesStacks: false,
  seesAllProcesses: true,
  seesOutside: canFilter(), // without a filter, nothing is seen of a run whose steps are done
} as const;

export interface PtraceOptions {
  /** How many children run at the same time. */
  readonly inFlight: number;
  /** The bundled `tracer.ts`. */
  readonly tracer: string;
  /** Where children run, and the tracer's own environment. */
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  readonly onNotForked?: (store: string, why: string) => void;
}

interface Pending {
  readonly resolve: (report: TracerReport) => void;
  readonly reject: (error: Error) => void;
}

/** Starts the tracer. Rejects with the reason where one process may not trace another. */
export async function startPtraceRecorder(options: PtraceOptions): Promise<Recorder> {
  const tracer = spawn(process.execPath, [options.tracer, String(options.inFlight)], {
    cwd: options.cwd,
    env: options.env,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const bell = tracer.stdio[BELL] as Writable;
  const pending = new Map<number, Pending>();
  const orders = new Map<readonly string[], number>();
  let runs = 0;
  let closing = false;
  let ticking: NodeJS.Timeout | undefined;
  let onReady = (_error?: Error): void => {};
  const ready = new Promise<void>((resolve, reject) => {
    onReady = (error) => (error === undefined ? resolve() : reject(error));
  });
  const ended = whenEnded(tracer, (error) => {
    if (closing) return;
    onReady(error);
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  });
  createInterface({ input: tracer.stdout }).on('line', (line) => {
    if (line === READY) return onReady();
    const report = JSON.parse(line) as TracerReport | TracerNotice;
    if ('notForked' in report) return options.onNotForked?.(report.notForked.store, report.notForked.why);
    const run = pending.get(report.run);
    if (report.refused === undefined) run?.resolve(report);
    else run?.reject(new Error(report.refused));
    pending.delete(report.run);
    if (pending.size === 0) ticking = void clearInterval(ticking);
  });
  const ring = (): void => void bell.write('.');
  const send = (message: TracerRequest): void => {
    tracer.stdin.write(`${JSON.stringify(message)}\n`, ring);
  };
  /** An order is sent once, however many runs follow it. */
  const orderNumber = (keys: readonly string[], names: readonly NameRule[]): number => {
    const known = orders.get(keys);
    if (known !== undefined) return known;
    const order = orders.size;
    orders.set(keys, order);
    send({ kind: 'order', order, keys, names });
    return order;
  };
  const planFor = (plan: RunPlan): TracerPlan => {
    switch (plan.kind) {
      case 'observe':
        return plan;
      case 'follow':
        return { kind: 'follow', order: orderNumber(plan.order, plan.names), matching: plan.matching };
      case 'kill':
        return { kind: 'kill', order: orderNumber(plan.order, plan.names), at: plan.at };
      case 'asked':
      case 'cut': {
        const { order, names, ...rest } = plan;
        return { ...rest, order: orderNumber(order, names) };
      }
      case 'fault':
        return { kind: 'fault', order: orderNumber(plan.order, plan.names), runs: plan.runs };
      default:
        return plan satisfies never;
    }
  };
  const ask = (messageOf: (run: number) => TracerRequest): Promise<TracerReport> =>
    new Promise((resolve, reject) => {
      if (tracer.exitCode !== null || tracer.signalCode !== null) return reject(new Error('the tracer has ended'));
      runs += 1;
      pending.set(runs, { resolve, reject });
      send(messageOf(runs));
      ticking ??= setInterval(ring, TICK_MS);
    });
  await ready;
  return {
    ...PTRACE,
    inFlight: options.inFlight,
    run: (request) => ask((run) => messageFor(run, request, planFor(request.plan))),
    ...(canFilter()
      ? {
          race: async (request: RaceRequest) => {
            const { race } = await ask((run) => ({
              kind: 'tasks',
              run,
              node: process.execPath,
              ...request,
              env: environmentOf(request.env),
            }));
            if (race === undefined) throw new Error('the tracer reported no race');
            return race;
          },
          endTasks: async ({ tasks, env }: Pick<RaceRequest, 'tasks' | 'env'>) =>
            void (await ask((run) => ({ kind: 'end-tasks', run, tasks, env: environmentOf(env) }))),
        }
      : { noRace: `races need a syscall filter, which exists only for x64, and this is ${process.arch}` }),
    close: async () => {
      closing = true;
      clearInterval(ticking);
      bell.end(); // its end ends the tracer, and with it its children
      tracer.stdin.end();
      await ended;
      for (const { reject } of pending.values()) reject(new Error('the recorder was closed'));
      pending.clear();
    },
  };
}

function messageFor(run: number, request: RunRequest, plan: TracerPlan): TracerRun {
  return {
    kind: 'run',
    run,
    node: process.execPath,
    args: request.args,
    ...(request.program && { program: request.program }),
    env: environmentOf(request.env),
    directory: request.directory,
    spool: request.spool,
    plan,
    timeoutMs: request.timeoutMs,
    ...(request.warm && { warm: request.warm }),
  };
}

function environmentOf(env: { readonly [name: string]: string }): string[] {
  return Object.entries({ ...env, UV_USE_IO_URING: '0' }).map(([name, value]) => `${name}=${value}`);
}

function whenEnded(tracer: ChildProcess, onUnexpected: (error: Error) => void): Promise<void> {
  let output = '';
  tracer.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4096);
  });
  for (const pipe of [tracer.stdin, tracer.stdio[BELL]]) pipe?.on('error', () => {}); // the tracer ended first; its exit is reported
  return new Promise((resolve) => {
    tracer.on('error', (cause) => {
      onUnexpected(new Error('the tracer could not be started', { cause }));
      resolve();
    });
    tracer.on('close', (code, signal) => {
      onUnexpected(new Error(`the tracer ended (${signal ?? `exit code ${code}`}): ${reasonIn(output)}`));
      resolve();
    });
  });
}

/** The message of the error that Node printed before it ended, without the stack. */
function reasonIn(output: string): string {
  return /^(?:\w*Error): (.*)$/m.exec(output)?.[1] ?? output.trim();
}
