/**
 * Records which files of a directory a load opened. A load that found nothing, and opened a file of the last save, took what that save left
 * for nothing.
 *
 * Recorded: reads by any process, where the kernel records them (see `readsAreNoted`); opens by this process through node:fs; a stat of an
 * empty file. Not recorded: an open that only creates (O_EXCL), because it fails on a file that exists; whether a file exists; the names in
 * a directory.
 */
import fs from 'node:fs';
import { resolve } from 'node:path';
import type { Loaded } from '../domain/recovery.ts';
import { listFiles } from '../domain/tree.ts';
import { fsBinding, reportCalls } from './report-calls.ts';
import { readsAreNoted } from './tree-directory.ts';

const opened = new Set<string>();
const lookedAt = new Set<string>();

/** Call it once in a process. */
export function hookOpens(): void {
  const withPath =
    (note: (path: string, flags: unknown) => void) =>
    (path: unknown, flags: unknown): void => {
      if (typeof path === 'string') note(path, flags);
    };
  const open = (path: string, flags: unknown): void => {
    if (typeof flags !== 'number' || (flags & fs.constants.O_EXCL) === 0) opened.add(path);
  };
  reportCalls(fsBinding, ['open', 'openFileHandle', 'readFileUtf8'], withPath(open));
  reportCalls(
    fsBinding,
    ['stat', 'lstat'],
    withPath((path) => lookedAt.add(path)),
  );
}

/** Forgets the opens so far, which were before the load. */
export function forgetOpens(): void {
  opened.clear();
  lookedAt.clear();
}

/** Whether a path was opened since; for an empty file, whether its size was read counts too. */
export function openedSince(): (path: string, isEmpty: boolean) => boolean {
  const [paths, looks] = [opened, lookedAt].map((noted) => new Set([...noted].map((path) => resolve(path))));
  return (path, isEmpty) => paths?.has(path) === true || (isEmpty && looks?.has(path) === true);
}

/** True if load found nothing or threw: only then does it matter what it opened. */
export function mayBeNothing(load: Loaded, { empty }: { readonly empty?: unknown }): boolean {
  if (load.kind === 'threw') return true;
  if (load.kind !== 'loaded') return false;
  const { value } = load;
  if (value === undefined || value === null) return true;
  return typeof value === 'object' ? Object.keys(value).length === 0 || isSame(value, empty) : isSame(value, empty);
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Limit for files that are kept open. */
const MOST_FILES = 256;

export interface FilesBefore {
  /** Paths of the files that existed before the load, and that it opened. */
  opened(): readonly string[];
  close(): void;
}

/**
 * Call it before a load: it sets the atime of every file of the directory to 0. Keeps a descriptor of each, because load may remove files.
 * Undefined if the kernel does not record reads here, or if a file cannot be opened.
 */
export function filesBefore(directory: string): FilesBefore | undefined {
  const files = new Map<string, { readonly descriptor: number; readonly isEmpty: boolean }>();
  const close = (): void => {
    for (const { descriptor } of files.values()) fs.closeSync(descriptor);
    files.clear();
  };
  try {
    if (!notes(directory)) return undefined;
    for (const path of listFiles(directory)) {
      const stat = fs.lstatSync(`${directory}/${path}`);
      if (!stat.isFile()) continue;
      if (files.size === MOST_FILES) throw new Error('too many files');
      const descriptor = fs.openSync(`${directory}/${path}`, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
      files.set(path, { descriptor, isEmpty: stat.size === 0 });
      fs.futimesSync(descriptor, 0, stat.mtimeMs / 1000);
    }
  } catch {
    close(); // e.g. a file that this user may not open
    return undefined;
  }
  forgetOpens();
  return {
    opened: () => {
      const wasOpened = openedSince();
      return [...files].flatMap(([path, { descriptor, isEmpty }]) =>
        fs.fstatSync(descriptor).atimeMs !== 0 || wasOpened(`${directory}/${path}`, isEmpty) ? [path] : [],
      );
    },
    close,
  };
}

const noting = new Map<number, boolean>();
let probes = 0;

/** Whether the kernel records reads in a directory; probed once for each file system. */
function notes(directory: string): boolean {
  const { dev } = fs.statSync(directory);
  const known = noting.get(dev);
  if (known !== undefined) return known;
  probes += 1;
  const probe = `${directory}.${process.pid}-probe-${probes}`;
  const answer = readsAreNoted(probe);
  fs.rmSync(probe, { recursive: true, force: true });
  noting.set(dev, answer);
  return answer;
}
