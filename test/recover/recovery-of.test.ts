/** Which pool recovers a store, by how long its evaluation takes. The pools are made up. */
import { expect, test } from 'vitest';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import type { Recovery } from '../../harness/domain/recovery.ts';
import type { RecoveryPool } from '../../harness/recover/pool.ts';
import { recoveryOf } from '../../harness/recover/recovery-of.ts';
import { freshDirectory } from '../lab/temporary.ts';

const STORE = { name: 'store', bundle: 'bundle', kind: 'module' } as LoadedStore;
const loaded = (value: string): Recovery => ({ load: { kind: 'loaded', value } });

/** What a second evaluation takes, and a fork; which pool recovers then, and whether the one that forks was asked for and closed. */
async function recovered(againMs: number, forkMs: number): Promise<{ readonly by: Recovery; readonly did: readonly string[] }> {
  const did: string[] = [];
  const poolThat = (name: string): RecoveryPool =>
    ({
      warm: async () => loaded(name),
      measure: async () => ({ recovery: loaded(name), times: { startMs: 50, firstMs: 60, againMs } }),
      forking: async () => {
        did.push('started');
        return { pool: poolThat('forked'), forkMs };
      },
      close: async () => void did.push('closed'),
    }) as Partial<RecoveryPool> as RecoveryPool;
  const recovery = await recoveryOf(STORE, poolThat('evaluated'), freshDirectory);
  return { by: await recovery.recover('directory', {}), did };
}

test.each([
  { what: 'an evaluation that takes as long as many forks', times: [300, 20], by: 'forked', did: ['started'] },
  {
    what: 'one that takes no longer than a fork: the process that forks ends',
    times: [30, 20],
    by: 'evaluated',
    did: ['started', 'closed'],
  },
  { what: 'one that takes next to nothing: no process is tried', times: [5, 1], by: 'evaluated', did: [] },
])('$what', async ({ times: [againMs = 0, forkMs = 0], by, did }) => {
  expect(await recovered(againMs, forkMs)).toEqual({ by: loaded(by), did });
});
