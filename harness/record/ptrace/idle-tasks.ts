/**
 * Processes that have finished a task of a race and are kept stopped, to run it again in another race: starting processes is most of
 * a race's cost. Each evaluates the store again for its next race.
 */
import type { Threads } from './threads.ts';

export interface IdleTask {
  readonly threads: Threads;
  readonly pid: number;
  /** The stopped thread. */
  readonly tid: number;
  /** The file that describes its next race, as `TaskRace`. */
  readonly instructions: string;
}

/** A limit because each takes the memory of a Node process. */
const MOST_KEPT = 8;

export class IdleTasks {
  /** By what they were started with, the most recently used last. */
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

  /** A thread that belongs to no run has ended. */
  gone(tid: number): void {
    this.#kept = this.#kept.filter(({ task }) => {
      if (!task.threads.has(tid)) return true;
      task.threads.kill();
      return false;
    });
  }
}
