import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { CellResult } from '../../harness/domain/result.ts';
import { among } from '../../harness/report/among.ts';
import { byModel } from '../../harness/report/by-model.ts';
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
const other = cell('replace', 'ext4', { store: 'other', status: 'kept' });

test('one row per store and scenario, one column per file system, a mark for what is not as claimed', () => {
  expect(grid(table('power-loss', [...cells, other]), 120, NO_COLORS)).toEqual([
    'power-loss',
    '            posix           ext4            xfs',
    'notes',
    '  replace   (lossy: empty)  atomic: stale   ! lossy: empty',
    '  reset     durable         lossy: empty *  ! durable',
    'other',
    '  replace                   durable',
    '! claim broken · ! known bug missed · * known bug, found · ( ) below the claim, which is only shown there',
  ]);
});

test('one store is a list, in which nothing is cut; so are columns that do not fit side by side', () => {
  const listed = (some: CellResult[], columns: number): string[] =>
    grid(table('power-loss', some), columns, toColors(true)).map(stripVTControlCharacters);
  expect(listed(cells, 120)).toEqual([
    'power-loss  ! lossy: empty  xfs in replace',
    '            ! durable       xfs in reset',
    '            lossy: empty *  ext4 in reset',
    '            (lossy: empty)  posix in replace',
    '            atomic: stale   ext4 in replace',
    '            durable         posix in reset',
    '! claim broken · ! known bug missed · * known bug, found · ( ) below the claim, which is only shown there',
  ]);
  expect(listed(cells, 32).slice(0, 4)).toEqual([
    'power-loss  ! lossy: empty',
    '              xfs in replace',
    '            ! durable',
    '              xfs in reset',
  ]);
  expect(listed([...cells, other], 57).slice(0, 2)).toEqual(['notes', '  power-loss  ! lossy: empty  xfs in replace']);
  expect(listed([...cells, other], 58).slice(0, 2)).toEqual(['power-loss', expect.stringMatching(/^ +posix +ext4 +xfs +$/)]);
});

test('scenarios that have the same to say share a row', () => {
  const scenarios = ['a', 'b', 'c', 'd'].map((name) => cell(name, 'ext4', { status: 'kept' }));
  const raced = { ...cell('two', '', { status: 'kept' }), model: 'race' };
  const columnOf = ({ model, profile }: CellResult): string => profile || model;
  expect(grid({ title: 'all', cells: [...scenarios, raced, other], columnOf }, 120, NO_COLORS).slice(1, 5)).toEqual([
    '            ext4     race',
    'notes',
    '  4 others  durable',
    '  two                durable',
  ]);
  const [first, ...rest] = scenarios;
  if (first === undefined) throw new Error('there are scenarios');
  const lost = grid({ title: 'all', cells: [...rest, { ...first, ...lossy, status: 'broken' }, other], columnOf }, 120, NO_COLORS);
  expect(lost.slice(3, 5)).toEqual(['  3 others  durable', '  a         ! lossy: empty']);
});

describe('a list by model', () => {
  const PROFILES = ['posix', 'ext4', 'ext4-noauto', 'xfs', 'btrfs'];
  const SCENARIOS = ['first-save', 'replace', 'reset', 'large'];
  /** Everything is lost, but for `reset`, and for `first-save` on btrfs. */
  const lost = PROFILES.flatMap((profile) =>
    SCENARIOS.map((scenario) => {
      if (scenario === 'reset' || (scenario === 'first-save' && profile === 'btrfs')) return cell(scenario, profile, { status: 'kept' });
      return cell(scenario, profile, { ...lossy, status: profile === 'posix' || profile === 'ext4-noauto' ? 'shown' : 'broken' });
    }),
  );
  const raced = ['two-savers', 'reader'].map((scenario): CellResult => {
    const { profile: _, ...rest } = cell(scenario, '', { ...lossy, status: 'broken' });
    return { ...rest, model: 'race' };
  });

  test('says once what was found alike, and where: each cell is in one line', () => {
    expect(byModel([...lost, ...raced], 80, NO_COLORS)).toEqual([
      'power-loss  ! lossy: empty  ext4, xfs in all but reset',
      '                            btrfs in replace, large',
      '            (lossy: empty)  posix, ext4-noauto in all but reset',
      '            durable         all but btrfs in reset',
      '                            btrfs in first-save, reset',
      'race        ! lossy: empty  two-savers, reader',
    ]);
  });

  test('counts profiles and scenarios where these are all of many', () => {
    const all = lost.map((one): CellResult => ({ ...one, grade: 'durable', status: 'kept', outcomes: {} }));
    expect(byModel(all, 80, NO_COLORS)).toEqual(['power-loss  durable  all 5 profiles in all 4 scenarios']);
  });

  test('has a heading for each of several stores', () => {
    const two = [...raced, ...raced.map((one) => ({ ...one, store: 'other' }))];
    expect(byModel(two, 80, NO_COLORS)).toEqual([
      'notes',
      '  race  ! lossy: empty  two-savers, reader',
      'other',
      '  race  ! lossy: empty  two-savers, reader',
    ]);
  });

  test('wraps the places beside what was found', () => {
    const many = ['a-long-name', 'another-name', 'one-more-name', 'the-last-name'].map((name) =>
      cell(name, 'xfs', { ...lossy, status: 'broken' }),
    );
    const [first, ...rest] = [...many, cell('kept', 'xfs', { status: 'kept' }), cell('kept-too', 'xfs', { status: 'kept' })];
    expect(byModel([first as CellResult, ...rest], 53, NO_COLORS).slice(0, 3)).toEqual([
      'power-loss  ! lossy: empty  xfs in all but kept,',
      '                            kept-too',
      '            durable         xfs in kept, kept-too',
    ]);
  });
});

test.each([
  [['a'], ['a'], 'a'],
  [['b', 'a'], ['a', 'b'], 'all'],
  [['a'], ['a', 'b'], 'a'],
  [['c', 'a', 'b'], ['a', 'b', 'c', 'd'], 'a, b, c'],
  [['one', 'two', 'three'], ['one', 'two', 'x', 'three'], 'all but x'],
])('%j of %j is said as %s', (some, ran, said) => expect(among(some, ran, 'all')).toBe(said));

test('how much of what is allowed was tried is in the summary, whatever the model', () => {
  const wordsOf = (...some: CellResult[]): string[] => summaryWords({ ...resultOf([]), cells: some });
  const cut = cell('replace', 'xfs', { status: 'kept', model: 'power-cut', tried: { kind: 'cuts', cuts: 1200 }, states: 7 });
  expect(wordsOf(cut)).toContain('1,200 power cuts: what this kernel happened to write, where power-loss has what it may');
  expect(wordsOf(cell('replace', 'xfs', {}))).toContainEqual(expect.stringContaining(' of 40 combinations (all)'));
  expect(wordsOf(...cells)).toContainEqual(expect.stringContaining(' of 280 combinations (all in 5 cells, sampled in 1)'));
});
