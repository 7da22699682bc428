/**
 * A place in which a program runs as if it were where its command line was typed: its directory is another one, everything beside it is there
 * by links.
 */
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { below } from '../domain/below.ts';
import type { Program } from '../domain/program.ts';

export interface Stage {
  /** Where the program starts. */
  readonly cwd: string;
  /** The directory that stands for the program's: empty. */
  readonly directory: string;
}

/** Levels above the working directory that are laid out too, for a directory that is reached by them: `../data`. */
const MOST_LEVELS = 2;
/** Entries beside those on the way, at one level: more are not linked for each run. */
const MOST_BESIDE = 256;

/**
 * `root`: an existing directory, empty. A program whose directory is its working directory or above it, or too far from it, starts where it was
 * typed.
 */
export function layOut(root: string, { cwd, directory }: Pick<Program, 'cwd' | 'directory'>): Stage {
  const stage = join(root, 'stage'); // other files of the run stand beside it
  mkdirSync(stage);
  const from = commonOf(cwd, directory);
  if (from === undefined || from === directory) {
    const stand = join(stage, basename(directory) || 'root');
    mkdirSync(stand);
    return { cwd: cwd === directory ? stand : cwd, directory: stand };
  }
  const [toStart, toDirectory] = [cwd, directory].map((path) => relative(from, path).split(sep).filter(Boolean));
  const [start = [], way = []] = [toStart, toDirectory];
  linkOthers(from, stage, [start[0], way[0]]);
  return { cwd: makeWay(from, stage, start, 'all of it'), directory: makeWay(from, stage, way, 'nothing') };
}

/** The directory from which both are reached, if it is near enough; undefined if not. */
function commonOf(cwd: string, directory: string): string | undefined {
  let from = cwd;
  for (let level = 0; below(from, directory) === undefined; level += 1) {
    from = dirname(from);
    if (level === MOST_LEVELS || from === dirname(from) || namesIn(from).length > MOST_BESIDE) return undefined;
  }
  return from;
}

/** Makes the directories of a way, with what lies beside each; returns the last one. `holds`: what is in that one. */
function makeWay(from: string, stage: string, parts: readonly string[], holds: 'all of it' | 'nothing'): string {
  let [original, here] = [from, stage];
  for (const [at, part] of parts.entries()) {
    [original, here] = [join(original, part), join(here, part)];
    mkdirSync(here);
    if (at < parts.length - 1 || holds === 'all of it') linkOthers(original, here, parts.slice(at + 1, at + 2));
  }
  return here;
}

function linkOthers(from: string, into: string, except: readonly (string | undefined)[]): void {
  for (const name of namesIn(from)) if (!except.includes(name)) symlinkSync(join(from, name), join(into, name));
}

/** Empty if there is no such directory. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
