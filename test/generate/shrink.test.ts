import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { histories } from '../../harness/generate/draw.ts';
import { encodeHistory, type History, parseHistory } from '../../harness/generate/history.ts';
import { shrink } from '../../harness/generate/shrink.ts';

const PLENTY = { atOnce: 4, limit: 100_000 };
const history = (text: string): History => parseHistory(text) ?? [];

/** Fails if these steps come one after the other, whatever is in between. */
const failsBy =
  (...wanted: readonly RegExp[]) =>
  (text: string): boolean => {
    const steps = text.split('.');
    let at = 0;
    for (const step of steps) if (wanted[at]?.test(step)) at += 1;
    return at === wanted.length;
  };
const failing = (fails: (text: string) => boolean) => async (one: History) => (fails(encodeHistory(one)) ? one : undefined);
const shrunk = async (text: string, fails: (text: string) => boolean, options = PLENTY): Promise<string> =>
  encodeHistory((await shrink(history(text), failing(fails), options)).history);

describe('a history that fails', () => {
  test.each<[string, string, (text: string) => boolean, string]>([
    ['loses the steps that it does not take', 's2.u1.r.z.s3.l.u2.c4.s1', failsBy(/^s/, /^z/, /^u/), 's1.z.u1'],
    [
      'loses two steps that only go together',
      'z.s2.c5.u1',
      (text) => text.includes('c') === text.includes('z') && /s2.*u/.test(text),
      's2.u1',
    ],
    ['has a process that ends well instead of a crash', 's3.c44.u1', failsBy(/^s/, /^[cl]/, /^u/), 's1.l.u1'],
    ['crashes as early as that takes', 's1.c44', failsBy(/^s/, /^c([4-9]|\d\d)/), 's1.c4'],
    ['saves instead of doing something else', 'u2.r.z', (text) => text.split('.').length === 3, 's1.s1.s1'],
    ['saves the first value that will do', 's3.s3', failsBy(/^s3/, /^s[23]/), 's3.s2'],
    ['is left alone where all of it is needed', 's1.z.u1', (text) => text === 's1.z.u1', 's1.z.u1'],
  ])('%s', async (_, from, fails, to) => {
    expect(fails(from)).toBe(true);
    expect(await shrunk(from, fails)).toBe(to);
  });

  law.prop([histories(true), fc.integer({ min: 1, max: 8 })])(
    'of three steps that belong together keeps these three, however many are tried at once',
    async (drawn, atOnce) => {
      const fails = failsBy(/^s/, /^z/, /^u/);
      fc.pre(fails(encodeHistory(drawn)));
      expect(await shrunk(encodeHistory(drawn), fails, { ...PLENTY, atOnce })).toBe('s1.z.u1');
    },
  );

  test('continues with the steps that it failed with, where those are fewer', async () => {
    const { history: smallest, tried } = await shrink(
      history('s1.u1.u1.u1.u1.z'),
      async (one) => (encodeHistory(one).includes('s1') ? history('s1') : undefined),
      PLENTY,
    );
    expect(encodeHistory(smallest)).toBe('s1');
    expect(tried).toBeLessThanOrEqual(PLENTY.atOnce * 2);
  });
});

test('the limit is kept, and reported', async () => {
  let tried = 0;
  const result = await shrink(
    history('s2.u1.r.z.s3.l.u2.c4.s1'),
    async () => {
      tried += 1;
      return undefined;
    },
    { atOnce: 4, limit: 10 },
  );
  expect(result).toEqual({ history: history('s2.u1.r.z.s3.l.u2.c4.s1'), tried, isSmallest: false });
  expect(tried).toBeLessThanOrEqual(12);
});
