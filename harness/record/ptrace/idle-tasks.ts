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

interface Kept {
  readonly key: string;
  readonly task: IdleTask;
}

/** Processes with the same key are interchangeable. */
export function idleKey(taskFile: string, env: readonly string[]): string {
  return JSON.stringify([taskFile, env]);
}

export class IdleTasks {
  /** The most recently used last. */
  #kept: Kept[] = [];
  /** Killed, and not gone yet. */
  #dying: Kept[] = [];
  #awaited: { readonly keys: ReadonlySet<string>; readonly onGone: () => void }[] = [];

  give(key: string, task: IdleTask): void {
    this.#kept.push({ key, task });
    const tooMany = this.#kept.length > MOST_KEPT ? this.#kept.shift() : undefined;
    if (tooMany !== undefined) this.#kill(tooMany);
  }

  take(key: string): IdleTask | undefined {
    const at = this.#kept.findLastIndex((kept) => kept.key === key);
    return at < 0 ? undefined : this.#kept.splice(at, 1)[0]?.task;
  }

  /** Kills those with these keys. `onGone` is called when none of them is left. */
  end(keys: ReadonlySet<string>, onGone: () => void): void {
    const ending = this.#kept.filter(({ key }) => keys.has(key));
    this.#kept = this.#kept.filter(({ key }) => !keys.has(key));
    for (const kept of ending) this.#kill(kept);
    this.#awaited.push({ keys, onGone });
    this.#callAwaited();
  }

  stop(): void {
    for (const { task } of this.#kept) task.threads.kill();
  }

  /** A thread that belongs to no run has ended. */
  gone(tid: number): void {
    const its = this.#kept.find(({ task }) => task.threads.has(tid));
    if (its !== undefined) {
      this.#kept = this.#kept.filter((kept) => kept !== its);
      this.#kill(its);
    }
    for (const { task } of this.#dying) task.threads.gone(tid);
    this.#dying = this.#dying.filter(({ task }) => task.threads.size > 0);
    this.#callAwaited();
  }

  #kill(kept: Kept): void {
    kept.task.threads.kill();
    this.#dying.push(kept);
  }

  #callAwaited(): void {
    const isLeft = (keys: ReadonlySet<string>): boolean => this.#dying.some(({ key }) => keys.has(key));
    const over = this.#awaited.filter(({ keys }) => !isLeft(keys));
    this.#awaited = this.#awaited.filter(({ keys }) => isLeft(keys));
    for (const { onGone } of over) onGone();
  }
}
