/**
 * Cells that need not run again, because nothing has changed that could change them.
 *
 *   find   an entry under the cell's key, and everything that its processes used outside is as it was
 *   keep   what was measured, unless something cannot be kept by its content, or changed meanwhile
 */
import type { CheckedCell } from '../cell-result.ts';
import type { Cell } from '../models/model.ts';
import type { Outside } from '../record/outside.ts';
import { type CellKey, cellKey, differences, type KeyOptions } from './cell-key.ts';
import { BOUNDS, type Bounds, Entries, type Entry } from './entries.ts';
import { FileStates } from './file-states.ts';
import { outsideKind } from './outside-kinds.ts';

export interface CellCacheOptions extends KeyOptions {
  readonly directory: string;
  /** Directories of the harness. */
  readonly own: readonly string[];
  /** The harness's programs. */
  readonly programs: readonly string[];
  /** When the run began, in ms: what changed later may have changed while a process used it. */
  readonly startedMs: number;
  readonly clock: () => number;
  /** What was noted of a store so far, beside its cells: why it is not forked. */
  readonly notesOf: (store: string) => readonly string[];
  /** An entry holds such a note. */
  readonly onNote: (store: string, note: string) => void;
  readonly bounds?: Bounds;
  /** Whether cells are wanted with their evidence. A cell that is kept with it serves a run without it. */
  readonly evidence?: boolean;
}

/** The kernel dates changes by a clock that may lag, in ms. */
const CLOCK_LAG_MS = 20;

/** What stands for bytes of a name that are not UTF-8. */
const UNKNOWN = '\ufffd';

/** How many cells were not reused, or not kept, for one reason. */
export type Counts = ReadonlyMap<string, number>;

export class CellCache {
  readonly #options: CellCacheOptions;
  readonly #entries: Entries;
  readonly #keys = new Map<Cell, CellKey>();
  readonly #writing: Promise<void>[] = [];
  readonly #changed = new Map<string, number>();
  readonly #notKept = new Map<string, number>();
  #reused = 0;
  readonly #states = new FileStates();

  /** Throws if the directory cannot be made. */
  constructor(options: CellCacheOptions) {
    this.#options = options;
    this.#entries = new Entries(options.directory);
    this.#entries.open();
  }

  get directory(): string {
    return this.#options.directory;
  }

  get reused(): number {
    return this.#reused;
  }

  /** Why cells ran that had run before. */
  get changed(): Counts {
    return this.#changed;
  }

  /** Why cells that ran were not kept. */
  get notKept(): Counts {
    return this.#notKept;
  }

  find(cell: Cell): CheckedCell | undefined {
    if (isNeverKept(cell)) return undefined;
    const key = this.#keyOf(cell);
    const read = this.#entries.read(key);
    if (read.kind !== 'entry') {
      if (read.kind === 'refused') count(this.#changed, `the entry was refused: ${read.why}`);
      else if (read.like !== undefined) count(this.#changed, differences(key.parts, read.like).join(', '));
      return undefined;
    }
    const { outside, notes, checked } = read.entry;
    if (this.#options.evidence === true && checked.evidence === undefined) {
      count(this.#changed, 'report');
      return undefined;
    }
    const changed = outside.find(([path, listed, state]) => this.#states.of(path, listed) !== state);
    if (changed !== undefined) {
      count(this.#changed, changed[0]);
      return undefined;
    }
    this.#reused += 1;
    this.#entries.touch(key, new Date(this.#options.clock()));
    for (const note of notes) this.#options.onNote(cell.store.name, note);
    const { evidence, ...rest } = checked;
    return { ...rest, cell: { ...checked.cell, reused: true }, ...(this.#options.evidence === true && evidence && { evidence }) };
  }

  /** `outside`: what the processes of the store used. Returns at once; `close` waits. */
  keep(cell: Cell, checked: CheckedCell, outside: () => Promise<Outside>): void {
    if (isNeverKept(cell) || isDoubtful(checked)) return;
    this.#writing.push(this.#keep(cell, checked, outside));
  }

  /** Waits for what is written, and removes what is too much. */
  async close(): Promise<void> {
    await Promise.all(this.#writing);
    if (this.#writing.length > 0) this.#entries.prune(this.#options.bounds ?? BOUNDS, this.#options.clock());
  }

  async #keep(cell: Cell, checked: CheckedCell, outside: () => Promise<Outside>): Promise<void> {
    const key = this.#keyOf(cell);
    const used = await outside().catch((error: Error): Outside => ({ paths: [], listed: [], unseen: [error.message] }));
    const states = this.#statesOf(used);
    if (typeof states === 'string') return count(this.#notKept, `${cell.store.name} ${states}`);
    const notes = this.#options.notesOf(cell.store.name);
    const entry: Entry = { cell: key.cell, parts: key.parts, outside: states, notes, checked: withoutStages(checked) };
    await this.#entries.write(key, entry).catch((error: Error) => count(this.#notKept, error.message));
  }

  /** What was there, or why the cell cannot be kept. */
  #statesOf({ paths, listed, unseen }: Outside): Entry['outside'] | string {
    if (unseen[0] !== undefined) return unseen[0];
    const { own, startedMs, programs } = this.#options;
    const settled = startedMs - CLOCK_LAG_MS;
    if (!programs.every((path) => this.#states.isSince(settled, path, false))) return 'ran with programs that changed during the run';
    const states: Entry['outside'][number][] = [];
    const uses = [...paths.map((path) => ({ path, isListed: false })), ...listed.map((path) => ({ path, isListed: true }))];
    for (const { path, isListed } of uses.sort((one, other) => (one.path < other.path ? -1 : 1))) {
      const kind = outsideKind(path, own);
      if (kind === 'own' || kind === 'passing') continue;
      if (kind === 'kernel') return `reads ${path}`;
      if (path.includes(UNKNOWN)) return `uses ${path}, which is not UTF-8`;
      if (!this.#states.isSince(settled, path, isListed)) return `uses ${path}, which changed during the run`;
      states.push([path, isListed, this.#states.of(path, isListed)]);
    }
    return states;
  }

  #keyOf(cell: Cell): CellKey {
    const known = this.#keys.get(cell) ?? cellKey(cell, this.#options);
    this.#keys.set(cell, known);
    return known;
  }
}

/** What a program and its check use is not followed. */
const isNeverKept = ({ model, store }: Cell): boolean => model.neverKept === true || store.kind === 'program';

/** Something could not be measured. A missed bug is a reason as well, and hides another one where the cell is lossy nevertheless. */
function isDoubtful({ cell: { grade, reason, status } }: CheckedCell): boolean {
  return grade === 'inconclusive' || (reason !== undefined && (status !== 'missed-bug' || grade === 'lossy'));
}

/** A run that reuses the cell goes through none of them. */
function withoutStages({ cell: { stages: _, ...cell }, ...rest }: CheckedCell): CheckedCell {
  return { cell, ...rest };
}

function count(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}
