import { expect, test } from 'vitest';
import { STAGE_NAMES, Stopwatch } from '../../harness/domain/stages.ts';

/** A clock that the test moves. */
function clock(): { readonly now: () => number; readonly pass: (ms: number) => void } {
  let at = 1_000;
  return {
    now: () => at,
    pass: (ms) => {
      at += ms;
    },
  };
}

const NONE = Object.fromEntries(STAGE_NAMES.map((stage) => [stage, 0]));

test('a stage is charged for its own time, without that of the stages in it', async () => {
  const { now, pass } = clock();
  const { time, times } = ((watch) => ({ time: watch.time, times: () => watch.times() }))(new Stopwatch(now));
  pass(1_000); // nothing runs
  await time('explore', async () => {
    pass(1);
    await time('carry-out', async () => pass(20));
    await time('recover', async () => {
      pass(300);
      await time('confirm', async () => pass(4_000));
    });
    pass(2);
  });
  expect(times()).toEqual({ ...NONE, explore: 3, 'carry-out': 20, recover: 300, confirm: 4_000 });
});

test('works of a stage at the same time are charged once, and a stage that throws ends', async () => {
  const { now, pass } = clock();
  const watch = new Stopwatch(now);
  const ends: (() => void)[] = [];
  const work = (): Promise<void> => watch.time('record', () => new Promise<void>((resolve) => ends.push(resolve)));
  const both = [work(), work()];
  pass(10);
  ends[0]?.();
  await both[0];
  pass(10);
  ends[1]?.();
  await both[1];
  pass(1_000);
  await expect(watch.time('explain', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  pass(1_000);
  expect(watch.times()).toEqual({ ...NONE, record: 20 });
});
