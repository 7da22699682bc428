import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { placesOf } from '../../harness/models/shards.ts';
import { cellOf } from '../lab/cells.ts';

const MODELS = ['process-kill', 'power-loss:xfs', 'power-loss:posix', 'io-error', 'interleaving'];
const cells = (count: number) =>
  Array.from({ length: count }, (_, at) =>
    cellOf(MODELS[at % MODELS.length] ?? '', { store: { name: `store-${at % 7}` }, scenario: { name: `scenario-${at % 11}` } }),
  );

law.prop([fc.nat(200), fc.integer({ min: 1, max: 12 })])('every cell is in one shard, and the shards keep the order', (count, of) => {
  const all = cells(count);
  const shards = Array.from({ length: of }, (_, at) => placesOf(all, { index: at + 1, of }));
  expect(shards.flat().sort((one, other) => one - other)).toEqual([...all.keys()]);
  for (const places of shards) expect(places).toEqual([...places].sort((one, other) => one - other));
});

test('the cells of a store and scenario, which share a recording, stay together', () => {
  const all = MODELS.flatMap((model) => ['a', 'b', 'c'].map((name) => cellOf(model, { scenario: { name } })));
  for (const index of [1, 2, 3]) {
    const scenarios = new Set(placesOf(all, { index, of: 3 }).map((place) => all[place]?.scenario.name));
    expect(scenarios.size).toBe(1);
  }
});

describe('shards are even by expected cost, not by number', () => {
  test('a cell that takes long has a shard to itself', () => {
    const all = ['a', 'b', 'c', 'd'].map((name) => cellOf(name === 'd' ? 'io-error' : 'power-loss:xfs', { scenario: { name } }));
    expect([1, 2].map((index) => placesOf(all, { index, of: 2 }))).toEqual([[3], [0, 1, 2]]);
  });

  test('and so has a scenario of many saves', () => {
    const save = { kind: 'save', value: 1 } as const;
    const all = ['a', 'b', 'c'].map((name) =>
      cellOf('process-kill', { scenario: { name, steps: Array(name === 'c' ? 5 : 1).fill(save) } }),
    );
    expect([1, 2].map((index) => placesOf(all, { index, of: 2 }))).toEqual([[2], [0, 1]]);
  });

  test('and so have random histories', () => {
    const all = ['a', 'b', 'c'].map((name) => cellOf('process-kill', { scenario: { name, ...(name === 'c' && { histories: true }) } }));
    expect([1, 2].map((index) => placesOf(all, { index, of: 2 }))).toEqual([[2], [0, 1]]);
  });
});
