import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { CellResult } from '../../harness/domain/result.ts';
import { toColors } from '../../harness/report/colors.ts';
import { coverageWords, grid } from '../../harness/report/grid.ts';
import { cellAndCases } from './fixture.ts';

const table = (title: string, cells: readonly CellResult[]): Parameters<typeof grid>[0] => ({
  title,
  cells,
  columnOf: ({ profile = '' }) => profile,
});

const pages = { kind: 'exhaustive', states: 40, distinct: 20, limit: 10_000 } as const;

function cell(scenario: string, profile: string, parts: Partial<CellResult>): CellResult {
  const tried = { kind: 'states', explored: { pages } } as const;
  return cellAndCases({ store: 'notes', scenario, runs: 'o*3', model: 'power-loss', profile, tried, ...parts }).cell;
}

const lossy = { grade: 'lossy', outcomes: { original: 3, empty: 2, stale: 1 } } as const;
const cells = [
  cell('replace', 'posix', { ...lossy, status: 'shown' }),
  cell('replace', 'ext4', { grade: 'atomic', status: 'kept', outcomes: { stale: 1 } }),
  cell('replace', 'xfs', { ...lossy, status: 'broken' }),
  cell('reset', 'posix', { grade: 'durable', status: 'kept', outcomes: {} }),
  cell('reset', 'ext4', {
    ...lossy,
    status: 'known-bug',
    tried: { kind: 'states', explored: { pages, sectors: { ...pages, kind: 'sampled' } } },
  }),
  cell('reset', 'xfs', { grade: 'durable', status: 'missed-bug', outcomes: {} }),
];

test('one row per scenario, one column per file system, a mark for what is not as claimed', () => {
  expect(grid(table('power-loss', cells), 120, toColors(false))).toEqual([
    'power-loss',
    '           posix           ext4            xfs',
    'notes',
    '  replace  (lossy: empty)  atomic: stale   ! lossy: empty',
    '  reset    durable         lossy: empty *  ! durable',
    '! claim broken · ! known bug missed · * known bug, found · ( ) below the claim, which is only shown there',
    '280 states explored · 6 distinct ones judged · all that there are in 5 cells, sampled in 1',
  ]);
});

test('in a narrow window columns continue below, and nothing is cut', () => {
  const lines = grid(table('power-loss', cells), 32, toColors(true)).map(stripVTControlCharacters);
  expect(lines.filter((line) => line === 'notes').length).toBeGreaterThan(1);
  for (const text of ['(lossy: empty)', 'atomic: stale', '! lossy: empty', 'lossy: empty *', '! durable'])
    expect(lines.join('\n')).toContain(text);
});

test('what was tried is said, whatever the model', () => {
  const cut = cell('replace', 'xfs', { status: 'kept', model: 'power-cut', tried: { kind: 'cuts', cuts: 1200 }, states: 7 });
  expect(coverageWords([cut])).toEqual([expect.stringMatching(/^1,200 cuts: what this kernel/), '7 distinct ones judged']);
  const again = cell('replace', 'xfs', { tried: { kind: 'states', explored: { pages }, recoveries: { crashed: 2, of: 3, states: 30 } } });
  expect(coverageWords([again]).at(-1)).toBe('2 of 3 recoveries crashed again, 30 states judged');
});
