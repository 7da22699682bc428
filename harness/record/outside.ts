/** What processes of a store used outside of the directory that it was given, and with what else they had to do. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

export interface Outside {
  /** Absolute paths that were opened, looked at or looked for. Some of them may not exist. */
  readonly paths: readonly string[];
  /** Directories of which the names were read. */
  readonly listed: readonly string[];
  /** What no list of files can show, in words that continue "the store …". */
  readonly unseen: readonly string[];
  /** Of a program: those of `paths` that it changed, or opened to change them. */
  readonly changed?: readonly string[];
}

/** The words of `unseen`, the same from each observer. */
export const UNSEEN = {
  programs: 'starts programs',
  native: 'loads native code',
  threads: 'starts threads of its own',
  servers: 'talks to a server',
  unfollowed: 'cannot be followed from its first step to its end',
} as const;

/**
 * The absolute paths that a path stands for. Behind a link, `..` leads elsewhere for the kernel than it does for a reader of the text: then both.
 */
export function pathsMeant(given: string): string[] {
  const read = resolve(given);
  if (!/(?:^|\/)\.\.(?:\/|$)/.test(given)) return [read];
  for (const [start, rest] of [
    [given, ''],
    [dirname(given), basename(given)],
  ] as const) {
    try {
      return [...new Set([read, join(realpathSync.native(start), rest)])];
    } catch {
      // it may not be there
    }
  }
  return [read];
}

/** Collects what was used. */
export class OutsideNotes {
  readonly #paths = new Set<string>();
  readonly #listed = new Set<string>();
  readonly #unseen = new Set<string>();
  readonly #changed = new Set<string>();

  path(path: string): void {
    this.#paths.add(path);
  }

  listed(path: string): void {
    this.#listed.add(path);
  }

  changed(path: string): void {
    this.#changed.add(path);
  }

  unseen(what: string): void {
    this.#unseen.add(what);
  }

  add({ paths, listed, unseen }: Outside): void {
    for (const path of paths) this.#paths.add(path);
    for (const path of listed) this.#listed.add(path);
    for (const what of unseen) this.#unseen.add(what);
  }

  all(): Outside {
    const changed = this.#changed.size === 0 ? {} : { changed: [...this.#changed] };
    return { paths: [...this.#paths], listed: [...this.#listed], unseen: [...this.#unseen], ...changed };
  }
}
