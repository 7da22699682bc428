/** What is made of an answer of the fake file system: it is believed where the real one agrees. */
import { expect, test } from 'vitest';
import type { Bench } from '../../../harness/bench/bench.ts';
import { cellResult } from '../../../harness/cell-result.ts';
import { check } from '../../../harness/check.ts';
import { EFFORTS } from '../../../harness/domain/effort.ts';
import type { RawOp } from '../../../harness/domain/events.ts';
import { isNotMeasured } from '../../../harness/domain/sighting.ts';
import type { Json } from '../../../harness/domain/trace.ts';
import { interleaving } from '../../../harness/models/interleaving/interleaving.ts';
import type { Cell, Findings } from '../../../harness/models/model.ts';
import type { InterleavedEnd } from '../../../harness/protocol/interleave.ts';
import { SAVES } from '../../lab/abilities.ts';

const [A, B]: [Json, Json] = [{ A: 1 }, { B: 1 }];
const cell = {
  model: interleaving,
  store: {
    name: 'planted',
    kind: 'module',
    bundle: import.meta.filename,
    abilities: SAVES,
    ignore: [],
    claims: {},
    knownBugs: {},
    empty: {},
  },
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
} as unknown as Cell;

/** A crash after the first op of saver A, of which the fake says that it left nothing. */
const EMPTY: InterleavedEnd = {
  end: {
    schedule: [{ task: 0, steps: 1 }],
    ops: [{ task: 0, call: 'unlink', path: 'v.json', changed: true }],
    events: [{ task: 0, step: 0, kind: 'began', at: 0, saved: B }],
    how: 'crashed',
  },
  tree: [],
  times: [],
  outcome: 'empty',
};

/** What a save does, seen with its stack. */
const SAVED: RawOp = {
  kind: 'op',
  call: 'unlink',
  via: 'unlink',
  path: 'v.json',
  id: 1,
  process: 0,
  stack: '    at save (/planted.js:4:2)',
};

/** `found`: what a real process loads. */
function bench(found: Json): Bench {
  const result = {
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
    load: { kind: 'loaded', value: found },
    save: { kind: 'saved' },
    secondLoad: { kind: 'loaded', value: { next: 1 } },
  };
  return {
    ...cell,
    effort: { ...EFFORTS.deep, seed: 1 },
    onProgress: () => {},
    recovery: {
      adds: [],
      whenFresh: { kind: 'loaded', value: {} },
      recoverTrees: async (trees: readonly unknown[]) => trees.map(() => ({ recovery, left: [] })),
      confirm: async () => recovery,
      controlled: <Found>(recover: (which: 'first') => Found): Found => recover('first'),
    },
    cwd: '/',
    prepareOn: () => ({}),
    siteRecorder: { run: async () => ({ events: [SAVED] }) },
    fake: { bundle: async () => 'bundle', run: async () => ({ kind: 'interleaved', results: [result] }) },
  } as unknown as Bench;
}

async function findingsOn(found: Json): Promise<Findings> {
  const findings = await check(cell, bench(found));
  if (isNotMeasured(findings)) throw new Error(findings.reason);
  return findings;
}

const options = { durationMs: 1, effort: 'deep', allCases: false, replay: (id: string) => id } as const;

test('a failure that the real store shows as well is reported with its schedule', async () => {
  expect(await cellResult(await findingsOn({}), options)).toMatchObject({
    cell: {
      grade: 'lossy',
      status: 'broken',
      violations: 1,
      tried: { kind: 'schedules', reach: 'exhaustive', tried: 3, distinct: 5, crashes: 7 },
    },
    cases: [
      {
        id: 'planted/two-savers/interleaving@1~a1~crash',
        outcome: 'empty',
        schedule: [{ task: 'saver A', ops: ['unlink v.json'] }],
        blame: { op: 'unlink v.json', site: { file: 'planted.js', line: 4 } },
      },
    ],
  });
});

test('one that it does not show is doubt, and said to be', async () => {
  const findings = await findingsOn(A);
  const { doubts } = findings.explored;
  expect(doubts).toEqual(['fake and real disagree: what the fake calls empty is original in a real recovery']);
  expect((await cellResult(findings, options)).cell).toMatchObject({ grade: 'inconclusive', reason: doubts[0], status: 'broken' });
});

test('a command is not interleaved', async () => {
  const command = { ...cell, store: { ...cell.store, kind: 'command' as const } };
  const reason = 'a store that runs as commands has no calls that could be interleaved';
  expect(await check(command, bench({}))).toEqual({ reason });
});
