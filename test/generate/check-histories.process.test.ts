/** Histories of stores whose bugs are known, carried out for real. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RESURRECTS } from '../../harness/benchmarks/stores.ts';
import type { FaultCell } from '../../harness/check.ts';
import { checkFaultHistories, faultsIn } from '../../harness/generate/check-fault-histories.ts';
import { checkHistories, checkNamedHistory, type HistoryFindings } from '../../harness/generate/check-histories.ts';
import { encodeHistory, historyDetail, parseHistory } from '../../harness/generate/history.ts';
import { historyValue } from '../../harness/generate/values.ts';
import type { Verdict } from '../../harness/recover/believe.ts';
import {
  FORGETS_AFTER_LOAD,
  openStoreBench,
  READS_NOTHING,
  REJECTS,
  SKIPS_UNSYNCED,
  SOUND,
  type StoreBench,
  UNSYNCED,
} from '../lab/histories.ts';
import { temporaryDirectory } from '../lab/temporary.ts';

const KILL = { model: 'process-kill' } as const;

let root: string;
let stores = 0;
beforeAll(() => {
  root = temporaryDirectory();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs on one store after the other: each has its own recorder. */
async function on<T>(
  source: string,
  work: (opened: StoreBench) => Promise<T>,
  options: Parameters<typeof openStoreBench>[2] = {},
): Promise<T> {
  stores += 1;
  const directory = join(root, String(stores));
  mkdirSync(directory);
  const opened = await openStoreBench(directory, source, options);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

function found<T extends object>(result: T | { readonly reason: string }): T {
  if ('reason' in result) throw new Error(result.reason);
  return result;
}

const inShort = ({ failures }: HistoryFindings): string[] =>
  failures.map(({ course, verdict }) => `${verdict.outcome} ${encodeHistory(course.history)}`);

/** The verdict at a boundary of a history; at its last, unless it is given. */
async function verdictAt(
  { bench, cell }: StoreBench,
  choice: Parameters<StoreBench['cell']>[0],
  text: string,
  at?: number,
): Promise<Verdict> {
  const [history, ...rest] = text.split('~');
  const course = await bench.courses.of(parseHistory(history ?? '') ?? []);
  const named = { at: { op: at ?? course.trace.ops.length }, detail: `history=${[history, ...rest].join('~')}` };
  const [verdict] = found(await checkNamedHistory(cell(choice), bench, named)).found.verdicts;
  if (verdict === undefined) throw new Error(`${text} has no such boundary`);
  return verdict;
}

test('a bug that takes three steps is found, shrunk to these three, and seen again by the name of the case', async () => {
  await on(
    RESURRECTS,
    async ({ bench, cell }) => {
      const findings = found(await checkHistories(cell(KILL), bench));
      expect(inShort(findings)[0]).toBe('mixed s1.z.u1');
      expect(findings).toMatchObject({ tried: 10, doubts: [], notes: ['histories: 10 histories, drawn with seed 3'] });
      expect(findings.outcomes.mixed).toBeGreaterThan(0);
      const [failure] = findings.failures;
      if (failure === undefined) throw new Error('it was found');
      const { course, verdict } = failure;
      const named = { at: verdict.state.at, detail: historyDetail(course.history, '') };
      const again = found(await checkNamedHistory(cell(KILL), bench, named)).found.verdicts;
      expect(again).toMatchObject([{ outcome: 'mixed', recovery: verdict.recovery, promised: verdict.promised }]);
    },
    { histories: 10, seed: 3 },
  );
});

test('a store without a bug holds, under kills and when the power goes, with either recorder', async () => {
  for (const recorder of ['ptrace', 'binding'] as const) {
    await on(
      SOUND,
      async ({ bench, cell }) => {
        for (const choice of [KILL, 'posix', 'xfs'] as const) {
          const findings = found(await checkHistories(cell(choice), bench));
          expect(inShort(findings)).toEqual([]);
          expect(Object.keys(findings.outcomes).sort()).toEqual(['new', 'original']);
          expect(findings.tried).toBe(4);
          expect(findings.processes).toBeGreaterThan(4);
        }
      },
      { recorder, histories: 4 },
    );
  }
});

test('a store that forces nothing to disk is found, however much a long history of it may leave', async () => {
  await on(
    UNSYNCED,
    async ({ bench, cell }) => {
      const findings = found(await checkHistories(cell('posix'), bench));
      expect(findings.coverage?.kind).toBe('sampled');
      expect(inShort(findings)).toContainEqual(expect.stringMatching(/^(?:unreadable|empty) s1$/));
    },
    { histories: 4 },
  );
});

test('a call that fails in the last step is found where the steps before it matter, and replayed', async () => {
  await on(
    READS_NOTHING,
    async ({ bench, cell }) => {
      const faulty: FaultCell = { ...cell(KILL), model: 'io-error', profile: undefined };
      const findings = found(await checkFaultHistories(faulty, bench));
      expect(findings.doubts).toEqual([]);
      const [failure] = findings.failures;
      if (failure === undefined) throw new Error('it fails');
      expect(encodeHistory(failure.course.history)).toMatch(/^(?:s1|u1)\.u[12]$/);
      expect(failure.verdict).toMatchObject({ outcome: 'mixed' });
      const again = await faultsIn(faulty, bench, failure.course.history, failure.verdict.case);
      expect(again).toMatchObject({ found: { verdicts: [{ outcome: 'mixed', promised: failure.verdict.promised }] } });
    },
    { histories: 8 },
  );
});

describe('a process that begins where another one died', () => {
  test('goes on from what that one left', async () => {
    await on(SOUND, async (opened) => {
      const before = await verdictAt(opened, KILL, 's1.s2.c2.u1');
      expect(before.promised.acknowledged).toEqual({ ...historyValue(1), 'agent:main:key:1': { sessionId: 'k1' } });
      const after = await verdictAt(opened, KILL, 's1.s2.c8.u1'); // after the last op of the save
      expect(after.promised.acknowledged).toEqual({ ...historyValue(2), 'agent:main:key:1': { sessionId: 'k1' } });
      expect([before.outcome, after.outcome]).toEqual(['original', 'original']);
      const { history, processes, trace } = await opened.bench.courses.of(parseHistory('s1.s2.c2.u1') ?? []);
      expect(encodeHistory(history)).toBe('s1.s2.c2.u1');
      expect(processes[1]?.start.has('value.tmp')).toBe(true);
      expect(processes[1]?.calls[0]).toEqual({ kind: 'load' });
      expect(trace.ops).toHaveLength(processes.reduce((sum, process) => sum + process.trace.ops.length, 0));
    });
  });

  test('saves the same again, and what was never on disk is lost with the power', async () => {
    await on(SKIPS_UNSYNCED, async (opened) => {
      const states = async (text: string) => {
        const course = await opened.bench.courses.of(parseHistory(text) ?? []);
        const rename = course.trace.ops.find(({ call }) => call === 'rename')?.index ?? 0;
        return { course, lost: `lost=${rename}` };
      };
      const { lost } = await states('s1.c6.r');
      expect((await verdictAt(opened, 'xfs', `s1.c6.r~${lost}`)).outcome).toBe('empty');
      expect((await verdictAt(opened, 'xfs', `s1.c6.l~${lost}`)).outcome).toBe('original'); // nobody was told that it is saved
      expect((await verdictAt(opened, KILL, 's1.c6.r')).outcome).toBe('original');
    });
  });
});

test('a value of an earlier process that comes back is stale, and not one that nobody saved', async () => {
  await on(FORGETS_AFTER_LOAD, async (opened) => {
    expect(await verdictAt(opened, KILL, 's1.l.s2')).toMatchObject({ outcome: 'stale', promised: { acknowledged: historyValue(2) } });
    expect((await verdictAt(opened, KILL, 's1.s2')).outcome).toBe('original');
    expect((await verdictAt(opened, KILL, 's1.l.r')).outcome).toBe('original');
  });
});

test('a step that fails though nothing failed beneath it is told in the shortest history, and is no pass', async () => {
  await on(
    REJECTS,
    async ({ bench, cell }) => {
      const reason = 'step 1 rejected with no crash: Error: nothing to update';
      expect(await checkHistories(cell(KILL), bench)).toMatchObject({
        doubts: [expect.stringMatching(`^in history u1: ${reason}; of \\d+ histories$`)],
      });
    },
    { histories: 6 },
  );
});
