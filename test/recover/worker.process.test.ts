import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findInstallation } from '../../harness/machine/installation.ts';
import { startWorker } from '../../harness/recover/worker.ts';
import { freshDirectory } from '../lab/temporary.ts';
import { directoryWith, NEXT, works, writeStore } from './recovering.ts';

// A control that waits its turn in a process which makes room for another must not look like a store that remembers.
test('a process that retires answers what it was asked before, and then ends', async () => {
  const root = freshDirectory();
  const { recoverer } = findInstallation(import.meta.url);
  const worker = startWorker({ recoverer, cwd: root, env: { PATH: process.env.PATH ?? '' }, timeoutMs: 60_000 }, true);
  const task = () => ({ bundle: writeStore(join(root, 'store.cjs'), ''), directory: directoryWith(root, { kept: 1 }), next: NEXT });
  const asked = [worker.recover(task()), worker.recover(task())];
  worker.retire();
  expect(worker.alive).toBe(false);
  expect(await Promise.all(asked)).toEqual([works({ kept: 1 }), works({ kept: 1 })]);
  await worker.ended;
});
