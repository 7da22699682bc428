import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { CellResult } from '../../harness/domain/result.ts';
import { NO_COLORS, toColors } from '../../harness/report/colors.ts';
import { grid } from '../../harness/report/grid.ts';
import { summaryWords } from '../../harness/report/summary.ts';
import { cellAndCases, resultOf } from './fixture.ts';

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
    'notes       posix           ext4            xfs',
    '  replace   (lossy: empty)  atomic: stale   ! lossy: empty',
    '  reset     durable         lossy: empty *  ! durable',
    '! claim broken · ! known bug missed · * known bug, found · ( ) below the claim, which is only shown there',
  ]);
});

test('in a narrow window columns continue below, and nothing is cut', () => {
  const lines = grid(table('power-loss', cells), 32, toColors(true)).map(stripVTControlCharacters);
  expect(lines.filter((line) => line.startsWith('notes ')).length).toBeGreaterThan(1);
  for (const text of ['(lossy: empty)', 'atomic: stale', '! lossy: empty', 'lossy: empty *', '! durable'])
    expect(lines.join('\n')).toContain(text);
});

test('scenarios that have the same to say share a row, and a band has the rows that say something in it', () => {
  const scenarios = ['a', 'b', 'c', 'd'].map((name) => cell(name, 'ext4', { status: 'kept' }));
  const raced = { ...cell('two', '', { status: 'kept' }), model: 'race' };
  const columnOf = ({ model, profile }: CellResult): string => profile || model;
  expect(grid({ title: 'all', cells: [...scenarios, raced], columnOf }, 120, NO_COLORS).slice(1, 4)).toEqual([
    'notes       ext4     race',
    '  4 others  durable',
    '  two                durable',
  ]);
  const bands = grid({ title: 'all', cells: [...scenarios, raced], columnOf }, 22, NO_COLORS).slice(1, 5);
  expect(bands).toEqual(['notes       ext4', '  all 4     durable', 'notes       race', '  two       durable']);
  const [first] = scenarios;
  if (first === undefined) throw new Error('there are scenarios');
  const other = grid({ title: 'all', cells: [...scenarios.slice(1), { ...first, ...lossy, status: 'broken' }], columnOf }, 120, NO_COLORS);
  expect(other.slice(2, 4)).toEqual(['  3 others  durable', '  a         ! lossy: empty']);
});

test('several stores have a heading each', () => {
  const lines = grid(table('power-loss', [...cells, { ...cells[0], store: 'other' } as CellResult]), 120, NO_COLORS);
  expect(lines).toContain('notes');
  expect(lines).toContain('other');
});

test('how much of what is allowed was tried is in the summary, whatever the model', () => {
  const wordsOf = (...some: CellResult[]): string[] => summaryWords({ ...resultOf([]), cells: some });
  const cut = cell('replace', 'xfs', { status: 'kept', model: 'power-cut', tried: { kind: 'cuts', cuts: 1200 }, states: 7 });
  expect(wordsOf(cut)).toContain('1,200 power cuts: what this kernel happened to write, where power-loss has what it may');
  expect(wordsOf(cell('replace', 'xfs', {}))).toContainEqual(expect.stringContaining(' of 40 combinations (all)'));
  expect(wordsOf(...cells)).toContainEqual(expect.stringContaining(' of 280 combinations (all in 5 cells, sampled in 1)'));
});
