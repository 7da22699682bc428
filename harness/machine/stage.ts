/**
 * A place in which a program runs as if it were where its command line was typed: its directory is another one, everything beside it is there
 * by links.
 */
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { below } from '../domain/below.ts';
import type { Program } from '../domain/program.ts';

export interface Stage {
  /** Where the program starts. */
  readonly cwd: string;
  /** The directory that stands for the program's: empty. */
  readonly directory: string;
}

/** `root`: an existing directory, empty. A program whose directory is not below its working directory starts where it was typed. */
export function layOut(root: string, { cwd, directory }: Pick<Program, 'cwd' | 'directory'>): Stage {
  const place = below(cwd, directory);
  const name = basename(directory) || 'root';
  const stage = join(root, 'stage'); // other files of the run stand beside it
  mkdirSync(stage);
  if (place === undefined || place === '') {
    const stand = join(stage, name);
    mkdirSync(stand);
    return { cwd: place === '' ? stand : cwd, directory: stand };
  }
  const parts = place.split(sep);
  let [here, original] = [stage, cwd];
  for (const part of parts) {
    linkOthers(original, here, part);
    [here, original] = [join(here, part), join(original, part)];
    mkdirSync(here);
  }
  return { cwd: stage, directory: here };
}

function linkOthers(from: string, into: string, except: string): void {
  for (const name of namesIn(from)) if (name !== except) symlinkSync(join(from, name), join(into, name));
}

/** Empty if there is no such directory. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
