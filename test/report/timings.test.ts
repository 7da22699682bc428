import { expect, test } from 'vitest';
import type { CellResult } from '../../harness/domain/result.ts';
import { STAGE_NAMES } from '../../harness/domain/stages.ts';
import { timings } from '../../harness/report/timings.ts';
import { cellAndCases } from './fixture.ts';

const NONE = Object.fromEntries(STAGE_NAMES.map((stage) => [stage, 0]));
const { cell } = cellAndCases({ store: 'a', scenario: 'replace', runs: 'o*3' });
const cells: CellResult[] = [
  { ...cell, durationMs: 1_100, stages: { ...NONE, record: 1_000, recover: 100 } as CellResult['stages'] },
  { ...cell, durationMs: 900, stages: { ...NONE, recover: 900 } as CellResult['stages'] },
  { ...cell, model: 'io-error', durationMs: 3_000, stages: { ...NONE, 'carry-out': 3_000 } as CellResult['stages'] },
  { ...cell, histories: { tried: 2, segments: 4 }, durationMs: 50 },
];

test('a row for each model, the costliest first, and their sum', () => {
  expect(timings(cells).map((line) => line.replace(/ {2,}/g, '  '))).toEqual([
    'time by model and stage, in s  cells  record  explore  carry-out  recover  confirm  explain  seconds',
    'io-error  1  0  0  3  0  0  0  3',
    'process-kill  2  1  0  0  1  0  0  2',
    'process-kill of histories  1  0  0  0  0  0  0  0.1',
    'all  4  1  0  3  1  0  0  5.1',
  ]);
});

test('cells of an earlier run took no time', () => {
  const reused = cells.map((one) => ({ ...one, reused: true }));
  expect(timings([...cells.slice(2), ...reused])).toEqual(timings(cells.slice(2)));
  expect(timings(reused).at(-1)).toMatch(/^all .* 0$/);
});
