/** From findings to the lines of a report, the same way for every model. */
import { describe, expect, test } from 'vitest';
import { treeOf } from '../harness/calibrate/tree-sketch.ts';
import type { Evidence } from '../harness/domain/evidence.ts';
import { CASES_WITH_EVIDENCE } from '../harness/domain/evidence-limits.ts';
import { OUTCOME_NAMES, OUTCOMES, type Outcome } from '../harness/domain/outcomes.ts';
import type { CellResult } from '../harness/domain/result.ts';
import type { CrashVerdict, CutState } from '../harness/models/crash/crash-state.ts';
import type { FaultyRun } from '../harness/models/io-error/fault-runs.ts';
import type { FaultyCase, Trial } from '../harness/models/io-error/trial.ts';
import { gradeWords } from '../harness/report/grades.ts';
import { type CellParts, cellOf, crashVerdict, exploredOf, recordedSubject, resultOfCell, verdictOn } from './lab/cells.ts';
import { traceOf } from './lab/traces.ts';

const tree = treeOf({ live: 'x' });
const subject = recordedSubject(traceOf({ before: tree, ops: [{ call: 'write', path: 'live' }] }));
const cutAfter = (op: number, left = tree): CutState => ({ how: 'cut', at: { op }, tree: left, promisedAt: op, points: [{ op }] });

test('the files of a case come in the same order whatever the run called them', async () => {
  const listed = async (...names: string[]): Promise<unknown> => {
    const left = treeOf(Object.fromEntries(names.map((name, size) => [name, 'x'.repeat(size)])));
    const explored = exploredOf({ verdicts: [crashVerdict(subject, cutAfter(1, left), 'empty')], found: [] });
    return (await resultOfCell(cellOf('power-cut:ext4'), [subject], explored)).cases[0]?.onDisk;
  };
  const [early, late] = ['0aaaaaaa', 'ffffffff'].map((start) => `store.${start}-1111-4111-8111-111111111111.tmp`);
  const backup = 'store.bak.1700000000000';
  const expected = [
    { path: 'store.<uuid>.tmp', bytes: 0 },
    { path: 'store.<uuid>.tmp', bytes: 2 },
    { path: 'store.bak.<time>', bytes: 1 },
  ];
  expect(await listed(early ?? '', backup, late ?? '')).toEqual(expected);
  expect(await listed(late ?? '', backup, early ?? '')).toEqual(expected);
});

/** A power cut after the only op, which leaves either. */
async function afterCut(outcomes: readonly Outcome[]): Promise<CellResult> {
  const verdicts = outcomes.map((outcome) => crashVerdict(subject, cutAfter(1), outcome));
  return (await resultOfCell(cellOf('power-cut:ext4'), [subject], exploredOf({ verdicts, found: [] }))).cell;
}

/** The only op fails in two ways. */
async function afterFaults(outcomes: readonly Outcome[]): Promise<CellResult> {
  const trial = { subject, undisturbed: async () => [], whenKilled: async () => [] } as unknown as Trial; // nothing runs: a trial with what is asked of it
  const one: FaultyCase = { trial, subject, fails: { kind: 'faults', faults: [{ kind: 'errno', op: 1, errno: 'EIO' }] } };
  const run: FaultyRun = { faults: [], alone: true, trace: subject.trace, ending: { kind: 'settled' }, settled: tree };
  const verdicts = outcomes.map((outcome) => ({ ...verdictOn(tree, outcome), case: one, run }));
  return (await resultOfCell(cellOf('io-error'), [subject], exploredOf({ verdicts, trials: [trial] }))).cell;
}

const PAIRS = OUTCOME_NAMES.flatMap((one) => OUTCOME_NAMES.filter((other) => other !== one).map((other) => [one, other] as const));

test.each(PAIRS)('%s and %s at one place: its letter is that of the headline', async (one, other) => {
  for (const cell of [await afterCut([one, other]), await afterFaults([one, other])]) {
    const [, headline] = gradeWords(cell).split(': ');
    if (headline !== undefined) expect(cell.picture.at(-1)).toBe(OUTCOMES[headline as Outcome].letter);
    else expect(cell.picture.at(-1)).toBe(OUTCOMES[[one, other].includes('refused') ? 'refused' : 'new'].letter);
  }
});

test('a loss that is only shown fails where the profile was named, and the cell says why', async () => {
  const explored = exploredOf({ verdicts: [crashVerdict(subject, cutAfter(1), 'empty')], found: [] });
  const headOf = async (name: string, parts: CellParts = {}): Promise<Partial<CellResult>> => {
    const { status, heldBy } = (await resultOfCell(cellOf(name, parts), [subject], explored)).cell;
    return { status, ...(heldBy && { heldBy }) };
  };
  expect(await headOf('power-cut:ext4-noauto')).toEqual({ status: 'shown' });
  expect(await headOf('power-cut:ext4-noauto', { heldBy: 'name' })).toEqual({ status: 'broken', heldBy: 'name' });
  expect(await headOf('power-cut:ext4', { heldBy: 'name' })).toEqual({ status: 'broken' });
  const knownBugs = { replace: { 'power-cut:ext4-noauto': { grade: 'lossy' } } } as const;
  expect(await headOf('power-cut:ext4-noauto', { heldBy: 'name', store: { knownBugs } })).toEqual({ status: 'known-bug', heldBy: 'name' });
});

test('a case that could not be judged makes a cell doubtful, and a loss that was proven outranks it', async () => {
  const unmeasured = [{ case: { subject }, reason: 'the child did not start' }];
  const gradeOf = async (outcome: Outcome): Promise<Partial<CellResult>> => {
    const explored = exploredOf({ verdicts: [crashVerdict(subject, cutAfter(1), outcome)], found: [], unmeasured });
    const { grade, status, reason = '' } = (await resultOfCell(cellOf('power-cut:ext4'), [subject], explored)).cell;
    return { grade, status, reason };
  };
  expect(await gradeOf('new')).toEqual({ grade: 'inconclusive', status: 'broken', reason: 'the child did not start' });
  expect(await gradeOf('empty')).toEqual({ grade: 'lossy', status: 'broken', reason: 'the child did not start' });
});

describe('evidence', () => {
  const [old, torn, done] = [treeOf({ live: 'old' }), treeOf({ live: '' }), treeOf({ live: 'new' })];
  const write = { call: 'write', path: 'live', range: { offset: 0, length: 3 } } as const;
  const run = recordedSubject(
    traceOf({
      before: old,
      ops: [
        [write, torn],
        [write, done],
      ],
      resolved: [2],
    }),
  );
  const losing = (index: number): CrashVerdict => {
    const state: CutState = {
      how: 'cut',
      at: { op: 1 },
      tree: torn,
      promisedAt: 1,
      points: [{ op: 1 }],
      force: { how: 'sync', at: index },
    };
    return { ...crashVerdict(run, state, 'empty'), promised: { acknowledged: { a: 1 }, inFlight: [{ a: 2 }], earlier: [] } };
  };
  const evidenceIn = async (verdicts: readonly CrashVerdict[], evidence = true): Promise<Evidence | undefined> =>
    (await resultOfCell(cellOf('power-cut:ext4'), [run], exploredOf({ verdicts, found: [] }), { evidence, allCases: true })).evidence;

  test('is what led to a case, what was left, and what was promised and loaded', async () => {
    const found = await evidenceIn([losing(1)]);
    if (found === undefined) throw new Error('there is none');
    const [[id, one] = ['', undefined]] = Object.entries(found.cases);
    expect(id).toBe('a/replace/power-cut:ext4@1~sync=1');
    expect(one?.led).toEqual([{ run: expect.any(String), at: { op: 1 }, crash: 'the power went here' }]);
    const fileOf = (tree = ''): unknown => found.contents[found.trees[tree]?.[0]?.contents ?? '']?.parts;
    const { start, ops = [] } = found.runs[one?.led[0]?.run ?? ''] ?? {};
    expect([start, ...ops.map(({ tree }) => tree), one?.left].map(fileOf)).toEqual([['old'], [], ['new'], []]);
    expect(one?.promised.map((value) => found.values[value]?.text)).toEqual(['{\n  "a": 1\n}', '{\n  "a": 2\n}']);
    expect(found.values[one?.loaded ?? '']?.text).toBe('{}');
  });

  test('is kept of so many cases, and only where it is asked for', async () => {
    const verdicts = Array.from({ length: CASES_WITH_EVIDENCE + 1 }, (_, index) => losing(index));
    const found = await evidenceIn(verdicts);
    expect(Object.keys(found?.cases ?? {})).toHaveLength(CASES_WITH_EVIDENCE);
    expect(Object.keys(found?.runs ?? {})).toHaveLength(1);
    expect(await evidenceIn(verdicts, false)).toBeUndefined();
  });
});
