/**
 * A mend carried out: the edit of a cause is put into the store's source, in memory, and the cells of the cause run again with it. It is
 * checked if the cause is gone in all of them, and nothing is there that was not there before.
 */
import { formatPatch, structuredPatch } from 'diff';
import type { CheckedCell } from './cell-result.ts';
import { cellName, cellNameIn } from './domain/case-id.ts';
import { UsageError } from './domain/errors.ts';
import { groupedBy } from './domain/grouped.ts';
import type { LoadedStore } from './domain/loaded-store.ts';
import type { Cause, MissingBarrierLine } from './domain/result.ts';
import { counted } from './domain/words.ts';
import type { Cell } from './models/model.ts';
import { type Found, foundIn } from './run.ts';
import { barrierSets } from './source-edits/barrier-sets.ts';
import { editsOf } from './source-edits/edit-of.ts';

/** The file that a mend changes. `path`: absolute, free of symlinks. */
export interface MendedFile {
  readonly path: string;
  /** As sites name it. */
  readonly name: string;
  readonly text: string;
}

export type Mended =
  /** `text`: of the whole file with the edit. `cells`: in how many the cause was, and is gone. */
  | { readonly kind: 'checked'; readonly text: string; readonly diff: string; readonly cells: number }
  /** `diff`: of the most natural edit, which does not mend it. `because`: why not. */
  | { readonly kind: 'failed'; readonly diff: string; readonly because: string }
  /** No edit could be made. */
  | { readonly kind: 'hint'; readonly because: string };

export interface MendOptions {
  /** Loads the store as it would be with these files. Throws UsageError where it does not build. */
  readonly load: (replaced: ReadonlyMap<string, string>) => Promise<LoadedStore>;
  /** Edits that are there already. */
  readonly replaced: ReadonlyMap<string, string>;
  /** All cells of the run that found the cause. */
  readonly cells: readonly Cell[];
  readonly run: (cells: readonly Cell[]) => Promise<readonly CheckedCell[]>;
}

/** Tries the edits of a cause, the cheapest first, until one is checked. */
export async function mended(cause: Cause, file: MendedFile, found: Found, options: MendOptions): Promise<Mended> {
  let failed: Extract<Mended, { kind: 'failed' }> | undefined;
  let because = '';
  for (const barriers of setsOf(cause, found)) {
    const edits = editsOf(barriers === undefined ? cause : withBarriers(cause, barriers), file.text);
    if (edits.kind === 'none') {
      because ||= edits.because;
      continue;
    }
    for (const text of edits.texts) {
      const diff = unifiedDiff(file, text);
      const problem = await problemOf(cause, found, text, file, options);
      if (problem === undefined) return { kind: 'checked', text, diff, cells: cause.cells.length };
      failed ??= { kind: 'failed', diff, because: problem };
    }
  }
  return failed ?? { kind: 'hint', because };
}

/** Sets of barriers to try; undefined for an edit that adds no barriers. */
function setsOf({ mend, cells }: Cause, { cases }: Found): (readonly MissingBarrierLine[] | undefined)[] {
  if (mend?.barriers === undefined) return [undefined];
  const own = cases.flatMap(({ id, mend: ofCell }) =>
    ofCell?.kind === 'mended' && cells.includes(cellNameIn(id)) ? [ofCell.barriers] : [],
  );
  return barrierSets(mend.barriers, own);
}

const withBarriers = (cause: Cause, barriers: readonly MissingBarrierLine[]): Cause => ({
  ...cause,
  mend: { text: '', verified: true, ...cause.mend, barriers: [...barriers] },
});

export function unifiedDiff({ name, text: before }: Pick<MendedFile, 'name' | 'text'>, after: string): string {
  return formatPatch(structuredPatch(`a/${name}`, `b/${name}`, before, after))
    .replace(/^(?:Index: .*\n)?=+\n/, '')
    .trimEnd();
}

/** Why an edit does not mend a cause; undefined where it does. */
async function problemOf(cause: Cause, found: Found, text: string, file: MendedFile, options: MendOptions): Promise<string | undefined> {
  const wanted = new Set(cause.cells);
  const after = await runEdited(new Map([...options.replaced, [file.path, text]]), options, (name) => wanted.has(name));
  if (typeof after === 'string') return after;
  const left = after.causes.find(({ id }) => id === cause.id);
  if (left !== undefined) return `the cause is still there in ${left.cells.length} of ${counted(cause.cells.length, 'cell')}`;
  return worseIn(after, found);
}

/** The cells with these files in place of those on disk; in words why they cannot run. */
export async function runEdited(
  replaced: ReadonlyMap<string, string>,
  { load, cells, run }: Pick<MendOptions, 'load' | 'cells' | 'run'>,
  isWanted: (cellName: string) => boolean,
): Promise<Found | string> {
  let store: LoadedStore;
  try {
    store = await load(replaced);
  } catch (error) {
    if (error instanceof UsageError) return `${error.message}${error.detail === undefined ? '' : `: ${error.detail.split('\n')[0]}`}`;
    throw error;
  }
  const scenarios = new Map(store.scenarios.map((scenario) => [scenario.name, scenario]));
  const edited = cells
    .filter((cell) => isWanted(cellName(cell)))
    .flatMap((cell): Cell[] => {
      const scenario = scenarios.get(cell.scenario.name);
      return scenario === undefined ? [] : [{ ...cell, store, scenario }];
    });
  return foundIn(await run(edited));
}

/** What cells could not measure any more, or show that no cell showed before; undefined where there is nothing. */
export function worseIn(after: Found, before: Found): string | undefined {
  const measured = new Map(before.cells.map((cell) => [cellName(cell), cell.grade !== 'inconclusive']));
  const unmeasured = after.cells.find((cell) => cell.grade === 'inconclusive' && measured.get(cellName(cell)) !== false);
  if (unmeasured !== undefined) return `${cellName(unmeasured)} could not be measured: ${unmeasured.reason ?? 'no reason is known'}`;
  const known = groupedBy(before.causes, ({ id }) => id);
  const fresh = after.causes.find(({ id }) => !known.has(id));
  return fresh === undefined ? undefined : `in its place comes: ${fresh.says} (${counted(fresh.cells.length, 'cell')})`;
}
