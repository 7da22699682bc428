import { expect, test } from 'vitest';
import { append, load, remove, type Scenario, save, saveLoaded, set, update } from '../../harness/domain/scenario.ts';
import type { Abilities } from '../../harness/domain/store.ts';
import type { Step } from '../../harness/domain/trace.ts';
import { scenarioFor } from '../../harness/scenario/contracts.ts';
import { builtInScenarios } from '../../scenarios/all.ts';
import { APPENDS, SAVES, SETS, UPDATES } from '../lab/abilities.ts';

const [A, B] = [
  { one: 1, two: 2, three: 3 },
  { one: 10, two: 20, three: 30 },
];
const scenario = (before: readonly Step[], steps: readonly Step[]): Scenario => ({
  name: 'x',
  catches: 'x',
  before,
  steps,
  next: { n: 7 },
});
const stepsFor = (abilities: Abilities, before: readonly Step[], steps: readonly Step[]): unknown => {
  const form = scenarioFor(scenario(before, steps), abilities);
  return form && [form.before, form.steps, form.next];
};

test('a map sets one key in each step, and not always the same', () => {
  const before = [set('one', 1), set('two', 2)];
  expect(stepsFor(SETS, [save(A)], [save(B), save(A)])).toEqual([before, [set('one', 10), set('two', 2)], { 'agent:main:next': 7 }]);
  expect(stepsFor(SETS, [save(A)], [update({ four: 4 })])).toEqual([before, [set('four', 4)], { 'agent:main:next': 7 }]);
});

test('an update of a map adds a key that looks like one that is there', () => {
  const keyed = save({ 'agent:main': 1, two: 2 });
  expect(stepsFor(SETS, [keyed], [update({ four: 4 })])).toMatchObject([{}, [set('agent_main', 4)], {}]);
});

test('a save of nothing deletes, where the store can, one of two keys with the same value', () => {
  expect(stepsFor(SETS, [save(A)], [save({})])).toEqual([[set('one', 1), set('two', 1)], [remove('one')], { 'agent:main:next': 7 }]);
  expect(stepsFor({ ...SETS, deletes: false }, [save(A)], [save({})])).toBeUndefined();
});

test('a log appends a record in each step', () => {
  expect(stepsFor(APPENDS, [save(A)], [save(B)])).toEqual([[append(1), append(2)], [append(10)], 7]);
});

test.each<[string, Step[]]>([
  ['a reset', [save({})]],
  ['a save of the same', [save(A)]],
  ['an update', [update({ four: 4 })]],
])('a log has no counterpart of %s', (_, steps) => {
  expect(stepsFor(APPENDS, [save(A)], steps)).toBeUndefined();
});

test('a store of whole values runs a scenario as it is, or not at all', () => {
  expect(stepsFor(SAVES, [save(A)], [save(B)])).toEqual([[save(A)], [save(B)], { n: 7 }]);
  expect(stepsFor(SAVES, [], [update({ a: 1 })])).toBeUndefined();
  expect(stepsFor(UPDATES, [], [update({ a: 1 })])).toBeDefined();
});

test('steps of the contract stay, those of another leave the scenario out', () => {
  expect(stepsFor(SETS, [set('a', 1)], [set('a', 2), remove('a')])).toMatchObject([[set('a', 1)], [set('a', 2), remove('a')], {}]);
  expect(stepsFor(APPENDS, [], [append('a')])).toMatchObject([[], [append('a')], 7]);
  expect(stepsFor(SETS, [], [append('a')])).toBeUndefined();
  expect(stepsFor(APPENDS, [], [set('a', 1)])).toBeUndefined();
});

test('tasks change keys of their own, and go on after a load', () => {
  const tasks = [
    { name: 'saver', steps: [save(B)] },
    { name: 'other', steps: [save(B)] },
    { name: 'reader', steps: [load(), saveLoaded()] },
  ];
  const form = scenarioFor({ ...scenario([save(A)], []), tasks }, SETS);
  expect(form?.tasks?.map(({ steps }) => steps)).toEqual([
    [set('one', 10)],
    [set('two', 20)],
    [load(), expect.objectContaining({ kind: 'set' })],
  ]);
});

test('built-in scenarios keep their names', () => {
  const namesFor = (abilities: Abilities): string[] => builtInScenarios(0).flatMap((one) => scenarioFor(one, abilities)?.name ?? []);
  expect(namesFor(SETS)).toEqual(namesFor(UPDATES));
  expect(namesFor(APPENDS)).toEqual([
    'first-save',
    'replace',
    'save-twice',
    'rotate-often',
    'large',
    'two-savers',
    'reader-while-saving',
    'histories',
  ]);
});
