/** Opens the cache of cells for a run, and says what came of it. */
import { resolve } from 'node:path';
import { CellCache, type CellCacheOptions, type Counts } from '../cache/cell-cache.ts';
import { cacheDirectory } from '../cache/place.ts';
import { surroundingsOf } from '../cache/surroundings.ts';
import { below } from '../domain/below.ts';
import { UnavailableError } from '../domain/errors.ts';
import { counted } from '../domain/words.ts';
import { LOADS_MODULES } from '../protocol/fork-server.ts';
import type { Output } from './output.ts';
import type { Session } from './session.ts';
import { writableDirectory } from './writable-destination.ts';

export interface CacheFlags {
  /** False with `--no-cache`. */
  readonly cache: boolean;
  readonly cacheDir?: string;
}

type Rest = Pick<CellCacheOptions, 'effort' | 'timeoutMs' | 'allCases' | 'evidence' | 'replay' | 'now' | 'notesOf' | 'onNote'>;

/** Why no cell can be kept here; undefined where they can. */
export function whyNoCache({ recorder, env }: Pick<Session, 'recorder' | 'env'>): string | undefined {
  if (!recorder.seesOutside) return `the ${recorder.name} recorder does not see which other files a store reads`;
  return LOADS_MODULES.test(env.NODE_OPTIONS ?? '') ? 'NODE_OPTIONS loads modules before any recorder sees what they do' : undefined;
}

/** Undefined where none is wanted, or none can be had. Throws `UnavailableError` if the directory that was asked for cannot be used. */
export function openCellCache(session: Session, { cache, cacheDir }: CacheFlags, rest: Rest, note: Output['note']): CellCache | undefined {
  const { installation, workspace, recorder, cwd, env, startedMs } = session;
  if (!cache || whyNoCache(session) !== undefined) return undefined;
  if (cacheDir !== undefined) writableDirectory('--cache-dir', cacheDir);
  const directory = cacheDir === undefined ? cacheDirectory(cwd, env) : resolve(cwd, cacheDir);
  const surroundings = surroundingsOf({ installation, workspace, recorder: recorder.name, cwd, env });
  const own = [...workspace.roots, ...installation.programs];
  const options = { ...rest, surroundings, directory, own, programs: installation.programs, startedMs, clock: Date.now };
  try {
    return new CellCache(options);
  } catch (error) {
    if (cacheDir !== undefined) throw new UnavailableError(`--cache-dir ${cacheDir}: ${(error as Error).message}`, { cause: error });
    note(`no cell is kept: ${(error as Error).message}`);
    return undefined;
  }
}

/** What was reused and why the rest ran, for a run that could reuse cells. */
export function cacheNotes({ reused, changed, notKept, directory }: CellCache, cells: number, cwd: string): string[] {
  return [
    ...(reused === 0
      ? []
      : [`${reused} of ${counted(cells, 'cell')} reused from ${below(cwd, directory) || directory}; --no-cache runs all`]),
    ...lines(changed, (number, why) => `${counted(number, 'cell')} ran again, because of a change: ${why}`),
    ...lines(notKept, (number, why) => `${counted(number, 'cell')} not kept: ${why}`),
  ];
}

function lines(counts: Counts, words: (number: number, why: string) => string): string[] {
  return [...counts].map(([why, number]) => words(number, why));
}
