/** Recoveries that are forked from a process which has evaluated the store: which are, and that they find what a started process finds. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc } from '@fast-check/vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import type { Recovery } from '../../harness/domain/recovery.ts';
import { isNotMeasured } from '../../harness/domain/sighting.ts';
import type { Tree } from '../../harness/domain/trace.ts';
import { buildTree } from '../../harness/domain/tree.ts';
import type { RecoveryPool } from '../../harness/recover/pool.ts';
import { recoveryOf, type StoreRecovery } from '../../harness/recover/recovery-of.ts';
import { BUILT_IN_STORES } from '../../harness/store/catalogue.ts';
import { casesOf, draws } from '../lab/depth.ts';
import { type Lab, loadedStore, openLab } from '../lab/lab.ts';
import { processesWith } from '../lab/processes.ts';
import { temporaryDirectory } from '../lab/temporary.ts';
import { countEvaluations, directoryWith, isRepeated, NEXT, poolIn, works, writeStore } from './recovering.ts';

const withoutTimes = (found: unknown): unknown => JSON.parse(JSON.stringify(found).replaceAll(/\d{13}/g, '0'));

/** Enough for what comes before a store hangs, on a busy machine. */
const LIMIT_MS = 2_000;
/** Random stores. */
const STORES = Number(process.env.RUNS ?? draws(6));
const ALL_STORES = BUILT_IN_STORES.map(({ name }) => name);
const MARK = 'CRASH_TEST_FORKED';

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')('forked recoveries', () => {
  let root: string;
  let pool: RecoveryPool;
  let impatient: RecoveryPool;
  let lab: Lab;
  beforeAll(async () => {
    root = temporaryDirectory();
    pool = poolIn(root);
    impatient = poolIn(root, { timeoutMs: LIMIT_MS, env: { [MARK]: root } });
    lab = await openLab({ recorder: 'binding' });
  });
  afterAll(async () => {
    await Promise.all([pool.close(), impatient.close(), lab.close()]);
    rmSync(root, { recursive: true, force: true });
  });

  let stores = 0;
  const storeThat = (text: string, top = ''): LoadedStore => {
    stores += 1;
    return loadedStore(writeStore(join(root, `store-${stores}.cjs`), text, top));
  };
  const makeDirectory = (): string => directoryWith(root);
  const kept = (count: number): Tree[] => Array.from({ length: count }, (_, number) => treeOf({ value: JSON.stringify({ kept: number }) }));

  /** As if each evaluation took as long as this. Says why it is not forked, too. */
  async function slow(
    store: LoadedStore,
    by = pool,
    againMs = 60_000,
  ): Promise<{ readonly recovery: StoreRecovery; readonly refused: readonly string[] }> {
    const refused: string[] = [];
    const measure: RecoveryPool['measure'] = async (task) => ({
      ...(await by.measure(task)),
      times: { startMs: 1, firstMs: againMs, againMs },
    });
    const recovery = await recoveryOf(store, { ...by, measure }, makeDirectory, makeDirectory, (why) => refused.push(why));
    return { recovery, refused };
  }

  /** What is found in trees and directories, each forked, and each with another evaluation of the store. */
  async function bothWays(store: LoadedStore, trees: readonly Tree[]): Promise<readonly [forked: unknown, evaluated: unknown]> {
    const { recovery: forked, refused } = await slow(store);
    expect(refused).toEqual([]);
    const evaluated = await recoveryOf(store, pool, makeDirectory);
    const found = async (recovery: StoreRecovery): Promise<unknown> => {
      const inTrees = await recovery.recoverTrees(trees, NEXT);
      const inDirectories = await Promise.all(
        trees.map(async (tree) => {
          const directory = makeDirectory();
          buildTree(tree, directory);
          return JSON.stringify(await recovery.recover(directory, NEXT)).replaceAll(directory, '<dir>');
        }),
      );
      return { inTrees, inDirectories };
    };
    return [await found(forked), await found(evaluated)];
  }

  describe('find what recoveries find that evaluate the store each time', () => {
    test.each(casesOf(ALL_STORES, ['copy-then-replace']))('%s', async (name) => {
      const store = await lab.builtIn(name);
      const trees = await lab.on(store, { scenario: 'replace' }, async ({ bench }) => {
        const recorded = await bench.recorded();
        if (isNotMeasured(recorded)) throw new Error(recorded.reason);
        return recorded.trace.trees;
      });
      const [forked, evaluated] = await bothWays(store, trees);
      expect(withoutTimes(forked)).toEqual(withoutTimes(evaluated)); // backups are named by the time
    });

    const step = fc.constantFrom(
      `seen += 1;`,
      `const text = fs.readFileSync(file(dir), 'utf8'); seen += text.length;`,
      `await fs.promises.appendFile(file(dir), ' ');`,
      `await fs.promises.rename(dir + '/temp', dir + '/other').catch(() => {});`,
      `fs.rmSync(dir + '/other', { force: true });`,
      `if (fs.existsSync(dir + '/other')) throw new Error('other in ' + dir);`,
      `if (seen > 2) throw new Error('seen ' + seen);`,
      `if (fs.statSync(file(dir)).size === 0) return undefined;`,
      `if (fs.readdirSync(dir).length > 2) process.exit(seen);`,
    );
    const body = fc.array(step, { maxLength: 4 }).map((steps) => steps.map((text) => `{ ${text} }`).join('\n'));
    const program = fc.tuple(body, body).map(
      ([load, save]) => `load: async (dir) => { ${load}\nreturn [seen, read(dir)]; },
      save: async (dir, value) => { ${save}\nfs.writeFileSync(file(dir), JSON.stringify(value)); }`,
    );

    test('random stores', async () => {
      const trees = [
        treeOf({}),
        treeOf({ value: '' }),
        treeOf({ value: '{}' }),
        treeOf({ value: '{}', temp: 'x' }),
        treeOf({ value: '[1]', temp: 'x', other: 'y' }),
      ];
      for (const text of fc.sample(program, { numRuns: STORES, seed: 1 })) {
        const [forked, evaluated] = await bothWays(storeThat(text, 'let seen = 0;'), trees);
        expect(forked, text).toEqual(evaluated);
      }
    });
  });

  test('a slow store is evaluated once for all trees and directories', async () => {
    const { top, count } = countEvaluations(join(root, 'evaluations'));
    const { recovery, refused } = await slow(storeThat('', `${top} let loads = 0;`));
    expect(refused).toEqual([]);
    const before = count();
    const trees = kept(60);
    const answers = await recovery.recoverTrees(trees, NEXT);
    expect(answers.map((answer) => answer.recovery)).toEqual(trees.map((_, number) => works({ kept: number })));
    const both = () => Promise.all([1, 2].map((number) => recovery.recover(directoryWith(root, { kept: number }), NEXT)));
    expect(await isRepeated(recovery, both)).toBe(false);
    expect(count()).toBe(before);
    // A started process evaluates it three times, for the load after its save and to see how long that takes; the one that is forked once.
    expect(before).toBe(4);
  });

  test('each child has a store that has not been used', async () => {
    const { recovery } = await slow(storeThat('load: (dir) => { loads += 1; return [loads, read(dir)]; }', 'let loads = 0;'));
    const answers = await recovery.recoverTrees(kept(8), NEXT);
    expect(answers.map((answer) => answer.recovery.load)).toEqual(
      answers.map((_, number) => ({ kind: 'loaded', value: [1, { kept: number }] })),
    );
  });

  test('confirmations are started, each with an evaluation of its own', async () => {
    const { top, count } = countEvaluations(join(root, 'confirmed'));
    const { recovery } = await slow(storeThat('', top));
    const before = count();
    const [one, two] = kept(2);
    for (const tree of [one, two]) if (tree !== undefined) await recovery.confirm(tree, NEXT);
    expect(count() - before).toBe(4); // and one for the load after the save
  });

  test('an evaluation that is as fast as a fork is not worth one', async () => {
    const { top, count } = countEvaluations(join(root, 'fast'));
    const { recovery, refused } = await slow(storeThat('', top), pool, 0);
    const before = count();
    await recovery.recoverTrees(kept(3), NEXT);
    expect([count() - before, refused]).toEqual([6, []]);
  });

  test.each([
    ['makes an id of chance', 'const id = Math.random();', 'its import reads a clock, chance or its process id'],
    ['makes an id of the process', 'const id = process.pid;', 'its import reads a clock, chance or its process id'],
    ['makes an id of the time', 'const id = Date.now();', 'its import reads a clock, chance or its process id'],
    ['writes', `fs.writeFileSync(__filename + '.written', '');`, 'its import writes files'],
    ['starts a timer', 'setInterval(() => {}, 1000).unref();', 'its import starts timers or other work'],
  ])('a store whose import %s is evaluated each time, which is reported once', async (_, top, why) => {
    const { recovery, refused } = await slow(storeThat(`load: () => process.ppid === ${process.pid}`, top));
    expect(refused).toEqual([why]);
    const [answer] = await recovery.recoverTrees(kept(1), NEXT);
    expect(answer?.recovery.load).toEqual({ kind: 'loaded', value: true });
  });

  test('each of two processes has its own id, so that neither takes the lock of the other for its own', async () => {
    const holds = `load: (dir) => {
      if (fs.existsSync(dir + '/lock') && fs.readFileSync(dir + '/lock', 'utf8') !== id) throw new Error('locked');
      fs.writeFileSync(dir + '/lock', id);
      return read(dir);
    }`;
    const { recovery } = await slow(storeThat(holds, `const id = require('node:crypto').randomUUID();`));
    const directory = directoryWith(root, { kept: 1 });
    expect((await recovery.recover(directory, NEXT)).load.kind).toBe('loaded');
    expect((await recovery.recover(directory, NEXT)).load).toEqual({ kind: 'threw', error: 'Error: locked' });
  });

  describe('a child that does not get to its end is answered, and the others are recovered', () => {
    const when = (number: number, what: string): string => `load: async (dir) => {
      const value = read(dir); if (value.kept === ${number}) { ${what} } return value; }`;
    const hung = { kind: 'hung', afterMs: LIMIT_MS } as const;
    test.each<[string, string, Recovery['load']]>([
      ['exits', 'process.exit(3);', { kind: 'ended', how: 'exit code 3' }],
      ['is killed', `process.kill(process.pid, 'SIGKILL');`, { kind: 'ended', how: 'SIGKILL' }],
      [
        'throws out of turn',
        `setImmediate(() => { throw new Error('x'); }); await new Promise(() => {});`,
        { kind: 'ended', how: 'exit code 1' },
      ],
      ['loops', 'for (;;);', hung],
      ['waits for nothing', 'await new Promise(() => {});', hung],
      ['waits for a program', `child.spawnSync('sleep', ['1000']);`, hung],
    ])('%s', async (_, what, load) => {
      const { recovery, refused } = await slow(storeThat(when(1, what)), impatient);
      expect(refused).toEqual([]);
      const answers = await recovery.recoverTrees(kept(4), NEXT);
      expect(answers.map((answer) => answer.recovery)).toEqual([works({ kept: 0 }), { load }, works({ kept: 2 }), works({ kept: 3 })]);
      expect(answers[1]?.left).toEqual(['value']);
      expect(await recovery.recover(directoryWith(root, { kept: 1 }), NEXT)).toEqual({ load });
      expect(await recovery.recover(directoryWith(root, { kept: 5 }), NEXT)).toEqual(works({ kept: 5 }));
    });

    test.each<[string, string, Recovery]>([
      [
        'when it saves',
        'save: () => process.exit(4)',
        { load: { kind: 'loaded', value: { kept: 0 } }, save: { kind: 'ended', how: 'exit code 4' } },
      ],
      [
        'when it loads again',
        `load: (dir) => ('next' in read(dir) ? process.exit(5) : read(dir))`,
        { load: { kind: 'loaded', value: { kept: 0 } }, save: { kind: 'saved' }, secondLoad: { kind: 'ended', how: 'exit code 5' } },
      ],
    ])('or ends %s', async (_, text, recovered) => {
      const { recovery } = await slow(storeThat(text), impatient);
      const [answer] = await recovery.recoverTrees(kept(1), NEXT);
      expect(answer?.recovery).toEqual(recovered);
      expect(await recovery.recover(directoryWith(root, { kept: 0 }), NEXT)).toEqual(recovered);
    });
  });

  test('an exit handler of the import runs where the store ends the process, and not after a recovery', async () => {
    const flushes = `let here; process.on('exit', () => here && fs.writeFileSync(here + '.flushed', ''));`;
    const { recovery, refused } = await slow(
      storeThat(`load: (dir) => { here = dir; const value = read(dir); if (value.exits) process.exit(0); return value; }`, flushes),
    );
    expect(refused).toEqual([]);
    const [goesOn, exits] = [directoryWith(root, { exits: false }), directoryWith(root, { exits: true })];
    await Promise.all([goesOn, exits].map((directory) => recovery.recover(directory, NEXT)));
    expect([goesOn, exits].map((directory) => existsSync(`${directory}.flushed`))).toEqual([false, true]);
  });

  test('large values and long stages do not get in each other’s way', async () => {
    const gate = join(root, 'gate');
    const waits = `load: async (dir) => { const value = read(dir);
      while (value.waits && !fs.existsSync(${JSON.stringify(gate)})) await new Promise((go) => setTimeout(go, 5)); return value; }`;
    const { recovery } = await slow(storeThat(waits));
    const waiting = recovery.recover(directoryWith(root, { waits: true }), NEXT);
    const large = { text: 'ö'.repeat(300_000) };
    expect(await recovery.recover(directoryWith(root, large), NEXT)).toEqual(works(large));
    writeFileSync(gate, '');
    expect(await waiting).toEqual(works({ waits: true }));
  });

  test('no child outlives the pool', async () => {
    const own = poolIn(root, { env: { [MARK]: 'outlives' } });
    const marker = join(root, 'hangs');
    const { recovery } = await slow(
      storeThat(
        `load: (dir) => { if ('kept' in read(dir)) { fs.writeFileSync(${JSON.stringify(marker)}, String(process.pid)); for (;;); } }`,
      ),
      own,
    );
    const answer = recovery.recover(directoryWith(root, { kept: 1 }), NEXT).catch((error: Error) => error.message);
    await expect.poll(() => existsSync(marker) && readFileSync(marker, 'utf8'), { timeout: 60_000 }).toBeTruthy();
    await own.close();
    expect(await answer).toBe('the pool was closed');
    await expect.poll(() => processesWith(MARK, 'outlives'), { timeout: 60_000 }).toEqual([]);
  });
});
