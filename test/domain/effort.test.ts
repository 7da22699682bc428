import { describe, expect, test } from 'vitest';
import { EFFORT_NAMES, EFFORTS, type Limits, limitsOfDepth, limitsSchema, provesAll, provesClaims } from '../../harness/domain/effort.ts';

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

  test.each([
    ['one crash leaves recoveries alone', 'standard', 1, { crashes: 1, recoveries: 0 }],
    ['two are those of the effort', 'standard', 2, { crashes: 2, recoveries: 6, statesInRecovery: 72 }],
    ['two of the night, too', 'deep', 2, { crashes: 2, recoveries: 16, statesInRecovery: 192 }],
    ['two are those of the gate where the effort has none', 'quick', 2, { crashes: 2, recoveries: 6, statesInRecovery: 72 }],
    ['more crash more recoveries', 'standard', 5, { crashes: 5, recoveries: 96, statesInRecovery: 9_600 }],
  ] as const)('%s', (_, effort, crashes, limits) => {
    expect(limitsOfDepth(effort, crashes)).toMatchObject(limits);
  });

  test('quick says of no claim that it is kept', () => {
    expect(EFFORT_NAMES.filter(provesClaims)).toEqual(['standard', 'deep']);
    expect(EFFORT_NAMES.filter((effort) => provesAll({ effort }))).toEqual(['standard', 'deep']);
    expect(EFFORT_NAMES.filter((effort) => provesAll({ effort, faults: ['rename'] }))).toEqual([]);
  });
});
