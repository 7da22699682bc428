/** What is made of an answer of the fake file system: it is believed where the real one agrees. */
import { expect, test } from 'vitest';
import type { Bench } from '../../../harness/bench/bench.ts';
import type { ScheduleCell } from '../../../harness/check.ts';
import type { Json } from '../../../harness/domain/trace.ts';
import { scheduleResult } from '../../../harness/explain/schedule-result.ts';
import { checkInterleaving } from '../../../harness/models/interleaving/interleavings.ts';
import type { ToldEnd } from '../../../harness/protocol/interleave.ts';

const [A, B]: [Json, Json] = [{ A: 1 }, { B: 1 }];
const cell = {
  model: 'interleaving',
  strict: false,
  store: { name: 'planted', kind: 'module', claims: {}, knownBugs: {}, empty: {} },
  scenario: {
    name: 'two-savers',
    before: [{ kind: 'save', value: A }],
    steps: [],
    next: { next: 1 },
    tasks: [
      { name: 'saver A', steps: [{ kind: 'save', value: B }] },
      { name: 'saver B', steps: [{ kind: 'save', value: B }] },
    ],
  },
} as unknown as ScheduleCell;

/** A crash after the first op of saver A, of which the fake says that it left nothing. */
const EMPTY: ToldEnd = {
  end: {
    schedule: [{ task: 0, steps: 1 }],
    ops: [{ task: 0, text: 'unlink v.json', changed: true }],
    events: [{ task: 0, step: 0, kind: 'began', at: 0, saved: B }],
    how: 'crashed',
  },
  tree: [],
  outcome: 'empty',
};

/** `found`: what a real process loads. */
function bench(found: Json): Bench {
  const told = {
    kind: 'exhaustive',
    runs: 3,
    states: 5,
    crashes: 7,
    trees: 2,
    outcomes: { original: 6, empty: 1 },
    memory: false,
    ends: [EMPTY],
  };
  const recovery = {
    whenFresh: { kind: 'loaded', value: {} },
    confirm: async () => ({
      load: { kind: 'loaded', value: found },
      save: { kind: 'saved' },
      secondLoad: { kind: 'loaded', value: { next: 1 } },
    }),
  };
  return {
    seed: 1,
    recovery,
    fake: { bundle: async () => 'bundle', run: async () => ({ kind: 'told', told: [told] }) },
  } as unknown as Bench;
}

const options = { observed: false, durationMs: 1, allCases: false, replay: (id: string) => id };

test('a failure that the real store shows as well is told with its schedule', async () => {
  const found = await checkInterleaving(cell, bench({}));
  if ('reason' in found) throw new Error(found.reason);
  expect(scheduleResult(cell, found, options)).toMatchObject({
    cell: { grade: 'lossy', status: 'broken', violations: 1, schedules: { kind: 'exhaustive', tried: 3, distinct: 5, crashes: 7 } },
    cases: [
      { id: 'planted/two-savers/interleaving@1~a1~crash', outcome: 'empty', schedule: [{ task: 'saver A', ops: ['unlink v.json'] }] },
    ],
  });
});

test('one that it does not show is doubt, and said to be', async () => {
  const found = await checkInterleaving(cell, bench(A));
  if ('reason' in found) throw new Error(found.reason);
  expect(found.doubts).toEqual(['fake and real disagree: what the fake calls empty is original in a real recovery']);
  expect(scheduleResult(cell, found, options).cell).toMatchObject({ reason: found.doubts?.[0], status: 'broken' });
});

test.each([
  [{ ...cell, store: { ...cell.store, kind: 'command' } }, 'a store that runs as commands has no calls that could be interleaved'],
])('a command is not interleaved', async (other, reason) => {
  expect(await checkInterleaving(other as ScheduleCell, bench({}))).toEqual({ reason });
});
