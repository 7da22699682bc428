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

type Fate = 'finishes' | 'dies' | 'hangs' | 'diverges' | 'goes on';
const ENDS: { readonly [fate in Fate]: RawEnd } = {
  finishes: { kind: 'end', how: 'finished' },
  dies: { kind: 'end', how: 'crashed', signal: 'SIGSEGV' },
  hangs: { kind: 'end', how: 'timed-out', afterMs: 7 },
  diverges: { kind: 'end', how: 'diverged', at: 0, expected: 'stat a', got: 'stat b' },
  'goes on': { kind: 'end', how: 'finished' },
};
const FINE: Recovery = { load: { kind: 'loaded', value: 1 }, save: { kind: 'saved' }, secondLoad: { kind: 'loaded', value: 2 } };

/** `fateOf` says what a run with a fault at an op comes to, given how many runs its process has made; op 0 is the run without one. */
function labOf(fateOf: (op: number, before: number) => Fate): { readonly lab: FaultLab; readonly processes: number[][] } {
  const root = freshDirectory();
  const processes: number[][] = [];
  let count = 0;
  const recording = { order: [], overlaps: true, trace: traceOf({ ops: [] }) } satisfies Pick<Recording, 'order' | 'overlaps' | 'trace'>;
  const opOf = ({ faults }: FaultRun): number => (faults[0] !== undefined && 'op' in faults[0] ? faults[0].op : 0);
  const lab: FaultLab = {
    recorder: {
      ...PTRACE,
      inFlight: 1,
      run: async ({ plan }) => {
        if (plan.kind !== 'fault') throw new Error('only faults');
        processes.push(plan.runs.map(opOf));
        const events: RawEvent[] = [];
        for (const [before, run] of plan.runs.entries()) {
          const fate = fateOf(opOf(run), before);
          const failed = { kind: 'op', call: 'stat', via: 'stat', path: 'a', id: 1, process: 0, error: 'EIO' } as const;
          events.push({ kind: 'start', tree: [] }, ...Array.from({ length: opOf(run) }, () => failed));
          if (fate === 'finishes' || fate === 'goes on') events.push({ kind: 'resolved', step: 0 });
          events.push(ENDS[fate]);
          const after = fate === 'goes on' ? { ...FINE, load: { kind: 'loaded', value: 'other' } } : FINE;
          if (fate === 'finishes' || fate === 'goes on') writeFileSync(`${run.directory}.after`, `${JSON.stringify(after)}\n`);
          else break;
        }
        return { pid: 1, events };
      },
      close: async () => {},
    },
    prepare: (runs) => {
      const directories = Array.from({ length: runs }, () => {
        count += 1;
        mkdirSync(join(root, String(count)));
        return join(root, String(count));
      });
      return { args: [], env: {}, timeoutMs: 1, directories, spool: root };
    },
    complaint: () => undefined,
    recording,
    steps: 1,
    standing: [],
  };
  return { lab, processes };
}

const faultsAt = (...ops: readonly number[]): Fault[][] => ops.map((op) => [{ kind: 'errno', op, errno: 'EIO' }]);

async function endings(fateOf: (op: number, before: number) => Fate): Promise<{ ends: string[]; processes: number[][] }> {
  const { lab, processes } = labOf(fateOf);
  const control = runAlone(lab, []);
  await control;
  processes.length = 0;
  const results = await runFaults(lab, faultsAt(1, 2, 3), { control });
  return { ends: results.map((result) => ('trace' in result ? result.ending.kind : result.doubt)), processes };
}

test('all go well in one process, and a run without a fault comes last', async () => {
  expect(await endings(() => 'finishes')).toEqual({ ends: ['settled', 'settled', 'settled'], processes: [[1, 2, 3, 0]] });
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
  const { ends, processes } = await endings((_, before) => (before > 2 ? 'goes on' : 'finishes'));
  expect(ends).toEqual(['settled', 'settled', 'settled']);
  expect(processes).toEqual([[1, 2, 3, 0], [1], [2], [3]]);
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
