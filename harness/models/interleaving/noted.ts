/** Numbers trees and event lists across the runs of a scene. */

import type { TaskEvent } from '../../domain/schedule.ts';
import type { Snapshot } from '../../fake/directory.ts';
import { Interner } from '../../fake/interner.ts';
import type { Volume } from '../../fake/volume.ts';

/** Numbers trees, and keeps the contents of new ones until they are taken. */
export class Trees {
  readonly #numbers = new Interner();
  readonly #unseen = new Map<number, Snapshot>();

  number(volume: Volume): number {
    const before = this.#numbers.size;
    const number = this.#numbers.number(volume.treeKey());
    if (this.#numbers.size > before) this.#unseen.set(number, volume.snapshot());
    return number;
  }

  /** The trees that are new since the last call. */
  takeUnseen(): [number, Snapshot][] {
    const unseen = [...this.#unseen];
    this.#unseen.clear();
    return unseen;
  }

  get size(): number {
    return this.#numbers.size;
  }
}

/** Numbers event lists: the same events in the same order have the same number. */
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
