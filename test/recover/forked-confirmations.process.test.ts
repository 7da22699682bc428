/** Fresh processes that are forked before they have a store: they find what started ones find, and share nothing of the store. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isNotMeasured } from '../../harness/domain/sighting.ts';
import { buildTree } from '../../harness/domain/tree.ts';
import type { RecoveryPool } from '../../harness/recover/pool.ts';
import { BUILT_IN_STORES } from '../../harness/store/catalogue.ts';
import { type Lab, openLab } from '../lab/lab.ts';
import { processesWith } from '../lab/processes.ts';
import { temporaryDirectory } from '../lab/temporary.ts';
import { countEvaluations, directoryWith, NEXT, poolIn, writeStore } from './recovering.ts';

const LIMIT_MS = 2_000;
const MARK = 'CRASH_TEST_CONFIRMS';

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')('a process that is forked before it has a store', () => {
  let root: string;
  let pool: RecoveryPool;
  let lab: Lab;
  beforeAll(async () => {
    root = temporaryDirectory();
    pool = poolIn(root, { timeoutMs: LIMIT_MS, env: { [MARK]: 'forks' } });
    lab = await openLab({ recorder: 'binding' });
  });
  afterAll(async () => {
    await Promise.all([pool.close(), lab.close()]);
    rmSync(root, { recursive: true, force: true });
  });

  let stores = 0;
  const storeThat = (text: string, top = '', extension = 'cjs'): string => {
    stores += 1;
    return writeStore(join(root, `store-${stores}.${extension}`), text, top);
  };

  /** What a forked one and a started one find in a directory of their own, without its name and the time. */
  async function bothWays(bundle: string, fill: (directory: string) => void): Promise<readonly [forked: string, started: string]> {
    const found = async (recover: RecoveryPool['fresh'] | RecoveryPool['forked']): Promise<string> => {
      const directory = directoryWith(root);
      fill(directory);
      const recovery = JSON.stringify(await recover({ bundle, directory, next: NEXT }));
      return recovery.replaceAll(directory, '<dir>').replaceAll(/\d{13}/g, '0');
    };
    return [await found(pool.forked), await found(pool.fresh)];
  }

  test.each(BUILT_IN_STORES.map(({ name }) => name))('finds the same: %s', async (name) => {
    const store = await lab.builtIn(name);
    const all = await lab.on(store, { scenario: 'replace' }, async ({ bench }) => {
      const recorded = await bench.recorded();
      if (isNotMeasured(recorded)) throw new Error(recorded.reason);
      return recorded.trace.trees;
    });
    for (const tree of [all[0], all[all.length >> 1], all.at(-1)]) {
      const [forked, started] = await bothWays(store.bundle, (directory) => tree && buildTree(tree, directory));
      expect(forked).toEqual(started);
      expect(forked).toContain('"load"');
    }
  });

  test.each<[string, string, string, string?]>([
    ['returns what it should not', 'load: () => new Map()', ''],
    ['exits', 'load: () => process.exit(3)', ''],
    ['flushes at its exit', 'load: () => process.exit(0)', `process.on('exit', () => fs.writeFileSync(__filename + '.flushed', ''));`],
    ['is killed', `load: () => process.kill(process.pid, 'SIGKILL')`, ''],
    ['throws out of turn', `load: async () => { setImmediate(() => { throw new Error('x'); }); await new Promise(() => {}); }`, ''],
    ['loops', 'load: () => { for (;;); }', ''],
    ['waits for nothing', 'load: () => new Promise(() => {})', ''],
    ['starts a program', `load: () => child.execFileSync('echo', ['1']).toString()`, ''],
    [
      'starts a thread',
      `load: () => new Promise((done) => new (require('node:worker_threads').Worker)('require("node:worker_threads").parentPort.postMessage(7)', { eval: true }).on('message', done))`,
      '',
    ],
    ['throws when it is imported', '', `throw new Error('no');`],
    ['ends the process when it is imported', '', 'process.exit(5);'],
    ['writes when it is imported', '', `fs.writeFileSync(__filename + '.written', '');`],
    ['starts a timer when it is imported', '', 'setInterval(() => {}, 1000);'],
    ['keeps a socket from its import', '', `require('node:net').createServer().listen(0);`],
    ['knows its options', 'load: () => [process.argv.length, process.stdin.isTTY === true]', ''],
    ['is an ES module that waits at its top', '', 'await new Promise((done) => setTimeout(done, 5));', 'mjs'],
    [
      'asks for what it does not find',
      `load: (dir) => { const { size } = fs.statSync(file(dir)); if (size === 0) return undefined; throw new Error(String(size)); }`,
      '',
    ],
  ])('finds the same of a store that %s', async (_, text, top, extension) => {
    const bundle = storeThat(text, top, extension);
    const [forked, started] = await bothWays(bundle, (directory) => writeFileSync(join(directory, 'value'), '{"kept":1}'));
    expect(forked).toEqual(started);
  });

  test('has its own evaluation, pid, clock and chance', async () => {
    const { top, count } = countEvaluations(join(root, 'evaluations'));
    const ids = `const ids = { pid: process.pid, random: Math.random(), uuid: require('node:crypto').randomUUID(), at: process.hrtime.bigint().toString() };`;
    const bundle = storeThat('load: () => ids', `${top} ${ids}`);
    const loads = await Promise.all([1, 2, 3].map(async () => pool.forked({ bundle, directory: directoryWith(root), next: NEXT })));
    const values = loads.map((found) => (found?.load.kind === 'loaded' ? (found.load.value as { [id: string]: unknown }) : {}));
    for (const id of ['pid', 'random', 'uuid', 'at']) expect(new Set(values.map((value) => value[id])).size, id).toBe(3);
    expect(count()).toBe(6); // another one loads what each of them saved
  });

  test('is not made where options of Node load modules before it', async () => {
    const own = poolIn(root, { env: { NODE_OPTIONS: `--require ${writeStore(join(root, 'before.cjs'), '')}` } });
    try {
      expect(await own.forked({ bundle: storeThat(''), directory: directoryWith(root), next: NEXT })).toBeUndefined();
    } finally {
      await own.close();
    }
  });

  test.each<[string, (own: RecoveryPool, server: number) => Promise<void>]>([
    ['its pool is closed', (own) => own.close()],
    ['its server ends', async (_, server) => void process.kill(server, 'SIGKILL')], // this test started it
  ])('ends and is no answer when %s', async (what, end) => {
    const own = poolIn(root, { env: { [MARK]: what } });
    try {
      const marker = join(root, `hangs when ${what}`);
      const bundle = storeThat(`load: () => { fs.writeFileSync(${JSON.stringify(marker)}, String(process.ppid)); for (;;); }`);
      const answer = own.forked({ bundle, directory: directoryWith(root), next: NEXT });
      await expect.poll(() => existsSync(marker) && readFileSync(marker, 'utf8'), { timeout: 60_000 }).toBeTruthy();
      await end(own, Number(readFileSync(marker, 'utf8')));
      expect(await answer).toBeUndefined();
      await expect.poll(() => processesWith(MARK, what), { timeout: 60_000 }).toEqual([]);
    } finally {
      await own.close();
    }
  });
});
