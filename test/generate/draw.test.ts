import { fc, test as law } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { EFFORTS } from '../../harness/domain/effort.ts';
import { drawHistories } from '../../harness/generate/draw.ts';
import { encodeHistory, endsProcess, type History } from '../../harness/generate/history.ts';
import { draws } from '../lab/depth.ts';

const inLetters = (history: History): string => encodeHistory(history).replaceAll(/[\d.]/g, '');

law.prop([fc.nat(), fc.integer({ min: 1, max: 30 })], { numRuns: 5 })(
  'as many as were asked for, all different, by the seed',
  (seed, count) => {
    const drawn = drawHistories(count, seed, true).map(encodeHistory);
    expect(new Set(drawn).size).toBe(count);
    expect(drawHistories(count, seed, true).map(encodeHistory)).toEqual(drawn);
    expect(drawHistories(count, seed + 1, true).map(encodeHistory)).not.toEqual(drawn);
  },
);

law.prop([fc.nat()], { numRuns: 5 })(
  'a store without an update is not asked for one, and no process ends before it did something',
  (seed) => {
    for (const history of drawHistories(EFFORTS.deep.histories, seed, false)) {
      expect(history.filter(({ kind }) => kind === 'update')).toEqual([]);
      expect(history.slice(0, 1).filter(endsProcess)).toEqual([]);
    }
  },
);

test.each([
  ['a save, a reset and an update in one process', /s[szur]*z[szur]*u/],
  ['three saves in one process', /s[uzr]*s[uzr]*s/],
  ['an update after a crash', /cu/],
  ['a save of the same after a save', /sr/],
  ['two processes that end well', /l.*l/],
])('the default number has %s, from every seed', (_, wanted) => {
  const without = Array.from({ length: draws(16) }, (_, seed) => seed).filter(
    (seed) => !drawHistories(EFFORTS.deep.histories, seed, true).some((history) => wanted.test(inLetters(history))),
  );
  expect(without).toEqual([]);
});
