/** Which pool recovers a store, by how long its evaluation takes, and which processes confirm. The pools are made up. */
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import type { Recovery } from '../../harness/domain/recovery.ts';
import type { Scenario } from '../../harness/domain/scenario.ts';
import type { RecoveryPool } from '../../harness/recover/pool.ts';
import { recoveryOf } from '../../harness/recover/recovery-of.ts';
import { freshDirectory } from '../lab/temporary.ts';

const STORE = { name: 'store', bundle: 'bundle', kind: 'module', scenarios: [] as readonly Scenario[] } as LoadedStore;
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

describe('a confirmation', () => {
  interface Confirming {
    readonly confirm: (value: string, kind?: string) => Promise<Recovery>;
    /** The processes that were asked, in this order. */
    readonly did: readonly string[];
  }

  async function confirming(store: LoadedStore = STORE, canFork = true): Promise<Confirming> {
    const did: string[] = [];
    const process =
      (name: string, works = true) =>
      async (): Promise<Recovery | undefined> => {
        did.push(name);
        return works ? loaded(name) : undefined;
      };
    const pool = {
      measure: async () => ({ recovery: loaded('measured') }),
      fresh: process('started'),
      forked: process('forked', canFork),
    } as Partial<RecoveryPool> as RecoveryPool;
    const recovery = await recoveryOf(store, pool, freshDirectory);
    return { did, confirm: (value, kind) => recovery.confirm(treeOf({ value }), {}, kind) };
  }

  test('of an answer is started for the first tree, and forked for others', async () => {
    const { confirm, did } = await confirming();
    expect(await confirm('1', 'empty')).toEqual(loaded('started'));
    expect(await confirm('2', 'empty')).toEqual(loaded('forked'));
    expect(await confirm('3', 'stale')).toEqual(loaded('started'));
    await Promise.all(['1', '2', '3'].map((value) => confirm(value, 'empty')));
    expect(did).toEqual(['started', 'forked', 'started']);
  });

  test('of another answer is started for a tree that was forked for one, too', async () => {
    const { confirm, did } = await confirming();
    await confirm('1', 'empty');
    await confirm('2', 'empty');
    expect(await confirm('2', 'stale')).toEqual(loaded('started'));
    expect(did).toEqual(['started', 'forked', 'started']);
  });

  test('that is forked is no answer to who asks for one that is started', async () => {
    const { confirm, did } = await confirming();
    await confirm('1', 'empty');
    await confirm('2', 'empty');
    expect(await confirm('2')).toEqual(loaded('started'));
    expect(await confirm('2', 'empty')).toEqual(loaded('started'));
    expect(did).toEqual(['started', 'forked', 'started']);
  });

  test('is started where nothing can be forked, and where the store is a program', async () => {
    const cannot = await confirming(STORE, false);
    await cannot.confirm('1', 'empty');
    expect(await cannot.confirm('2', 'empty')).toEqual(loaded('started'));
    const program = await confirming({ ...STORE, kind: 'command' });
    await program.confirm('1', 'empty');
    await program.confirm('2', 'empty');
    expect([cannot.did, program.did]).toEqual([
      ['started', 'forked', 'started'],
      ['started', 'started'],
    ]);
  });
});
