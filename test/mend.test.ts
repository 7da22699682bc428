/** When an edit is called checked. What runs is made up here; a store that is mended for real is in `cli/mend.command.test.ts`. */
import { describe, expect, test } from 'vitest';
import type { CheckedCell } from '../harness/cell-result.ts';
import { UsageError } from '../harness/domain/errors.ts';
import type { LoadedStore } from '../harness/domain/loaded-store.ts';
import type { CellMend, MissingBarrierLine } from '../harness/domain/result.ts';
import { type Mended, mended } from '../harness/mend.ts';
import type { Cell } from '../harness/models/model.ts';
import { type Found, foundIn } from '../harness/run.ts';
import { barrierSets } from '../harness/source-edits/barrier-sets.ts';
import { cellAndCases } from './report/fixture.ts';

const TEXT = `import fs from 'node:fs';
export async function save(handle, t, a) {
  await handle.write('x');
  await fs.promises.rename(t, a);
}
`;
const at = (line: number, column: number) => ({ file: 'notes.mjs', line, column, in: 'save', source: TEXT.split('\n')[line - 1]?.trim() });
const RENAME = { index: 4, text: 'rename t -> a', site: at(4, 21) };
const FILE: MissingBarrierLine = {
  target: 'file',
  path: 't',
  after: { index: 2, text: 'write t 0..9', site: at(3, 16) },
  before: { kind: 'op', op: RENAME },
  times: 1,
};
const DIRECTORY: MissingBarrierLine = {
  target: 'directory',
  path: '.',
  after: RENAME,
  before: { kind: 'acknowledgement', step: 0 },
  times: 1,
};
const RENAMED: MissingBarrierLine = { ...DIRECTORY, target: 'file', path: 'a' };
const lacking = (...barriers: MissingBarrierLine[]): CellMend => ({ kind: 'mended', barriers, coverage: 'exhaustive' });

/** A cell of the store, with a violation that lacks barriers, or with none. */
function checked(scenario: string, mend?: CellMend, line = 4): CheckedCell {
  const runs = mend === undefined ? 'o*1 n*1 n*1' : 'o*1 E*1 n*1';
  const { cell, cases } = cellAndCases({ store: 'notes', scenario, model: 'power-loss', runs, status: mend ? 'broken' : 'kept' });
  const blame = { mechanism: 'renamed-unsynced', op: 'rename t -> a', site: at(line, 21) } as const;
  return { cell, cases: mend === undefined ? [] : cases.slice(0, 1).map((one) => ({ ...one, blame, mend })) };
}

/** `run`: what the cells show with this text of the file. */
async function mend(found: Found, run: (text: string) => CheckedCell[], loads: () => void = () => {}): Promise<Mended> {
  const [cause] = found.causes;
  if (cause === undefined) throw new Error('there is a cause');
  const scenarios = found.cells.map(({ scenario }) => ({ name: scenario }));
  const store = { name: 'notes', scenarios } as unknown as LoadedStore;
  const cells = scenarios.map((scenario) => ({ store, scenario, model: { name: 'power-loss' } }) as unknown as Cell);
  let text = '';
  return mended(cause, { path: '/notes.mjs', name: 'notes.mjs', text: TEXT }, found, {
    load: async (replaced) => {
      loads();
      text = replaced.get('/notes.mjs') ?? '';
      return store;
    },
    replaced: new Map(),
    cells,
    run: async () => run(text),
  });
}

const forcesFile = (text: string): boolean => text.includes('handle.sync()');
const forcesDirectory = (text: string): boolean => text.includes('directory.sync()');
const both = foundIn([checked('replace', lacking(FILE, DIRECTORY))]);

describe('an edit is checked', () => {
  test('where the cause is gone in all its cells: with both barriers at once', async () => {
    const result = await mend(both, (text) => [
      checked('replace', forcesFile(text) && forcesDirectory(text) ? undefined : lacking(FILE, DIRECTORY)),
    ]);
    expect(result).toMatchObject({ kind: 'checked', cells: 1 });
    expect(result.kind === 'checked' && result.diff.split('\n').filter((line) => /^[-+]/.test(line))).toEqual([
      '--- a/notes.mjs',
      '+++ b/notes.mjs',
      "+import { dirname } from 'node:path';",
      '+  await handle.sync();',
      "+  const directory = await fs.promises.open(dirname(a), 'r');",
      '+  try {',
      '+    await directory.sync();',
      '+  } finally {',
      '+    await directory.close();',
      '+  }',
    ]);
  });

  test('with the cheapest set that mends all cells, and not with all that any of them lacks', async () => {
    const found = foundIn([checked('replace', lacking(FILE, DIRECTORY)), checked('update', lacking(RENAMED))]);
    expect(found.causes[0]?.mend?.barriers).toHaveLength(3);
    const result = await mend(found, (text) => {
      const isMended = forcesFile(text) && forcesDirectory(text);
      return ['replace', 'update'].map((scenario) => checked(scenario, isMended ? undefined : lacking(FILE)));
    });
    expect(result).toMatchObject({ kind: 'checked', cells: 2 });
    expect(result.kind === 'checked' && result.diff).not.toContain('written');
  });
});

describe('planted: an edit is not called checked', () => {
  test.each<[string, () => CheckedCell, string]>([
    ['that does not mend', () => checked('replace', lacking(FILE)), 'the cause is still there in 1 of 1 cell'],
    ['that brings another cause', () => checked('replace', lacking(FILE), 3), 'in its place comes: notes.mjs:3 renames'],
    [
      'of which a cell cannot be measured',
      () => {
        const { cell } = checked('replace');
        return { cell: { ...cell, grade: 'inconclusive', reason: 'it hung' }, cases: [] };
      },
      'notes/replace/power-loss could not be measured: it hung',
    ],
  ])('%s', async (_, after, because) => {
    expect(await mend(both, () => [after()])).toMatchObject({ kind: 'failed', because: expect.stringContaining(because) });
  });

  test('that breaks the store', async () => {
    const breaks = (): never => {
      throw new UsageError('store ./notes.mjs does not build', 'notes.mjs:3:1: error: Unexpected "}"');
    };
    expect(await mend(both, () => [], breaks)).toMatchObject({
      kind: 'failed',
      because: 'store ./notes.mjs does not build: notes.mjs:3:1: error: Unexpected "}"',
    });
  });
});

test('sets of barriers: none smaller than one cell needs, those that mend more cells first, files before directories', () => {
  const names = (sets: readonly (readonly MissingBarrierLine[])[]): string[] =>
    sets.map((set) => set.map((one) => (one === FILE ? 'file' : one === DIRECTORY ? 'directory' : 'renamed')).join('+'));
  expect(names(barrierSets([FILE, DIRECTORY, RENAMED], [[FILE, DIRECTORY], [FILE, DIRECTORY], [RENAMED]]))).toEqual([
    'file+directory',
    'file+renamed',
    'directory+renamed',
    'file+directory+renamed',
  ]);
  expect(names(barrierSets([DIRECTORY, FILE], []))).toEqual(['file', 'directory', 'directory+file']);
});
