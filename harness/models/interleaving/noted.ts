/** What many runs of a scene have in common, by number: trees and events. */

import type { TaskEvent } from '../../domain/schedule.ts';
import type { Snapshot } from '../../fake/directory.ts';
import { Interner } from '../../fake/interner.ts';
import type { Volume } from '../../fake/volume.ts';

/** Trees by number, and what is in those that nobody has looked at yet. */
export class Trees {
  readonly #numbers = new Interner();
  readonly #unseen = new Map<number, Snapshot>();

  number(volume: Volume): number {
    const before = this.#numbers.size;
    const number = this.#numbers.number(volume.treeKey());
    if (this.#numbers.size > before) this.#unseen.set(number, volume.snapshot());
    return number;
  }

  /** Those that are new since the last time. */
  takeUnseen(): [number, Snapshot][] {
    const unseen = [...this.#unseen];
    this.#unseen.clear();
    return unseen;
  }

  get size(): number {
    return this.#numbers.size;
  }
}

/** Of two runs that had the same events in the same order, the number is the same. */
export class Events {
  readonly #numbers = new Interner();
  readonly #lists: (readonly TaskEvent[])[] = [];

  number(before: number, event: TaskEvent, all: readonly TaskEvent[]): number {
    const { at: _, ...rest } = event;
    const number = this.#numbers.number(`${before} ${JSON.stringify(rest)}`);
    this.#lists[number] ??= [...all];
    return number;
  }

  list(number: number): readonly TaskEvent[] {
    return this.#lists[number] ?? [];
  }
}
