/** What a cell says was tried is of the kind of its model, and reports read it from there. */
import { expect, test } from 'vitest';
import { unmeasuredCell } from '../../harness/cell-result.ts';
import { EFFORTS } from '../../harness/domain/effort.ts';
import { type CellResult, resultSchema } from '../../harness/domain/result.ts';
import { isNotMeasured } from '../../harness/domain/sighting.ts';
import type { CrashCase } from '../../harness/models/crash/crash-state.ts';
import type { Cell, Explored } from '../../harness/models/model.ts';
import type { Interleaved } from '../../harness/protocol/interleave.ts';
import { markdownReport } from '../../harness/report/markdown.ts';
import { summaryWords } from '../../harness/report/summary.ts';
import { terminalReport } from '../../harness/report/terminal.ts';
import { cellOf, crashVerdict, exploredOf, recordedSubject, resultOfCell } from '../lab/cells.ts';
import { traceOf } from '../lab/traces.ts';
import { cellAndCases, resultOf } from './fixture.ts';

const TASKS = [
  { name: 'one', steps: [] },
  { name: 'other', steps: [] },
];
const tasks = { kind: 'tasks', before: [], tasks: TASKS, ops: async () => [] } as const;

/** What the fake file system answers. */
const INTERLEAVED: Interleaved = {
  kind: 'bounded',
  bound: 1,
  runs: 9,
  states: 4,
  crashes: 5,
  trees: 3,
  outcomes: { new: 9 },
  memory: false,
  ends: [],
};

async function explore(
  cell: Cell,
  bench: object,
  judge: (cases: readonly CrashCase[]) => Promise<Pick<Explored, 'verdicts' | 'unmeasured'>>,
  subjects: Parameters<Cell['model']['explore']>[0],
): Promise<Explored> {
  const exploration = { cell, bench, judge, only: undefined } as never; // a bench with what is asked of it
  const explored = await cell.model.explore(subjects, exploration);
  if (isNotMeasured(explored)) throw new Error(explored.reason);
  return explored;
}

const interleaved = async (): Promise<Explored> => {
  const fake = { bundle: async () => '', run: async () => ({ kind: 'interleaved', results: [INTERLEAVED] }) };
  const cell = cellOf('interleaving');
  const { store, scenario } = cell;
  const bench = { store, scenario, fake, effort: { ...EFFORTS.deep, seed: 1 }, recovery: { whenFresh: { kind: 'loaded' } } };
  return explore(cell, bench, async () => ({ verdicts: [], unmeasured: [] }), [tasks]);
};
/** Races need a recorder; `test/models/race` counts them. */
const raced = async (): Promise<Explored> =>
  exploredOf({ verdicts: [], tried: { kind: 'schedules', reach: 'bounded', bound: 1, tried: 9, distinct: 4, crashes: 0, kills: 5 } });

test.each([
  ['interleaving', { crashes: 5, kills: 0 }, interleaved],
  ['race', { crashes: 0, kills: 5 }, raced],
] as const)('%s: who stopped is counted as what it is, and all of them in a report', async (model, stops, explored) => {
  const { cell } = await resultOfCell(cellOf(model, { scenario: { name: 'two', tasks: TASKS } }), [tasks], await explored());
  expect(cell.tried).toEqual({ kind: 'schedules', reach: 'bounded', bound: 1, tried: 9, distinct: 4, ...stops });
  expect(summaryWords({ ...resultOf([]), cells: [cell] })).toContain('5 crashes in them');
  expect(markdownReport({ ...resultOf([]), cells: [cell] })).toMatch(/\| +9 \| +5 \| up to 1 switch \|/);
});

/** Histories of a few processes each, whose ops change nothing: the first boundary stands for the next. */
const drawn = Array.from({ length: 8 }, (_, index) => {
  const ops = [
    { call: 'stat', path: '.' },
    { call: 'stat', path: '.' },
  ] as const;
  const history = { steps: [], upTo: () => [], ends: [2], begins: index < 4 ? [0, 2] : [0, 2, 4] };
  return recordedSubject(traceOf({ ops }), { history });
});

const UNMEASURED = { durationMs: 0, effort: 'deep' } as const;

test('histories are drawn, whatever their scenario is called, also where none could be judged', async () => {
  const byChance = cellOf('process-kill', { scenario: { name: 'by-chance', histories: true } });
  const judge = async (cases: readonly CrashCase[]) => ({
    verdicts: cases.map(({ subject, state }) => crashVerdict(subject, state, 'original')),
    unmeasured: [],
  });
  const explored = await explore(byChance, { effort: { ...EFFORTS.deep, seed: 1 } }, judge, drawn);
  const { cell } = await resultOfCell(byChance, drawn, explored);
  expect(cell).toMatchObject({ points: 24, states: 16, outcomes: { original: 16 } });
  expect(cell).toMatchObject({ tried: { kind: 'kills', kills: 0, folded: 8 }, histories: { tried: 8, segments: 20 } });
  const unjudged = unmeasuredCell(byChance, { reason: 'no recorder' }, UNMEASURED).cell;
  const named = unmeasuredCell(cellOf('process-kill', { scenario: { name: 'histories' } }), { reason: 'no recorder' }, UNMEASURED).cell;
  expect([unjudged.tried, named.tried]).toEqual([undefined, undefined]);
  const report = terminalReport({ ...resultOf([]), cells: [cell, unjudged, named] }, { columns: 100, colors: false });
  expect(report).toMatch(/by-chance +durable/);
  expect(summaryWords({ ...resultOf([]), cells: [unjudged] }).join()).not.toContain('histor');
});

test('counts of another kind are no result', () => {
  const { cell } = cellAndCases({ store: 'a', scenario: 'replace', runs: 'o*3' });
  const parsed = (tried: object): boolean => resultSchema.safeParse({ ...resultOf([]), cells: [{ ...cell, tried } as CellResult] }).success;
  expect(parsed({ kind: 'kills', kills: 1, folded: 0 })).toBe(true);
  expect(parsed({ kind: 'cuts', kills: 1, folded: 0 })).toBe(false);
});
