import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { smallestCover } from '../../../../harness/models/power-loss/explain/cover.ts';

const rows = (...patterns: string[]): Uint8Array[] => patterns.map((pattern) => Uint8Array.from(pattern, Number));

describe('the fewest sets that have everything', () => {
  test.each<[string, string[], number, ReturnType<typeof smallestCover>]>([
    ['one', ['110', '111', '011'], 8, { kind: 'covered', chosen: [1], smallest: 'proven' }],
    ['the first of two that do', ['111', '111'], 8, { kind: 'covered', chosen: [0], smallest: 'proven' }],
    [
      'two, where the greedy choice takes three',
      ['111100', '110010', '001101'],
      8,
      { kind: 'covered', chosen: [1, 2], smallest: 'proven' },
    ],
    ['four', ['1000', '0100', '0010', '0001'], 8, { kind: 'covered', chosen: [0, 1, 2, 3], smallest: 'greedy' }],
    ['more than are wanted', ['1000', '0100', '0010', '0001'], 3, { kind: 'none', because: 'too-large' }],
    ['an element that none has', ['110', '100'], 8, { kind: 'uncovered', element: 2 }],
  ])('%s', (_, patterns, most, expected) => {
    expect(smallestCover(rows(...patterns), patterns[0]?.length ?? 0, most)).toEqual(expected);
  });

  test('passes over what is excluded', () => {
    const excluded = (chosen: readonly number[]): boolean => chosen.includes(0);
    expect(smallestCover(rows('11', '11'), 2, 8, excluded)).toEqual({ kind: 'covered', chosen: [1], smallest: 'proven' });
    expect(smallestCover(rows('11'), 2, 8, excluded)).toEqual({ kind: 'none', because: 'excluded' });
  });

  law.prop({ sets: fc.array(fc.array(fc.nat(1), { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 7 }) })(
    'no smaller cover exists where it says so, and a cover covers',
    ({ sets }) => {
      const all = sets.map((set) => Uint8Array.from(set));
      const found = smallestCover(all, 6, 8);
      const covers = (chosen: readonly number[]): boolean =>
        [0, 1, 2, 3, 4, 5].every((element) => chosen.some((index) => all[index]?.[element] === 1));
      const subsets = Array.from({ length: 2 ** all.length }, (_, bits) => [...all.keys()].filter((index) => (bits >> index) % 2 === 1));
      const least = Math.min(...subsets.filter(covers).map(({ length }) => length));
      expect(found.kind).toBe(least === Number.POSITIVE_INFINITY ? 'uncovered' : 'covered');
      if (found.kind !== 'covered') return;
      expect(covers(found.chosen)).toBe(true);
      if (found.smallest === 'proven') expect(found.chosen.length).toBe(least);
      expect(found.chosen.every((one) => !covers(found.chosen.filter((other) => other !== one)))).toBe(true);
    },
  );
});
