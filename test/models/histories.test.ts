/** Every model that takes random histories draws as many as it is asked for. */
import { expect, test } from 'vitest';
import type { Bench } from '../../harness/bench/bench.ts';
import { EFFORT_NAMES, EFFORTS, type Limits } from '../../harness/domain/effort.ts';
import { isNotMeasured } from '../../harness/domain/sighting.ts';
import type { History } from '../../harness/generate/history.ts';
import { VARIANTS } from '../../harness/models/all.ts';
import type { Cell } from '../../harness/models/model.ts';
import { builtInScenarios } from '../../scenarios/all.ts';
import { UPDATES } from '../lab/abilities.ts';
import { loadedStore } from '../lab/lab.ts';
import { traceOf } from '../lab/traces.ts';

const [scenario] = builtInScenarios(0).filter(({ histories }) => histories);
if (scenario === undefined) throw new Error('there is a scenario of random histories');
const store = loadedStore('store.cjs', { abilities: UPDATES });

/** Executions that did nothing. */
function benchWith(effort: Limits): Bench {
  return {
    store,
    scenario,
    effort: { ...effort, seed: 1 },
    executions: {
      variation: async () => ({ names: [], contents: new Set() }),
      of: async (history: History) => ({ history, processes: [], calls: [], trace: traceOf({ ops: [] }) }),
    },
    recovery: { whenFresh: { kind: 'loaded' }, controlled: <Found>(recover: (which: 'first') => Found): Found => recover('first') },
  } as unknown as Bench;
}

async function drawn(name: string, effort: Limits): Promise<number> {
  const variant = VARIANTS.find((one) => one.name === name);
  if (variant === undefined || scenario === undefined) throw new Error(`there is no ${name}`);
  const { model, profile } = variant;
  const cell: Cell = { store, scenario, model, profile: profile.name };
  const subjects = await model.subjects(cell, benchWith(effort), undefined);
  if (isNotMeasured(subjects)) throw new Error(subjects.reason);
  return new Set(subjects.map(({ history }) => history)).size;
}

/** A quit needs a process that ends in a way of its own (decision 0032), and what a store starts with has little to do with its history. */
const NOT_OF_HISTORIES = /^(?:quit|at-rest|through-link)/;
const variants = VARIANTS.map(({ name }) => name).filter((name) => !NOT_OF_HISTORIES.test(name));

test('all other models take random histories', () => {
  expect(VARIANTS.filter(({ model, profile }) => model.appliesTo(scenario, profile)).map(({ name }) => name)).toEqual(variants);
});

const COSTLY = /^(?:io-error|power-cut|race)/;

test.each(EFFORT_NAMES.flatMap((effort) => variants.map((name) => [effort, name] as const)))('%s: %s', async (effort, name) => {
  const limits = EFFORTS[effort];
  expect(await drawn(name, limits)).toBe(COSTLY.test(name) ? limits.costlyHistories : limits.histories);
});
