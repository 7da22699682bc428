/** What is at a path, in one line: equal lines mean that a process finds the same there. Each path is read once. */
import { constants, lstatSync, readdirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, hashOfFile } from './hashes.ts';

export class FileStates {
  readonly #known = new Map<string, string>();
  readonly #stamps = new Map<string, string>();

  /** `listed`: the names in the directory count, too. */
  of(path: string, listed: boolean): string {
    const key = `${listed ? 'listed' : 'path'} ${path}`;
    const known = this.#known.get(key) ?? stateOf(path, listed);
    if (!this.#known.has(key)) this.#stamps.set(key, stampOf(path, listed).text);
    this.#known.set(key, known);
    return known;
  }

  /** Whether what `of` says was there at that time, in ms by the kernel's clock, and is there now. */
  isSince(ms: number, path: string, listed: boolean): boolean {
    this.of(path, listed);
    const { text, changedMs } = stampOf(path, listed);
    return changedMs < ms && text === this.#stamps.get(`${listed ? 'listed' : 'path'} ${path}`);
  }
}

/** Differs where something else is at the path, or it was changed. */
interface Stamp {
  readonly text: string;
  /** 0 for what is not there, for devices, and for directories whose names nobody read. */
  readonly changedMs: number;
}

function stampOf(path: string, listed: boolean): Stamp {
  return attempt(
    (): Stamp => {
      const [link, behind] = [
        lstatSync(path),
        attempt(
          () => statSync(path),
          () => undefined,
        ),
      ];
      const stats = [link, ...(link.isSymbolicLink() && behind !== undefined ? [behind] : [])];
      const counted = stats.filter((stat) => stat.isFile() || stat.isSymbolicLink() || (listed && stat.isDirectory()));
      return {
        text: stats.map(({ dev, ino }) => `${dev} ${ino}`).join(' '),
        changedMs: Math.max(0, ...counted.map(({ ctimeMs }) => ctimeMs)),
      };
    },
    (code) => ({ text: code, changedMs: 0 }),
  );
}

function stateOf(path: string, listed: boolean): string {
  return attempt(
    () => {
      const stat = lstatSync(path);
      if (!stat.isSymbolicLink()) return stateBehind(path, stat, listed);
      const behind = attempt(
        () => stateBehind(path, statSync(path), listed),
        (code) => code,
      );
      return `link ${readlinkSync(path)}: ${behind}`;
    },
    (code) => code,
  );
}

function stateBehind(path: string, stat: Stats, listed: boolean): string {
  const mode = (stat.mode & 0o7777).toString(8);
  if (stat.isFile()) return `file ${mode} ${hashOfFile(path)}`;
  if (!stat.isDirectory()) return `device ${mode} ${stat.rdev}`;
  return listed ? `directory ${mode} ${hashOfNames(path)}` : `directory ${mode}`;
}

/** What is not there, or may not be looked at, stands for itself by the system's word for it. */
function attempt<T>(work: () => T, otherwise: (code: string) => T): T {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return otherwise(code);
  }
}

function hashOfNames(path: string): string {
  const names = readdirSync(path).sort();
  const kinds = names.map((name) => `${name}\0${(lstatSync(join(path, name), { throwIfNoEntry: false })?.mode ?? 0) & constants.S_IFMT}`);
  return hashOf(kinds.join('\0'));
}
