/**
 * Warm processes from which runs are forked, one for each store and environment: a child starts with the store evaluated already.
 *
 * The tracer holds each server, and with it each child from its first instruction. What a server refuses is started as before. See
 * `child/fork-server.ts`.
 */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { type ForkRequest, type NotForkedCode, SERVER_SIGNAL, WARM_NODE, whyNotForked } from '../../protocol/fork-server.ts';
import { writeJsonLine } from '../../protocol/json-lines.ts';
import { LINGER_VARIABLE } from '../linger.ts';
import { killProcesses } from './ends.ts';
import { EVENT, type Libc, PTRACE, START_OPTIONS } from './libc.ts';
import { processOf } from './process-info.ts';
import type { TracerRun } from './protocol.ts';
import { stopOf } from './threads.ts';

/** A run that can be forked. */
export type WarmRun = TracerRun & { readonly warm: NonNullable<TracerRun['warm']> };

export interface ForkServersOptions {
  /** A run's process exists; it is traced, and stopped or about to stop. */
  readonly onForked: (run: WarmRun, pid: number) => void;
  /** A run must be started. */
  readonly onRefused: (run: WarmRun) => void;
  /** Called once for each store that cannot be forked. */
  readonly onNotForked: (store: string, why: string) => void;
}

interface Server {
  readonly key: string;
  readonly store: string;
  readonly pid: number;
  readonly input: number;
  readonly env: ReadonlyMap<string, string>;
  readonly deadline: number;
  state: 'warming' | 'ready' | 'unique' | 'retired';
  /** Not asked for yet. */
  queue: WarmRun[];
  /** Asked for, in this order. */
  readonly asked: WarmRun[];
  /** The children that live. */
  readonly children: Set<number>;
}

/** Servers at the same time; each keeps a Node in memory. */
const MOST_SERVERS = 4;
/** Requests in a pipe, which must never be full: the server may be stopped. */
const MOST_ASKED = 8;
/** The exit code of a server on such a machine. */
const NO_FORKS: NotForkedCode = 70;

export class ForkServers {
  readonly #libc: Libc;
  readonly #options: ForkServersOptions;
  readonly #servers = new Map<string, Server>();
  /** False once it is known that this machine cannot fork. */
  #forks = true;
  /** Keys of servers that refused. */
  readonly #refused = new Set<string>();
  /** Children of servers that stopped before their server reported them, with their wait status. */
  readonly #early = new Map<number, number>();
  /** Children by which a server tries whether it can fork. */
  readonly #trials = new Set<number>();

  constructor(libc: Libc, options: ForkServersOptions) {
    this.#libc = libc;
    this.#options = options;
  }

  /** Runs that are asked for and do not exist yet. */
  get asked(): number {
    return this.#sum(({ asked }) => asked.length);
  }

  /** Runs that wait for a server. */
  get queued(): number {
    return this.#sum(({ queue }) => queue.length);
  }

  /** Returns false if the run must be started. */
  take(run: TracerRun, now: number): boolean {
    if (!isWarm(run) || !this.#forks) return false;
    const key = keyOf(run);
    if (this.#refused.has(key)) return false;
    const server = this.#servers.get(key) ?? this.#start(key, run, now);
    if (server === undefined || !mayFork(server, run)) return false;
    server.queue.push(run);
    this.#ask(server);
    return true;
  }

  /** Returns true if the thread is a server's or one of its trials, or will be a run's. */
  onState(tid: number, status: number): boolean {
    if (this.#trials.has(tid)) {
      if ((status & 0xff) === 0x7f) this.#continue(tid, status);
      else {
        this.#trials.delete(tid);
        this.gone(tid);
      }
      return true;
    }
    for (const server of this.#servers.values()) {
      if (server.pid !== tid) continue;
      this.#onServer(server, status);
      return true;
    }
    if ((status & 0xff) !== 0x7f) return false;
    const parent = processOf(tid)?.parent;
    const isChild = [...this.#servers.values()].some(({ pid }) => pid === parent);
    if (isChild) this.#early.set(tid, status);
    return isChild;
  }

  /** The status with which a forked process has stopped already; undefined if it is about to. */
  stoppedAs(pid: number): number | undefined {
    const status = this.#early.get(pid);
    this.#early.delete(pid);
    return status;
  }

  /** A child has ended. */
  gone(pid: number): void {
    for (const server of this.#servers.values()) server.children.delete(pid);
  }

  /** Ends servers whose import, or whose trial, takes too long. */
  tick(now: number): void {
    for (const { state, deadline, pid, children } of this.#servers.values())
      if (state === 'warming' && now >= deadline) killProcesses([pid, ...children]);
  }

  stop(): void {
    killProcesses([...this.#servers.values()].map(({ pid }) => pid));
  }

  #sum(of: (server: Server) => number): number {
    return [...this.#servers.values()].reduce((sum, server) => sum + of(server), 0);
  }

  #start(key: string, run: WarmRun, now: number): Server | undefined {
    const live = [...this.#servers.values()].filter(({ state }) => state !== 'retired');
    if (live.length >= MOST_SERVERS && !this.#retireOne()) return undefined;
    const env = sharedEnv(run);
    const [output, input] = this.#libc.pipe();
    const pid = this.#libc.spawn(run.node, [...WARM_NODE, run.warm.server, run.warm.bundle], env, output);
    closeSync(output);
    if (this.#libc.ptrace(PTRACE.seize, pid, 0, START_OPTIONS) < 0) killProcesses([pid]);
    const server: Server = {
      key,
      store: run.warm.store,
      pid,
      input,
      env: variablesOf(env),
      deadline: now + run.timeoutMs,
      state: 'warming',
      queue: [],
      asked: [],
      children: new Set(),
    };
    this.#servers.set(key, server);
    return server;
  }

  /** Ends one that has nothing to do, the oldest first. Returns false if all are busy. */
  #retireOne(): boolean {
    for (const server of this.#servers.values()) {
      const isIdle = server.queue.length + server.asked.length + server.children.size === 0;
      if (!isIdle || server.state === 'warming' || server.state === 'retired') continue;
      server.state = 'retired';
      closeSync(server.input);
      return true;
    }
    return false;
  }

  #ask(server: Server): void {
    if (server.state === 'warming' || server.state === 'retired') return;
    while (server.queue.length > 0 && server.asked.length < MOST_ASKED) {
      const run = server.queue.shift();
      if (run === undefined) return;
      server.asked.push(run);
      writeJsonLine(server.input, requestOf(run, server.env));
    }
  }

  #onServer(server: Server, status: number): void {
    const stop = stopOf(status);
    switch (stop.kind) {
      case 'gone':
        this.#onServerGone(server, stop.code);
        return;
      case 'event':
        if (stop.event === EVENT.fork) this.#onFork(server);
        break;
      case 'signal': {
        if (server.state === 'warming' && stop.signal === constants.signals[SERVER_SIGNAL.ready]) this.#onReady(server, 'ready');
        else if (server.state === 'warming' && stop.signal === constants.signals[SERVER_SIGNAL.unique]) this.#onReady(server, 'unique');
        break;
      }
      case 'syscall':
      case 'group-stop':
        break;
      default:
        stop satisfies never;
    }
    this.#continue(server.pid, status);
  }

  #onReady(server: Server, state: 'ready' | 'unique'): void {
    server.state = state;
    const { queue } = server;
    server.queue = queue.filter((run) => mayFork(server, run));
    for (const run of queue) if (!mayFork(server, run)) this.#options.onRefused(run);
    this.#ask(server);
  }

  #onFork(server: Server): void {
    const message = Buffer.alloc(8);
    this.#libc.ptraceBuffer(PTRACE.getEventMessage, server.pid, 0, message);
    const pid = Number(message.readBigUInt64LE(0));
    server.children.add(pid);
    const run = server.state === 'warming' ? undefined : server.asked.shift();
    if (run === undefined) {
      this.#trials.add(pid);
      const status = this.stoppedAs(pid);
      if (status !== undefined) this.#continue(pid, status);
      return;
    }
    this.#options.onForked(run, pid);
    this.#ask(server);
  }

  #onServerGone(server: Server, code: number): void {
    this.#servers.delete(server.key);
    if (server.state !== 'retired') {
      closeSync(server.input);
      this.#refused.add(server.key);
      if (code === NO_FORKS) this.#forks = false;
      this.#options.onNotForked(server.store, whyNotForked(code));
    }
    for (const run of [...server.asked, ...server.queue]) this.#options.onRefused(run);
  }

  #continue(tid: number, status: number): void {
    const stop = stopOf(status);
    this.#libc.ptrace(PTRACE.cont, tid, 0, stop.kind === 'signal' && !isMessage(stop.signal) ? stop.signal : 0);
  }
}

const isMessage = (signal: number): boolean => Object.values(SERVER_SIGNAL).some((name) => constants.signals[name] === signal);

function isWarm(run: TracerRun): run is WarmRun {
  return run.warm !== undefined;
}

/** Only kills follow what was recorded: other runs must not share what their import found. */
function mayFork({ state }: Server, { plan }: WarmRun): boolean {
  return state === 'unique' ? plan.kind === 'kill' : state !== 'retired';
}

const keyOf = (run: WarmRun): string => JSON.stringify([run.node, run.warm.bundle, sharedEnv(run)]);

/** Without what differs from run to run of one store. */
const sharedEnv = ({ env }: TracerRun): readonly string[] => env.filter((variable) => !variable.startsWith(`${LINGER_VARIABLE}=`));

const variablesOf = (env: readonly string[]): ReadonlyMap<string, string> =>
  new Map(env.map((variable) => [variable.slice(0, variable.indexOf('=')), variable.slice(variable.indexOf('=') + 1)]));

function requestOf({ warm, env, directory, plan }: WarmRun, known: ReadonlyMap<string, string>): ForkRequest {
  const differing: { [name: string]: string | null } = {};
  const wanted = variablesOf(env);
  for (const [name, value] of wanted) if (known.get(name) !== value) differing[name] = value;
  for (const name of known.keys()) if (!wanted.has(name)) differing[name] = null;
  return { cellFile: warm.cellFile, directory, faults: plan.kind === 'fault', env: differing };
}
