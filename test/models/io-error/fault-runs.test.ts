/** Many runs in one process: what becomes of those that end it, hang in it, or find it changed. The recorder is a made one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RawEnd, RawEvent } from '../../../harness/domain/events.ts';
import type { Recovery } from '../../../harness/domain/recovery.ts';
import { type FaultLab, runAlone, runFaults } from '../../../harness/models/io-error/fault-runs.ts';
import type { Fault, FaultRun } from '../../../harness/record/fault.ts';
import { PTRACE } from '../../../harness/record/ptrace/recorder.ts';
import type { Recording } from '../../../harness/record/record.ts';
import { freshDirectory } from '../../lab/temporary.ts';
import { traceOf } from '../../lab/traces.ts';

type Fate = 'finishes' | 'dies' | 'hangs' | 'diverges' | 'loads something else';
const ENDS: { readonly [fate in Fate]: RawEnd } = {
  finishes: { kind: 'end', how: 'finished' },
  dies: { kind: 'end', how: 'crashed', signal: 'SIGSEGV' },
  hangs: { kind: 'end', how: 'timed-out', afterMs: 7 },
  diverges: { kind: 'end', how: 'diverged', at: 0, expected: 'stat a', got: 'stat b' },
  'loads something else': { kind: 'end', how: 'finished' },
};
const WARM = { server: '', store: { name: '', bundle: '' }, cellFile: '' };
const FINE: Recovery = { load: { kind: 'loaded', value: 1 }, save: { kind: 'saved' }, secondLoad: { kind: 'loaded', value: 2 } };

/**
 * `fateOf` says what a run with a fault at an op comes to, given how many runs its process has made; op 0 is the run without one. `slow`: the
 * store is evaluated slowly, and a run that should be forked is, or is not.
 */
function labOf(
  fateOf: (op: number, before: number) => Fate,
  slow?: { readonly forks: boolean },
  inFlight = 1,
): { readonly lab: FaultLab; readonly processes: number[][]; readonly forked: number[][] } {
  const forks = slow?.forks === true;
  const forked: number[][] = [];
  const root = freshDirectory();
  const processes: number[][] = [];
  let count = 0;
  const recording = { order: [], overlaps: true, trace: traceOf({ ops: [] }) } satisfies Pick<Recording, 'order' | 'overlaps' | 'trace'>;
  const opOf = ({ faults }: FaultRun): number => (faults[0] !== undefined && 'op' in faults[0] ? faults[0].op : 0);
  const lab: FaultLab = {
    recorder: {
      ...PTRACE,
      inFlight,
      run: async ({ plan, warm }) => {
        if (plan.kind !== 'fault') throw new Error('only faults');
        (warm === undefined ? processes : forked).push(plan.runs.map(opOf));
        const events: RawEvent[] = [];
        for (const [before, run] of plan.runs.entries()) {
          const fate = fateOf(opOf(run), before);
          const failed = { kind: 'op', call: 'stat', via: 'stat', path: 'a', id: 1, process: 0, error: 'EIO' } as const;
          events.push({ kind: 'start', tree: [] }, ...Array.from({ length: opOf(run) }, () => failed));
          if (fate === 'finishes' || fate === 'loads something else') events.push({ kind: 'resolved', step: 0 });
          events.push(ENDS[fate]);
          const after = fate === 'loads something else' ? { ...FINE, load: { kind: 'loaded', value: 'other' } } : FINE;
          if (fate === 'finishes' || fate === 'loads something else') writeFileSync(`${run.directory}.after`, `${JSON.stringify(after)}\n`);
          else break;
        }
        return { pid: 1, events, forked: warm !== undefined && forks };
      },
      close: async () => {},
    },
    prepare: (runs) => {
      const directories = Array.from({ length: runs }, () => {
        count += 1;
        mkdirSync(join(root, String(count)));
        return join(root, String(count));
      });
      return { args: [], env: {}, timeoutMs: 1, directories, spool: root, ...(runs === 1 && { warm: WARM }) };
    },
    complaint: () => undefined,
    recording,
    steps: 1,
    standing: [],
    isOneRun: false,
    isSlow: slow !== undefined,
  };
  return { lab, processes, forked };
}

const faultsAt = (...ops: readonly number[]): Fault[][] => ops.map((op) => [{ kind: 'errno', op, errno: 'EIO' }]);

async function endings(
  fateOf: (op: number, before: number) => Fate,
  slow?: { readonly forks: boolean },
): Promise<{ ends: string[]; processes: number[][]; forked: number[][] }> {
  const { lab, processes, forked } = labOf(fateOf, slow);
  const control = runAlone(lab, []);
  await control;
  processes.length = 0;
  const results = await runFaults(lab, faultsAt(1, 2, 3), { control });
  return { ends: results.map((result) => ('trace' in result ? result.ending.kind : result.doubt)), processes, forked };
}

test('all go well in one process, and a run without a fault comes last', async () => {
  expect(await endings(() => 'finishes')).toEqual({ ends: ['settled', 'settled', 'settled'], processes: [[1, 2, 3, 0]], forked: [] });
});

test.each([
  { runs: 8, inFlight: 4, sizes: [8] },
  { runs: 30, inFlight: 4, sizes: [12, 12, 6] },
  { runs: 100, inFlight: 4, sizes: [25, 25, 25, 25] },
  { runs: 100, inFlight: 1, sizes: [32, 32, 32, 4] },
])('$runs runs with $inFlight processes at a time: a dozen or more in each, at most 32', async ({ runs, inFlight, sizes }) => {
  const { lab, processes } = labOf(() => 'finishes', undefined, inFlight);
  const control = runAlone(lab, []);
  await control;
  processes.length = 0;
  await runFaults(lab, faultsAt(...Array.from({ length: runs }, (_, index) => index + 1)), { control });
  expect(processes.map((made) => made.length - 1)).toEqual(sizes); // a run without a fault comes last
});

test('a run that ends its process is made alone, and those after it in another', async () => {
  const { ends, processes } = await endings((op) => (op === 2 ? 'dies' : 'finishes'));
  expect(ends).toEqual(['settled', 'died', 'settled']);
  expect(processes).toEqual([[1, 2, 3, 0], [2], [3]]);
});

test('where one hangs, the others are made side by side', async () => {
  const { ends, processes } = await endings((op) => (op === 1 ? 'hangs' : 'finishes'));
  expect(ends).toEqual(['hung', 'settled', 'settled']);
  expect(processes).toEqual([[1, 2, 3, 0], [1], [2], [3]]);
});

test('what a store keeps outside its modules shows in the last run, and each is made alone', async () => {
  const { ends, processes } = await endings((_, before) => (before > 2 ? 'loads something else' : 'finishes'));
  expect(ends).toEqual(['settled', 'settled', 'settled']);
  expect(processes).toEqual([[1, 2, 3, 0], [1], [2], [3]]);
});

test('each run of a slow store is forked, once the run without a fault has gone as in a process that is started', async () => {
  const { ends, processes, forked } = await endings(() => 'finishes', { forks: true });
  expect(ends).toEqual(['settled', 'settled', 'settled']);
  expect([processes, forked]).toEqual([[], [[0], [1], [2], [3]]]);
});

test('a forked run that ends its process is made in one that is started', async () => {
  const { ends, processes, forked } = await endings((op) => (op === 2 ? 'dies' : 'finishes'), { forks: true });
  expect(ends).toEqual(['settled', 'died', 'settled']);
  expect([processes, forked]).toEqual([[[2]], [[0], [1], [2], [3]]]);
});

test('a slow store that cannot be forked has many runs to a process', async () => {
  const { ends, processes, forked } = await endings(() => 'finishes', { forks: false });
  expect(ends).toEqual(['settled', 'settled', 'settled']);
  expect([processes, forked]).toEqual([[[1, 2, 3, 0]], [[0]]]);
});

test('so has one whose forked run goes otherwise', async () => {
  let runs = 0;
  const { processes, forked } = await endings(
    (op) => {
      runs += op === 0 ? 1 : 0;
      return runs === 2 && op === 0 ? 'loads something else' : 'finishes';
    },
    { forks: true },
  );
  expect([processes, forked]).toEqual([[[1, 2, 3, 0]], [[0]]]);
});

test('a run that goes another way is tried again, and then a doubt', async () => {
  const { ends, processes } = await endings((op) => (op === 3 ? 'diverges' : 'finishes'));
  expect(ends).toEqual(['settled', 'settled', 'nondeterministic: event 1 was "stat a" when recorded, "stat b" in a later run']);
  expect(processes).toEqual([[1, 2, 3, 0], [3], [3], [3]]);
});

test('a fault that did not come where it was to come leaves its run in doubt, and is no pass', async () => {
  const { lab } = labOf(() => 'finishes');
  expect(await runAlone(lab, [{ kind: 'errno', op: 1, errno: 'EACCES' }])).toMatchObject({
    doubt: 'nondeterministic: op 1 was to fail with EACCES, and ended with EIO',
  });
});
