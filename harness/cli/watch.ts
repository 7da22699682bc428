/**
 * `--watch`: runs, and runs again when a file changes that the stores are made of.
 *
 *     run ─▶ its files are known ─▶ it ends ─▶ wait for a change ─▶ run
 *                └── a change ─▶ it is stopped ─▶ run
 *
 * Directories are watched, not files: editors put a new file in the place of the old one. A file that is written with the same text is no change.
 */
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { InterruptedError } from '../domain/errors.ts';
import { counted } from '../domain/words.ts';

export interface WatchedRun {
  /** Aborted when a file has changed. */
  readonly stop: AbortSignal;
  /** Takes the files that the run depends on, as they become known. */
  readonly onFiles: (files: readonly string[]) => void;
}

/** Editors change a file several times when they save it: what comes within this time is one change. */
const SETTLED_MS = 50;

/**
 * Never returns; rejects when a run is interrupted from outside. `run` does not reject otherwise. `files` are watched from the start, also if a
 * run fails before it knows its files.
 */
export async function watchAndRun(
  run: (watched: WatchedRun) => Promise<void>,
  files: readonly string[],
  note: (text: string) => void,
): Promise<never> {
  const changes = new Changes();
  changes.follow(files);
  try {
    for (;;) {
      const stopping = new AbortController();
      changes.onChange = () => stopping.abort();
      try {
        await run({ stop: stopping.signal, onFiles: (some) => changes.follow(some) });
      } catch (error) {
        if (!(error instanceof InterruptedError) || !stopping.signal.aborted) throw error;
      }
      if (!stopping.signal.aborted) {
        note(`${changes.awaited(files)}; Ctrl-C ends it`);
        await aborted(stopping.signal);
      }
      note(`\n${changes.taken().join(', ')} changed`);
    }
  } finally {
    changes.close();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));

class Changes {
  onChange = (): void => {};
  /** By file: its text when it was last looked at; undefined if it could not be read. */
  readonly #texts = new Map<string, string | undefined>();
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed = new Set<string>();
  #settling: NodeJS.Timeout | undefined;

  /** What it waits for, in words. `wanted`: files without which nothing runs. */
  awaited(wanted: readonly string[]): string {
    const missing = wanted.filter((file) => this.#texts.get(resolve(file)) === undefined);
    if (missing.length > 0) return `waiting for ${missing.map((file) => relative('', file)).join(', ')}`;
    return `watching ${counted([...this.#texts.values()].filter((text) => text !== undefined).length, 'file')}`;
  }

  follow(files: readonly string[]): void {
    for (const file of files.map((one) => resolve(one))) {
      if (this.#texts.has(file)) continue;
      this.#texts.set(file, textOf(file));
      const directory = dirname(file);
      if (!this.#watchers.has(directory)) this.#watch(directory);
    }
  }

  /** The files that have changed since the last call, as they are named from here. */
  taken(): string[] {
    const names = [...this.#changed].map((file) => relative('', file));
    this.#changed.clear();
    return names;
  }

  close(): void {
    clearTimeout(this.#settling);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, (_, name) => this.#look(directory, name));
      watcher.on('error', () => {}); // the directory is gone; one above it may be watched
      this.#watchers.set(directory, watcher);
    } catch {
      // It does not exist: only its package.json was looked for.
    }
  }

  /** Without a name, which not every system gives, all files there may have changed. */
  #look(directory: string, name: string | null): void {
    for (const [file, before] of this.#texts) {
      if (dirname(file) !== directory || (name !== null && basename(file) !== name)) continue;
      const text = textOf(file);
      if (text === before) continue;
      this.#texts.set(file, text);
      this.#changed.add(file);
      clearTimeout(this.#settling);
      this.#settling = setTimeout(() => this.onChange(), SETTLED_MS);
    }
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
