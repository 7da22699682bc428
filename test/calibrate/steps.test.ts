import { expect, test } from 'vitest';
import { Steps, Undecided } from '../../harness/calibrate/steps.ts';

test('a search that takes too long says what is undecided', () => {
  const steps = new Steps('the moon is there');
  const take = (): void => {
    for (;;) steps.take();
  };
  expect(take).toThrow(Undecided);
  expect(take).toThrow('steps: whether the moon is there');
});
