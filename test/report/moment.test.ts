import { describe, expect, test } from 'vitest';
import type { CaseResult, CellResult } from '../../harness/domain/result.ts';
import { failuresByCell, moreOf } from '../../harness/report/cases.ts';
import { NO_COLORS } from '../../harness/report/colors.ts';
import { failureBlock } from '../../harness/report/failure.ts';
import { tablesOf } from '../../harness/report/tables.ts';
import { terminalReport } from '../../harness/report/terminal.ts';
import { cellAndCases, resultOf } from './fixture.ts';

function one(model: CellResult['model'], scenario: string, parts: Partial<CaseResult>): { cell: CellResult; failure: CaseResult } {
  const { cell, cases } = cellAndCases({ store: 'notes', scenario, runs: 'o*1 E*1 n*1', model, status: 'broken', claim: 'durable' });
  const [failure] = cases;
  if (failure === undefined) throw new Error('no case');
  const { after: _, until: __, site: ___, ...rest } = failure;
  return { cell: { ...cell, folds: '...' }, failure: { ...rest, ...parts } };
}

const textOf = ({ cell, failure }: ReturnType<typeof one>): string[] => failureBlock(cell, failure, NO_COLORS).split('\n').slice(1, -1);

const FAULT = one('io-error', 'update', {
  fault: 'op 2 open notes.json fails with EMFILE',
  after: { index: 2, text: 'open notes.json' },
  site: { file: 'src/notes.ts', line: 7, column: 1 },
});

const SCHEDULE = [
  { task: 'saver A', ops: ['open', 'write'] },
  { task: 'reader', ops: ['load -> {}'] },
];

describe('a failure block begins with what happened', () => {
  test('a call that failed, with its line of source once', () => {
    const [first, second] = textOf(FAULT);
    expect(first).toBe('  failed            op 2 open notes.json fails with EMFILE   src/notes.ts:7');
    expect(second).toBe('  load() returned   {}   had promised 5 entries');
    expect(textOf(FAULT).join()).not.toContain('asked for at');
  });

  test('who did what, where all came to their end', () => {
    const [first, second, third] = textOf(one('interleaving', 'reader-while-saving', { schedule: SCHEDULE, end: true }));
    expect([first, second]).toEqual(['  saver A           open, write', '  reader            load -> {}']);
    expect(third).toContain('load() returned');
  });

  test('and where all of them crashed', () => {
    const after = { index: 3, text: 'write notes.json' };
    expect(textOf(one('interleaving', 'two-savers', { schedule: SCHEDULE, after }))[2]).toBe(
      '  crashed           all of them, after op 3, write notes.json',
    );
    expect(textOf(one('race', 'two-savers', { schedule: SCHEDULE, after, killed: 'saver A' }))[2]).toContain('load() returned');
  });

  test('a history, then the crash in it', () => {
    const [first, second] = textOf(
      one('process-kill', 'histories', { history: ['save v1', 'reset'], after: { index: 3, text: 'write notes.json' } }),
    );
    expect(first).toBe('  history             save v1 · reset');
    expect(second).toBe('  killed after op 3   write notes.json');
  });
});

test('those that end alike are counted as what they are', () => {
  const tried = { kind: 'schedules', reach: 'exhaustive', tried: 40, distinct: 30, crashes: 90, kills: 0 } as const;
  const { cell, failure } = one('interleaving', 'two-savers', { schedule: SCHEDULE });
  const result = { ...resultOf([]), cells: [{ ...cell, tried, outcomes: { empty: 12, new: 28 } }], cases: [failure] };
  const [[first] = []] = [...failuresByCell(result).values()];
  expect(first && moreOf(first)).toBe('11 more schedules');
  const fault = { ...resultOf([]), cells: [FAULT.cell], cases: [FAULT.failure, { ...FAULT.failure, id: `${FAULT.failure.id}~EIO` }] };
  const [[other] = []] = [...failuresByCell(fault).values()];
  expect(other && moreOf(other)).toBe('1 more fault');
});

describe('a run of every model', () => {
  const cells = (['process-kill', 'io-error', 'interleaving', 'race'] as const).map((model) => one(model, `of-${model}`, {}).cell);
  const drawn = (['process-kill', 'interleaving'] as const).map((model) => one(model, 'drawn', {}).cell);
  const few = [...cells, ...drawn.map((cell) => ({ ...cell, histories: { tried: 8, segments: 20 } }))];
  const many = [
    ...few,
    ...Array.from({ length: 12 }, (_, index) => one(index % 2 === 0 ? 'process-kill' : 'io-error', `of-many-${index}`, {}).cell),
  ];
  const titlesOf = (all: readonly CellResult[]): string[] => {
    const { pictures, grid } = tablesOf(all);
    return [...pictures.map(({ title, cells }) => `${title}: ${cells.length}`), `grid of ${grid?.title}: ${grid?.cells.length}`];
  };

  test('shows a few cells boundary by boundary, and of many those of the first model', () => {
    expect(titlesOf(few)).toEqual(['process-kill: 2', 'io-error: 1', 'grid of interleaving · race: 3']);
    expect(titlesOf(many)).toEqual(['process-kill: 8', 'grid of io-error · interleaving · race: 10']);
  });

  test('shows each scenario, and counts those that look alike', () => {
    const reportOf = (all: CellResult[]): string => terminalReport({ ...resultOf([]), cells: all }, { columns: 100, colors: false });
    for (const { scenario } of few) expect(reportOf(few)).toContain(scenario);
    expect(reportOf(many)).toMatch(/of-process-kill and 7 more +oEn/);
    expect(reportOf(many)).toMatch(/^io-error +! lossy: empty +all 7 scenarios$/m);
  });
});
