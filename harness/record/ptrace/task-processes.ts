/** The processes of one race, one for each task: used before, forked, or started. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ForkedWork } from '../../protocol/fork-server.ts';
import type { TaskRace } from '../../protocol/task-file.ts';
import type { ToFork } from './fork-servers.ts';
import { type IdleTask, type IdleTasks, idleKey } from './idle-tasks.ts';
import { type Libc, PTRACE, START_OPTIONS } from './libc.ts';
import type { TracerRace } from './protocol.ts';
import { Threads } from './threads.ts';

/** Where processes come from that need not be started. */
export interface ProcessSources {
  readonly idle: IdleTasks;
  /** Returns false if the process must be started. */
  readonly fork: (wanted: ToFork, now: number) => boolean;
}

interface TaskProcessesOptions extends ProcessSources {
  /** False once the race is over: a process that comes then is killed. */
  readonly isWanted: () => boolean;
  /** A process ended before it was traced. */
  readonly onLost: (why: string) => void;
}

interface TaskProcess extends Omit<IdleTask, 'pid' | 'tid'> {
  /** Absent while it is asked for. */
  pid?: number;
  readonly isUsed: boolean;
}

export class TaskProcesses {
  readonly #libc: Libc;
  readonly #request: TracerRace;
  readonly #options: TaskProcessesOptions;
  readonly #processes: TaskProcess[] = [];

  constructor(libc: Libc, request: TracerRace, options: TaskProcessesOptions) {
    this.#libc = libc;
    this.#request = request;
    this.#options = options;
  }

  /** Gives a task its process, now or later. Returns its threads, none as long as it does not exist. */
  begin(task: number, now: number): Threads {
    const { fresh, directory, notes } = this.#request;
    const used = fresh ? undefined : this.#options.idle.take(this.#keyOf(task));
    const { instructions, threads } = used ?? { instructions: join(notes, `instructions-${task}.json`), threads: new Threads(this.#libc) };
    const process: TaskProcess = { instructions, threads, isUsed: used !== undefined, ...(used && { pid: used.pid }) };
    this.#processes[task] = process;
    writeFileSync(instructions, JSON.stringify({ directory, notes } satisfies TaskRace));
    if (used !== undefined) this.#libc.ptrace(PTRACE.cont, used.tid, 0, 0);
    else if (!this.#fork(process, task, now)) this.#start(process, task);
    return threads;
  }

  /** It ran a race before. */
  isUsed(task: number): boolean {
    return this.#processes[task]?.isUsed === true;
  }

  pidOf(task: number): number | undefined {
    return this.#processes[task]?.pid;
  }

  /** Keeps a process, stopped at this thread, for another race. Returns false if it is not to be kept. */
  keep(task: number, tid: number): boolean {
    const { pid, instructions, threads } = this.#processes[task] ?? {};
    if (this.#request.fresh || pid === undefined || instructions === undefined || threads === undefined) return false;
    this.#options.idle.give(this.#keyOf(task), { threads, pid, tid, instructions });
    return true;
  }

  #keyOf(task: number): string {
    return idleKey(this.#fileOf(task), this.#request.env);
  }

  #fileOf(task: number): string {
    return this.#request.tasks[task] ?? '';
  }

  #fork(process: TaskProcess, task: number, now: number): boolean {
    const { warm, fresh, node, env, timeoutMs } = this.#request;
    if (warm === undefined || fresh) return false;
    const work: ForkedWork = { kind: 'races', taskFile: this.#fileOf(task), instructions: process.instructions };
    const onForked = (pid: number): void => this.#exists(process, pid);
    const onRefused = (): void => this.#start(process, task);
    return this.#options.fork({ warm, work, repeats: false, node, env, timeoutMs, onForked, onRefused }, now);
  }

  #start(process: TaskProcess, task: number): void {
    if (!this.#options.isWanted()) return;
    const { node, args, env } = this.#request;
    const pid = this.#libc.spawn(node, [...args, this.#fileOf(task), process.instructions], env);
    this.#exists(process, pid);
    if (this.#libc.ptrace(PTRACE.seize, pid, 0, START_OPTIONS) < 0) this.#options.onLost('it ended before it could be traced');
  }

  #exists(process: TaskProcess, pid: number): void {
    process.pid = pid;
    process.threads.add(pid);
    if (!this.#options.isWanted()) process.threads.kill();
  }
}
