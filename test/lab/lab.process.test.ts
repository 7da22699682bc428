/** A lab leaves nothing behind, so that no test has to look. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { storeWith } from '../../harness/benchmarks/stores.ts';
import { openLab } from './lab.ts';

test('a lab that is closed leaves no directory and no process', async () => {
  const lab = await openLab();
  const { tally } = await lab.on(lab.store(storeWith({})), { scenario: 'replace' }, ({ check }) => check({ model: 'process-kill' }));
  expect(tally).toMatchObject({ violations: 0, outcomes: { original: expect.any(Number), new: expect.any(Number) } });
  expect(lab.processes()).not.toEqual([]);
  await lab.close();
  expect(lab.processes()).toEqual([]);
  expect(existsSync(lab.root)).toBe(false);
});
