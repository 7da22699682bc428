import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { inTurn } from '../../src/store-queue.ts';

const oneTask = fc.record({ path: fc.constantFrom('/a', '/b'), waits: fc.nat({ max: 3 }), fails: fc.boolean() });

test.prop([fc.array(oneTask, { maxLength: 8 })], { numRuns: 30 })('tasks of one path run in order and alone', async (tasks) => {
  const running = { '/a': 0, '/b': 0 } as Record<string, number>;
  const order: number[] = [];
  const results = tasks.map(({ path, waits, fails }, n) =>
    inTurn(path, async () => {
      expect(running[path]).toBe(0);
      running[path] = 1;
      for (let wait = 0; wait < waits; wait++) await new Promise(setImmediate);
      running[path] = 0;
      order.push(n);
      if (fails) throw new Error(`${n}`);
      return n;
    }),
  );
  const settled = await Promise.allSettled(results);
  expect(settled.map(({ status }) => status)).toEqual(tasks.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')));
  for (const path of ['/a', '/b']) {
    const ofPath = order.filter((n) => tasks[n]?.path === path);
    expect(ofPath).toEqual([...ofPath].sort((a, b) => a - b));
  }
});
