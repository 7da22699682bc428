/** Random histories of stores whose bugs are known, executed for real. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Subject } from '../../harness/bench/subject.ts';
import { RESURRECTS } from '../../harness/benchmarks/stores.ts';
import type { Effort } from '../../harness/domain/effort.ts';
import { encodeHistory, parseHistory } from '../../harness/generate/history.ts';
import { historyValue } from '../../harness/generate/values.ts';
import type { CrashVerdict } from '../../harness/models/crash/crash-state.ts';
import type { CrashExplored } from '../../harness/models/crash/explore.ts';
import type { FaultExplored } from '../../harness/models/io-error/explore.ts';
import type { Findings } from '../../harness/models/model.ts';
import { UPDATES } from '../lab/abilities.ts';
import { deep } from '../lab/depth.ts';
import { CLEANS_UP, FORGETS_AFTER_LOAD, READS_NOTHING, REJECTS, SKIPS_UNSYNCED, SOUND, TAKES_REFUSAL, UNSYNCED } from '../lab/histories.ts';
import { type Lab, type LabCells, openLab } from '../lab/lab.ts';

const KILL = { model: 'process-kill', strict: true } as const;
const POSIX = { model: 'power-loss:posix', strict: true } as const;
const XFS = { model: 'power-loss:xfs', strict: true } as const;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

function on<T>(source: string, effort: Partial<Effort>, work: (cells: LabCells) => Promise<T>, where = lab): Promise<T> {
  return where.on(where.store(source, { abilities: UPDATES }), { scenario: 'histories', effort }, work);
}

const textOf = ({ history }: Subject): string => (history !== undefined && 'steps' in history ? encodeHistory(history.steps) : '');

const inShort = ({ explored: { verdicts } }: Findings): string[] =>
  verdicts.map(({ case: { subject }, outcome }) => `${outcome} ${textOf(subject)}`);

/** The verdict at a boundary of a history; at its last, unless it is given. */
async function verdictAt({ bench, check }: LabCells, wanted: typeof KILL | typeof XFS, text: string, at?: number): Promise<CrashVerdict> {
  const [history = ''] = text.split('~');
  const op = at ?? (await bench.executions.of(parseHistory(history) ?? [])).trace.ops.length;
  const { explored } = await check<CrashExplored>({ ...wanted, only: `@${op}~history=${text}` });
  const [verdict] = explored.verdicts;
  if (verdict === undefined) throw new Error(`${text} has no such boundary`);
  return verdict;
}

test('a bug that takes three steps is found, shrunk to these three, and seen again by the name of the case', async () => {
  // The first history of this seed has the three steps among its nine.
  await on(RESURRECTS, { histories: 2, seed: 15 }, async ({ check, result }) => {
    const findings = await check<CrashExplored>(KILL);
    const { explored, tally, cell } = findings;
    expect(inShort(findings)[0]).toBe('mixed s1.z.u1');
    expect(explored).toMatchObject({ doubts: [], notes: [] });
    expect((await result(findings)).cell.histories?.tried).toBe(2);
    expect(tally.outcomes.mixed).toBeGreaterThan(0);
    const [verdict] = explored.verdicts;
    if (verdict === undefined) throw new Error('it was found');
    const again = await check({ ...KILL, only: cell.model.id.write(verdict.case) });
    expect(again.explored.verdicts).toMatchObject([{ outcome: 'mixed', recovery: verdict.recovery, promised: verdict.promised }]);
  });
});

test('a store without a bug holds, under kills and when the power goes, with either recorder', async () => {
  const bound = await openLab({ recorder: 'binding' });
  try {
    for (const where of [lab, bound]) {
      await on(
        SOUND,
        { histories: 4, killedSaves: 0 },
        async ({ check, result }) => {
          for (const wanted of [KILL, POSIX, XFS]) {
            const findings = await check(wanted);
            expect(inShort(findings)).toEqual([]);
            expect(Object.keys(findings.tally.outcomes).sort()).toEqual(['new', 'original']);
            const { histories } = (await result(findings)).cell;
            expect(histories?.tried).toBe(4);
            expect(histories?.segments).toBeGreaterThan(4);
          }
        },
        where,
      );
    }
  } finally {
    await bound.close();
  }
});

deep('a store that forces nothing to disk is found, however much a long history of it may leave', async () => {
  await on(UNSYNCED, { histories: 4 }, async ({ check }) => {
    const findings = await check(POSIX);
    const { explored, tally } = findings;
    expect(explored.tried).toMatchObject({ kind: 'states', explored: { pages: { kind: 'sampled', distinct: tally.states } } });
    expect(inShort(findings)).toContainEqual(expect.stringMatching(/^(?:unreadable|empty) s1$/));
  });
});

test('a call that fails in the last step is found where the steps before it matter, and replayed', async () => {
  await on(READS_NOTHING, { histories: 1 }, async ({ check }) => {
    const wanted = { model: 'io-error', strict: true };
    const { explored, cell } = await check<FaultExplored>(wanted);
    expect(explored.doubts).toEqual([]);
    const [failure] = explored.verdicts;
    if (failure === undefined) throw new Error('it fails');
    expect(textOf(failure.case.subject)).toMatch(/^(?:s1|u1)\.u[12]$/);
    expect(failure).toMatchObject({ outcome: 'mixed' });
    const again = await check({ ...wanted, only: cell.model.id.write(failure.case) });
    expect(again.explored.verdicts).toMatchObject([{ outcome: 'mixed', promised: failure.promised }]);
  });
});

deep('the histories of a cell share its second faults, and no fsync lies', async () => {
  await on(CLEANS_UP, { histories: 2 }, async ({ check }) => {
    const { explored } = await check<FaultExplored>({ model: 'io-error' });
    const { tried } = explored;
    if (tried?.kind !== 'faults') throw new Error('no faults were tried');
    expect(tried.twice.tried).toBeGreaterThan(8);
    expect(tried.twice.tried).toBeLessThanOrEqual(48);
    expect(tried.twice.of).toBeGreaterThan(48);
    expect(tried.lying).toBeUndefined();
  });
});

describe('a process that begins where another one died', () => {
  test('goes on from what that one left', async () => {
    await on(SOUND, {}, async (cells) => {
      const before = await verdictAt(cells, KILL, 's1.s2.c2.u1');
      expect(before.promised.acknowledged).toEqual({ ...historyValue(1), 'agent:main:key:1': { sessionId: 'k1' } });
      const after = await verdictAt(cells, KILL, 's1.s2.c8.u1'); // after the last op of the save
      expect(after.promised.acknowledged).toEqual({ ...historyValue(2), 'agent:main:key:1': { sessionId: 'k1' } });
      expect([before.outcome, after.outcome]).toEqual(['original', 'original']);
      const { history, processes, trace } = await cells.bench.executions.of(parseHistory('s1.s2.c2.u1') ?? []);
      expect(encodeHistory(history)).toBe('s1.s2.c2.u1');
      expect(processes[1]?.start.has('value.tmp')).toBe(true);
      expect(processes[1]?.calls[0]).toEqual({ kind: 'load' });
      expect(trace.ops).toHaveLength(processes.reduce((sum, process) => sum + process.trace.ops.length, 0));
    });
  });

  test('saves the same again, and what was never on disk is lost with the power', async () => {
    await on(SKIPS_UNSYNCED, {}, async (cells) => {
      const { trace } = await cells.bench.executions.of(parseHistory('s1.c6.r') ?? []);
      const lost = `lost=${trace.ops.find(({ call }) => call === 'rename')?.index ?? 0}`;
      expect((await verdictAt(cells, XFS, `s1.c6.r~${lost}`)).outcome).toBe('stale'); // back to before the first acknowledged value
      expect((await verdictAt(cells, XFS, `s1.c6.l~${lost}`)).outcome).toBe('original'); // nothing had promised it
      expect((await verdictAt(cells, KILL, 's1.c6.r')).outcome).toBe('original');
    });
  });
});

test('a value of an earlier process that comes back is stale, and not one that nobody saved', async () => {
  await on(FORGETS_AFTER_LOAD, {}, async (cells) => {
    expect(await verdictAt(cells, KILL, 's1.l.s2')).toMatchObject({ outcome: 'stale', promised: { acknowledged: historyValue(2) } });
    expect((await verdictAt(cells, KILL, 's1.s2')).outcome).toBe('original');
    expect((await verdictAt(cells, KILL, 's1.l.r')).outcome).toBe('original');
  });
});

test('a step that fails though nothing failed beneath it is reported in the shortest history, and is no pass', async () => {
  await on(REJECTS, { histories: 6 }, async ({ check }) => {
    const reason = 'step 1 rejected with no crash: Error: nothing to update';
    expect((await check(KILL)).explored.doubts).toEqual([expect.stringMatching(`^in history u1: ${reason}; of \\d+ histories$`)]);
  });
});

deep('io-error:windows refuses the last call of a history, by the rules of Windows', async () => {
  await on(TAKES_REFUSAL, { histories: 1 }, async ({ check }) => {
    const wanted = { model: 'io-error:windows' };
    const { explored, cell } = await check<FaultExplored>(wanted);
    expect(explored).toMatchObject({ doubts: [], tried: { tried: 2 }, verdicts: [{ outcome: 'false-ack' }] });
    const [failure] = explored.verdicts;
    expect(failure && textOf(failure.case.subject)).toBe('s1.u1'); // the second call replaces a file
    const again = await check({ ...wanted, ...(failure && { only: cell.model.id.write(failure.case) }) });
    expect(again.explored.verdicts).toMatchObject([{ outcome: 'false-ack' }]);
  });
});
