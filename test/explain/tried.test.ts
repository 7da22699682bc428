/** What a cell says was tried is of the kind of its model, and reports read it from there. */
import { expect, test } from 'vitest';
import type { ScheduleCell } from '../../harness/check.ts';
import { resultSchema } from '../../harness/domain/result.ts';
import { unjudgedCell } from '../../harness/explain/cell-result.ts';
import { historyResult } from '../../harness/explain/history-result.ts';
import { scheduleResult } from '../../harness/explain/schedule-result.ts';
import type { HistoryCell } from '../../harness/generate/check-histories.ts';
import type { ScheduleFindings } from '../../harness/models/interleaving/schedule-findings.ts';
import type { Cell } from '../../harness/models/model.ts';
import { markdownReport } from '../../harness/report/markdown.ts';
import { summaryWords } from '../../harness/report/summary.ts';
import { tablesOf } from '../../harness/report/tables.ts';
import { cellAndCases, resultOf } from '../report/fixture.ts';

const OPTIONS = { observed: true, durationMs: 0, allCases: false, replay: (id: string) => id };
const store = { name: 'a', claims: {}, knownBugs: {} };
const cellOf = (choice: object, scenario: object): Cell => ({ ...choice, store, scenario, strict: false }) as unknown as Cell; // what is asked of one

const schedules: ScheduleFindings = {
  kind: 'bounded',
  bound: 1,
  tried: 9,
  distinct: 4,
  crashes: 5,
  outcomes: { new: 9 },
  verdicts: [],
  notes: [],
};

test.each([
  ['interleaving', { crashes: 5, kills: 0 }],
  ['race', { crashes: 0, kills: 5 }],
] as const)('%s: who stopped is counted as what it is, and all of them in a report', (model, stops) => {
  const { cell } = scheduleResult(cellOf({ model }, { name: 'two' }) as ScheduleCell, schedules, OPTIONS);
  expect(cell.tried).toEqual({ kind: 'schedules', reach: 'bounded', bound: 1, tried: 9, distinct: 4, ...stops });
  expect(summaryWords({ ...resultOf([]), cells: [cell] })).toContain('5 crashes in them');
  expect(markdownReport({ ...resultOf([]), cells: [cell] })).toMatch(/\| +9 \| +5 \| up to 1 switch \|/);
});

test('histories are drawn, whatever their scenario is called, also where none could be judged', () => {
  const drawn = cellOf({ model: 'process-kill' }, { name: 'by-chance', histories: true }) as HistoryCell;
  const counts = { tried: 8, processes: 20, points: 30, states: 12, distinct: 10, violations: 0 };
  const found = { ...counts, outcomes: { original: 12 }, failures: [], doubts: [], notes: [] };
  const { cell } = historyResult(drawn, found, () => undefined, OPTIONS);
  expect(cell).toMatchObject({ tried: { kind: 'kills', kills: 0, folded: 18 }, histories: { tried: 8, segments: 20 } });
  const unjudged = unjudgedCell(drawn, 'no recorder', 0).cell;
  const named = unjudgedCell(cellOf({ model: 'process-kill' }, { name: 'histories' }), 'no recorder', 0).cell;
  expect([unjudged.tried, named.tried]).toEqual([undefined, undefined]);
  const titles = tablesOf([cell, unjudged, named]).map(({ title, cells }) => `${title}: ${cells.length}`);
  expect(titles).toEqual(['process-kill: 1', 'random histories: 2']);
  expect(summaryWords({ ...resultOf([]), cells: [unjudged] }).join()).not.toContain('histor');
});

test('counts of another kind are no result', () => {
  const { cell } = cellAndCases({ store: 'a', scenario: 'replace', runs: 'o*3' });
  const parsed = (tried: object): boolean => resultSchema.safeParse({ ...resultOf([]), cells: [{ ...cell, tried }] }).success;
  expect(parsed({ kind: 'kills', kills: 1, folded: 0 })).toBe(true);
  expect(parsed({ kind: 'cuts', kills: 1, folded: 0 })).toBe(false);
});
