import { expect, test } from 'vitest';
import { type Scenario, save, set } from '../../harness/domain/scenario.ts';
import type { Contract } from '../../harness/domain/store.ts';
import type { Step } from '../../harness/domain/trace.ts';
import { oracleOptions } from '../../harness/judge/oracle.ts';
import { builtInScenarios } from '../../scenarios/all.ts';
import { SAVES } from '../lab/abilities.ts';
import { loadedStore } from '../lab/lab.ts';

const optionsFor = ({ before, next }: Pick<Scenario, 'before' | 'next'>, contract: Contract = 'value') =>
  oracleOptions({
    store: loadedStore('x', { abilities: { ...SAVES, contract } }),
    scenario: { before, next },
    recovery: { whenFresh: { kind: 'loaded' }, adds: [] },
  });

test('what a scenario saved before the value that its steps begin with is an earlier value, of a store of whole values', () => {
  const before: Step[] = [save({ a: 1 }), save({ b: 2 }), save({ c: 3 })];
  expect(optionsFor({ before, next: 0 }).earlier).toEqual([{ a: 1 }, { b: 2 }]);
  expect(optionsFor({ before: before.slice(0, 1), next: 0 }).earlier).toBeUndefined();
  expect(optionsFor({ before: [set('a', 1), set('b', 2)], next: 0 }, 'map').earlier).toBeUndefined();
});

test('the update of a built-in scenario has one, so that a backup which is brought back is stale', () => {
  const update = builtInScenarios(0).find(({ name }) => name === 'update');
  expect(update && optionsFor(update).earlier).toHaveLength(1);
});
