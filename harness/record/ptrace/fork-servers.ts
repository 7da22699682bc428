/**
 * Warm processes from which others are forked, one for each environment, and for each store that it has evaluated: a child starts with that.
 *
 * The tracer holds each server, and with it each child from its first instruction. What a server refuses is started as before. See
 * `child/fork-server.ts`.
 */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import {
  type ForkedWork,
  type ForkRequest,
  NO_STORE,
  type NotForkedCode,
  SERVER_SIGNAL,
  WARM_NODE,
  whyNotForked,
} from '../../protocol/fork-server.ts';
import { writeJsonLine } from '../../protocol/json-lines.ts';
import { LINGER_VARIABLE } from '../linger.ts';
import type { WarmServer } from '../warm-server.ts';
import { killProcesses } from './ends.ts';
import { EVENT, type Libc, PTRACE, START_OPTIONS } from './libc.ts';
import { processOf } from './process-info.ts';
import { stopOf } from './threads.ts';

/** A process that can be forked. */
export interface ToFork {
  readonly warm: WarmServer;
  readonly work: ForkedWork;
  /** It repeats a recorded run, so it may share with others what the store's import found. */
  readonly repeats: boolean;
  readonly node: string;
  readonly env: readonly string[];
  /** Limit for the store's import, in ms. */
  readonly timeoutMs: number;
  /** The process exists; it is traced, and stopped or about to stop. */
  readonly onForked: (pid: number) => void;
  /** It must be started. */
  readonly onRefused: () => void;
}

interface Server {
  readonly key: string;
  /** The store that it has evaluated, if any. */
  readonly store: string | undefined;
  readonly pid: number;
  readonly input: number;
  readonly env: ReadonlyMap<string, string>;
  readonly deadline: number;
  state: 'warming' | 'ready' | 'unique' | 'retired';
  /** Not asked for yet. */
  queue: ToFork[];
  /** Asked for, in this order. */
  readonly asked: ToFork[];
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
  readonly #onNotForked: (store: string, why: string) => void;
  readonly #servers = new Map<string, Server>();
  /** False once it is known that this machine cannot fork. */
  #forks = true;
  /** Keys of servers that refused. */
  readonly #refused = new Set<string>();
  /** Children of servers that stopped before their server reported them, with their wait status. */
  readonly #early = new Map<number, number>();
  /** Children by which a server tries whether it can fork. */
  readonly #trials = new Set<number>();

  /** `onNotForked` is called once for each store that cannot be forked. */
  constructor(libc: Libc, onNotForked: (store: string, why: string) => void) {
    this.#libc = libc;
    this.#onNotForked = onNotForked;
  }

  /** Processes that are asked for and do not exist yet. */
  get asked(): number {
    return this.#sum(({ asked }) => asked.length);
  }

  /** Processes that wait for a server. */
  get queued(): number {
    return this.#sum(({ queue }) => queue.length);
  }

  /** Returns false if the process must be started. */
  take(wanted: ToFork, now: number): boolean {
    if (!this.#forks) return false;
    const key = keyOf(wanted);
    if (this.#refused.has(key)) return false;
    const server = this.#servers.get(key) ?? this.#start(key, wanted, now);
    if (server === undefined || !mayFork(server, wanted)) return false;
    this.#servers.delete(key); // the most recently used is the last one
    this.#servers.set(key, server);
    server.queue.push(wanted);
    this.#ask(server);
    return true;
  }

  /** Returns true if the thread is a server's or one of its trials, or will be a run's. */
  onState(tid: number, status: number): boolean {
    if (this.#trials.has(tid)) {
      if ((status & 0xff) === 0x7f) this.#continue(tid, status);
      else {
        this.#trials.delete(tid);
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

  /** A process has ended, which may be a child. */
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

  #start(key: string, wanted: ToFork, now: number): Server | undefined {
    const live = [...this.#servers.values()].filter(({ state }) => state !== 'retired');
    if (live.length >= MOST_SERVERS && !this.#retireOne()) return undefined;
    const { warm, node, timeoutMs } = wanted;
    const env = sharedEnv(wanted);
    const [output, input] = this.#libc.pipe();
    const pid = this.#libc.spawn(node, [...WARM_NODE, warm.server, bundleOf(wanted)], env, output);
    closeSync(output);
    if (this.#libc.ptrace(PTRACE.seize, pid, 0, START_OPTIONS) < 0) killProcesses([pid]);
    const server: Server = {
      key,
      store: warm.store?.name,
      pid,
      input,
      env: variablesOf(env),
      deadline: now + timeoutMs,
      state: 'warming',
      queue: [],
      asked: [],
      children: new Set(),
    };
    this.#servers.set(key, server);
    return server;
  }

  /** Ends one that has nothing to do, the least recently used first. Returns false if all are busy. */
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
      const wanted = server.queue.shift();
      if (wanted === undefined) return;
      server.asked.push(wanted);
      writeJsonLine(server.input, requestOf(wanted, server.env));
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
    server.queue = queue.filter((wanted) => mayFork(server, wanted));
    for (const wanted of queue) if (!mayFork(server, wanted)) wanted.onRefused();
    this.#ask(server);
  }

  #onFork(server: Server): void {
    const message = Buffer.alloc(8);
    this.#libc.ptraceBuffer(PTRACE.getEventMessage, server.pid, 0, message);
    const pid = Number(message.readBigUInt64LE(0));
    server.children.add(pid);
    const wanted = server.state === 'warming' ? undefined : server.asked.shift();
    if (wanted === undefined) {
      this.#trials.add(pid);
      const status = this.stoppedAs(pid);
      if (status !== undefined) this.#continue(pid, status);
      return;
    }
    wanted.onForked(pid);
    this.#ask(server);
  }

  #onServerGone(server: Server, code: number): void {
    this.#servers.delete(server.key);
    if (server.state !== 'retired') {
      closeSync(server.input);
      this.#refused.add(server.key);
      if (code === NO_FORKS) this.#forks = false;
      if (server.store !== undefined) this.#onNotForked(server.store, whyNotForked(code));
    }
    for (const { onRefused } of [...server.asked, ...server.queue]) onRefused();
  }

  #continue(tid: number, status: number): void {
    const stop = stopOf(status);
    this.#libc.ptrace(PTRACE.cont, tid, 0, stop.kind === 'signal' && !isMessage(stop.signal) ? stop.signal : 0);
  }
}

const isMessage = (signal: number): boolean => Object.values(SERVER_SIGNAL).some((name) => constants.signals[name] === signal);

const mayFork = ({ state }: Server, { repeats }: ToFork): boolean => (state === 'unique' ? repeats : state !== 'retired');

const keyOf = (wanted: ToFork): string => JSON.stringify([wanted.node, bundleOf(wanted), sharedEnv(wanted)]);

const bundleOf = ({ warm }: ToFork): string => warm.store?.bundle ?? NO_STORE;

/** Without what differs from process to process of one store. */
const sharedEnv = ({ env }: ToFork): readonly string[] => env.filter((variable) => !variable.startsWith(`${LINGER_VARIABLE}=`));

const variablesOf = (env: readonly string[]): ReadonlyMap<string, string> =>
  new Map(env.map((variable) => [variable.slice(0, variable.indexOf('=')), variable.slice(variable.indexOf('=') + 1)]));

function requestOf({ work, env }: ToFork, known: ReadonlyMap<string, string>): ForkRequest {
  const differing: { [name: string]: string | null } = {};
  const wanted = variablesOf(env);
  for (const [name, value] of wanted) if (known.get(name) !== value) differing[name] = value;
  for (const name of known.keys()) if (!wanted.has(name)) differing[name] = null;
  return { work, env: differing };
}
