/** Every model that takes random histories draws as many as it is asked for. */
import { expect, test } from 'vitest';
import type { Bench } from '../../harness/bench/bench.ts';
import { isNotMeasured } from '../../harness/domain/sighting.ts';
import type { History } from '../../harness/generate/history.ts';
import { VARIANTS } from '../../harness/models/all.ts';
import type { Cell } from '../../harness/models/model.ts';
import { builtInScenarios } from '../../scenarios/all.ts';
import { loadedStore } from '../lab/lab.ts';
import { traceOf } from '../lab/traces.ts';

const [scenario] = builtInScenarios(0).filter(({ histories }) => histories);
if (scenario === undefined) throw new Error('there is a scenario of random histories');
const store = loadedStore('store.cjs', { hasUpdate: true });

/** Executions that did nothing. */
function benchWith(histories?: number): Bench {
  return {
    store,
    scenario,
    effort: { observe: true, depth: 1, limit: 1, seed: 1, histories },
    executions: {
      variation: async () => ({ names: [], contents: new Set() }),
      of: async (history: History) => ({ history, processes: [], calls: [], trace: traceOf({ ops: [] }) }),
    },
    recovery: { whenFresh: { kind: 'loaded' }, warmIsTrue: async () => true },
  } as unknown as Bench;
}

async function drawn(name: string, histories?: number): Promise<number> {
  const variant = VARIANTS.find((one) => one.name === name);
  if (variant === undefined || scenario === undefined) throw new Error(`there is no ${name}`);
  const { model, profile } = variant;
  const cell: Cell = { store, scenario, model, profile: profile.name, strict: false };
  const subjects = await model.subjects(cell, benchWith(histories), undefined);
  if (isNotMeasured(subjects)) throw new Error(subjects.reason);
  return new Set(subjects.map(({ history }) => history)).size;
}

test('all models take random histories', () => {
  expect(VARIANTS.filter(({ model, profile }) => !model.appliesTo(scenario, profile))).toEqual([]);
});

test.each(VARIANTS.map(({ name }) => name))('%s', async (name) => {
  expect(await drawn(name, 8)).toBe(8);
  expect(await drawn(name, 1)).toBe(1);
});

test.each([
  ['process-kill', 24],
  ['power-loss:xfs', 24],
  ['power-cut:ext4', 3],
  ['io-error', 3],
  ['io-error:windows', 3],
  ['interleaving', 24],
  ['race', 3],
])('%s draws %i unless the run says otherwise', async (name, count) => {
  expect(await drawn(name)).toBe(count);
});
