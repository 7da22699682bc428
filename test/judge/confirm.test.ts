import { expect, test } from 'vitest';
import type { Outcome } from '../../harness/domain/store.ts';
import { doubtedLosses, kindsOfLosses } from '../../harness/judge/confirm.ts';

interface Loss {
  readonly id: number;
  readonly outcome: Outcome;
  readonly by: string;
}

const loss = (id: number, outcome: Outcome, by = 'load'): Loss => ({ id, outcome, by });
const byWhom = ({ by }: Loss): string => by;
const idsOf = (losses: Iterable<Loss>): number[] => [...losses].map(({ id }) => id);

const VERDICTS = [
  loss(1, 'empty'),
  loss(2, 'original'),
  loss(3, 'empty'),
  loss(4, 'stale'),
  loss(5, 'empty', 'reader'),
  loss(6, 'empty'),
  loss(7, 'new'),
];

test('losses go alike by their outcome and by what is asked', () => {
  expect(kindsOfLosses(VERDICTS, byWhom).map(idsOf)).toEqual([[1, 3, 6], [4], [5]]);
});

test.each<[string, (loss: Loss) => Outcome | undefined, readonly number[]]>([
  ['what is found again is believed', ({ outcome }) => outcome, []],
  ['one that is something else brings its kind into doubt', ({ id, outcome }) => (id === 6 ? 'original' : outcome), [1, 3, 6]],
  ['so does one that could not be told', ({ id, outcome }) => (id === 1 ? undefined : outcome), [1, 3, 6]],
  ['one of a kind by itself too', ({ id, outcome }) => (id === 4 ? 'empty' : outcome), [4]],
  ['those in the middle are not asked for', ({ id, outcome }) => (id === 3 ? 'original' : outcome), []],
])('%s', async (_, again, doubted) => {
  expect(idsOf(await doubtedLosses(VERDICTS, byWhom, async (one) => again(one)))).toEqual(doubted);
});

test('each is asked for once, and nothing but losses', async () => {
  const asked: Loss[] = [];
  await doubtedLosses(VERDICTS, byWhom, async (one) => {
    asked.push(one);
    return one.outcome;
  });
  expect(idsOf(asked)).toEqual([1, 6, 4, 5]);
});
