import { describe, expect, test } from 'vitest';
import { EFFORT_NAMES, EFFORTS, type Limits, limitsSchema, provesAll, provesClaims } from '../../harness/domain/effort.ts';

const SIZE: { readonly [word: string]: number } = { observed: 0, real: 1, first: 0, fallbacks: 1, all: 2 };
const sizeOf = (limit: Limits[keyof Limits]): number => (typeof limit === 'number' ? limit : (SIZE[limit] ?? Number.NaN));

describe('efforts', () => {
  test('each is a whole table, and the result has its words', () => {
    for (const name of EFFORT_NAMES) expect(limitsSchema.parse(EFFORTS[name])).toEqual(EFFORTS[name]);
    expect(Object.values(limitsSchema.shape).every(({ description = '' }) => description !== '')).toBe(true);
  });

  test.each(Object.keys(limitsSchema.shape) as (keyof Limits)[])('%s is no smaller in a larger effort', (limit) => {
    const sizes = EFFORT_NAMES.map((name) => sizeOf(EFFORTS[name][limit]));
    expect(sizes).toEqual(sizes.toSorted((one, other) => one - other));
  });

  test('quick says of no claim that it is kept', () => {
    expect(EFFORT_NAMES.filter(provesClaims)).toEqual(['standard', 'deep']);
    expect(EFFORT_NAMES.filter((effort) => provesAll({ effort }))).toEqual(['standard', 'deep']);
    expect(EFFORT_NAMES.filter((effort) => provesAll({ effort, faults: ['rename'] }))).toEqual([]);
  });
});
