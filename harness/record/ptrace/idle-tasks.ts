/**
 * Processes that have carried out a task of a race and are held where they said so, to carry it out once more: most of what a race costs
 * is to start them. Each evaluates the store anew for its next race.
 */
import type { Threads } from './threads.ts';

export interface IdleTask {
  readonly threads: Threads;
  readonly pid: number;
  /** The thread that is held. */
  readonly tid: number;
  /** Where it looks for its next race, as `TaskRace`. */
  readonly instructions: string;
}

/** More are not kept: each takes the memory of a Node process. */
const MOST_KEPT = 8;

export class IdleTasks {
  /** By what they were started with, the one that was used last at the end. */
  #kept: { readonly key: string; readonly task: IdleTask }[] = [];

  give(key: string, task: IdleTask): void {
    this.#kept.push({ key, task });
    if (this.#kept.length > MOST_KEPT) this.#kept.shift()?.task.threads.kill();
  }

  take(key: string): IdleTask | undefined {
    const at = this.#kept.findLastIndex((kept) => kept.key === key);
    return at < 0 ? undefined : this.#kept.splice(at, 1)[0]?.task;
  }

  stop(): void {
    for (const { task } of this.#kept) task.threads.kill();
  }

  /** A thread has ended that belongs to no run. */
  gone(tid: number): void {
    this.#kept = this.#kept.filter(({ task }) => {
      if (!task.threads.has(tid)) return true;
      task.threads.kill();
      return false;
    });
  }
}
