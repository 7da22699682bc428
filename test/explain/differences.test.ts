import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../harness/domain/outcomes.ts';
import type { Json, Promised } from '../../harness/domain/trace.ts';
import { differencesIn } from '../../harness/explain/differences.ts';

const promise = (acknowledged: Json, ...inFlight: Json[]): Promised => ({ acknowledged, inFlight, earlier: [] });
const differs = (value: Json, promised: Promised, outcome: Outcome = 'mixed', likeness = {}) =>
  differencesIn(outcome, { load: { kind: 'loaded', value } }, promised, likeness);
const none = { count: 0, names: [] };

describe('what a loaded value lacks, has too much and has otherwise', () => {
  test('by path, from the value that is nearest', () => {
    const promised = promise({ a: 1, b: { c: [1, 2] }, e: 5 }, { a: 2, b: { c: [1, 2] }, d: 4 });
    expect(differs({ a: 2, b: { c: [1, 3] } }, promised)).toEqual({
      from: 'under way',
      missing: { count: 1, names: ['d'] },
      changed: { count: 1, names: ['b.c[1]'] },
      added: none,
    });
    expect(differs({ a: 1, b: { c: [1] }, e: 5, z: 0 }, promised)).toEqual({
      from: 'promised',
      missing: { count: 1, names: ['b.c[1]'] },
      changed: none,
      added: { count: 1, names: ['z'] },
    });
  });

  test('the first three are named, and all are counted', () => {
    const promised = promise(Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`k${index}`, index])));
    expect(differs({ k8: 8 }, promised, 'stale')?.missing).toEqual({ count: 8, names: ['k0', 'k1', 'k2'] });
  });

  test('what the store adds to each value, and what does not count, is no difference', () => {
    const likeness = { adds: [['*', 'at']], ignore: [['version']] };
    expect(differs({ a: { x: 1, at: 5 }, version: 2 }, promise({ a: { x: 1 }, b: {}, version: 1 }), 'mixed', likeness)).toMatchObject({
      missing: { names: ['b'] },
      changed: none,
      added: none,
    });
  });

  test.each<[string, Json, Promised, Outcome]>([
    ['another kind of value', 'text', promise({ a: 1 }), 'mixed'],
    ['the value that was promised', { a: 1 }, promise({ a: 1 }), 'stale'],
    ['nothing at all', {}, promise({ a: 1 }), 'empty'],
  ])('is not said of %s', (_, value, promised, outcome) => {
    expect(differs(value, promised, outcome)).toBeUndefined();
  });
});
