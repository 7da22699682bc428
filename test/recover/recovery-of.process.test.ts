import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { RecoveryPool } from '../../harness/recover/pool.ts';
import { recoveryOf, type StoreRecovery } from '../../harness/recover/recovery-of.ts';
import { loadedStore } from '../lab/lab.ts';
import { temporaryDirectory } from '../lab/temporary.ts';
import { directoryWith, isRepeated, NEXT, poolIn, works, writeStore } from './recovering.ts';

let root: string;
let pool: RecoveryPool;
beforeAll(() => {
  root = temporaryDirectory();
  pool = poolIn(root, { workers: 1 });
});
afterAll(async () => {
  await pool.close();
  rmSync(root, { recursive: true, force: true });
});

let stores = 0;
function recoveryThat(
  text: string,
  { top = '', type = 'cjs', by = pool }: { top?: string; type?: 'cjs' | 'mjs'; by?: RecoveryPool } = {},
): Promise<StoreRecovery> {
  stores += 1;
  const bundle = writeStore(join(root, `${stores}.${type}`), text, top);
  return recoveryOf(loadedStore(bundle), by, () => directoryWith(root));
}

describe('on a fresh directory load', () => {
  test.each([
    ['returns what it returns', '', { kind: 'loaded', value: {} }],
    [
      'may throw',
      `load: (dir) => JSON.parse(fs.readFileSync(file(dir), 'utf8'))`,
      { kind: 'threw', error: expect.stringContaining('ENOENT') },
    ],
    ['may hand nothing back', 'load: () => undefined', { kind: 'loaded' }],
  ])('%s', async (_, text, whenFresh) => {
    const recovery = await recoveryThat(text);
    expect(recovery.whenFresh).toEqual(whenFresh);
    expect(await isRepeated(recovery, () => recovery.recover(directoryWith(root, { kept: 1 }), NEXT))).toBe(false);
  });
});

describe('a store that remembers values of other directories', () => {
  const REMEMBERS = `load: (dir) => (memory.value ??= read(dir))`;
  test.each<[string, string, 'cjs' | 'mjs', boolean]>([
    ['in the process is caught', 'const memory = (globalThis.memory ??= {});', 'cjs', false],
    ['in an ES module is caught', 'const memory = {};', 'mjs', false],
    ['in a module is not, because that is evaluated anew', 'const memory = {};', 'cjs', true],
  ])('%s', async (_, top, type, warm) => {
    const recovery = await recoveryThat(
      `${REMEMBERS}, save: (dir, value) => { memory.value = value; fs.writeFileSync(file(dir), JSON.stringify(value)); }`,
      { top, type },
    );
    const one = (kept: number) => async () => expect(await recovery.recover(directoryWith(root, { kept }), NEXT)).toEqual(works({ kept }));
    expect(await isRepeated(recovery, one(1))).toBe(!warm);
    // From now on it cannot matter any more.
    for (const kept of [2, 3]) expect(await isRepeated(recovery, one(kept))).toBe(false);
  });

  test('is confirmed in a process that has no memory', async () => {
    const recovery = await recoveryThat(REMEMBERS, { top: 'const memory = (globalThis.another ??= {});' });
    await recovery.recover(directoryWith(root, { kept: 1 }), NEXT);
    const tree = treeOf({ value: '{"kept":2}' });
    expect(await recovery.confirm(tree, NEXT)).toMatchObject({ load: { value: { kept: 2 } } });
  });

  test('is caught for every recovery before the control, also for those of another scenario', async () => {
    const recovery = await recoveryThat(REMEMBERS, { top: 'const memory = (globalThis.shared ??= {});' });
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const early = isRepeated(recovery, async () => {
      await recovery.recover(directoryWith(root, { kept: 1 }), NEXT);
      await held; // the other control comes first
    });
    const late = await isRepeated(recovery, () => recovery.recover(directoryWith(root, { kept: 2 }), NEXT));
    release();
    expect([await early, late]).toEqual([true, true]);
  });

  test('is caught by the process that recovered, while others are busy', async () => {
    const two = poolIn(root, { workers: 2 });
    try {
      const gate = join(root, `gate-${stores}`);
      const waits = await recoveryThat(
        `load: async (dir) => { while ('kept' in read(dir) && !fs.existsSync(${JSON.stringify(gate)})) await new Promise(setImmediate); return read(dir); }`,
        { by: two },
      );
      const recovery = await recoveryThat(REMEMBERS, { top: 'const memory = (globalThis.memory ??= {});', by: two });
      const waiting = waits.recover(directoryWith(root, { kept: 0 }), NEXT);
      const isCaught = await isRepeated(recovery, async () => {
        await recovery.recover(directoryWith(root, { kept: 1 }), NEXT);
        writeFileSync(gate, '');
        await waiting;
      });
      expect(isCaught).toBe(true);
    } finally {
      await two.close();
    }
  });
});

describe('a store whose calls are carried out at once', () => {
  const values = [1, 2, 3];
  const trees = values.map((kept) => treeOf({ value: JSON.stringify({ kept }) }));
  const foundBy = async (load: string): Promise<unknown[]> => {
    const recovery = await recoveryThat(`load: async (dir) => { ${load} }`);
    const found = await recovery.recoverTrees(trees, NEXT);
    return found.map(({ recovery }) => recovery.load);
  };
  const all = values.map((kept) => ({ kind: 'loaded', value: { kept } }));

  test('is recovered as with the calls of Node', async () => {
    expect(await foundBy(`return JSON.parse(await fs.promises.readFile(file(dir), 'utf8'));`)).toEqual(all);
  });

  test('is left to Node if it notices', async () => {
    const load = `let late = false; setImmediate(() => { late = true; }); const text = await fs.promises.readFile(file(dir), 'utf8');
      return late ? JSON.parse(text) : {};`;
    expect(await foundBy(load)).toEqual(all);
  });

  test('is left to Node if it waits for a turn that never comes', async () => {
    const load = `let late = false; setTimeout(() => { late = true; }, 20); const text = await fs.promises.readFile(file(dir), 'utf8');
      for (let calls = 0; !late && calls < 1e9; calls += 1) await fs.promises.access(dir);
      return JSON.parse(text);`;
    expect(await foundBy(load)).toEqual(all);
  });
});

test('each tree is confirmed once for each value that is saved next', async () => {
  const log = join(root, 'log');
  writeFileSync(log, '');
  const recovery = await recoveryThat(`save: (dir, value) => { fs.appendFileSync(${JSON.stringify(log)}, dir + '\\n'); }`);
  const { length } = lines(log);
  const [A, B] = [treeOf({ value: '1' }), treeOf({ value: '2' })];
  await Promise.all([recovery.confirm(A, NEXT), recovery.confirm(A, NEXT), recovery.confirm(B, NEXT), recovery.confirm(A, { other: 1 })]);
  const later = lines(log);
  expect(later.length - length).toBe(3);
  expect(new Set(later).size).toBe(later.length);
});

const lines = (path: string): string[] => readFileSync(path, 'utf8').split('\n').filter(Boolean);

describe('the load after the save is asked of a store that does not remember it', () => {
  /** After a crash, which left `temp`, it saves no more, and does not say so. */
  const DEAF = `save: (dir, value) => { memory.value = value; if (!fs.existsSync(dir + '/temp')) fs.writeFileSync(file(dir), JSON.stringify(value)); },
    load: (dir) => (memory.value ??= read(dir))`;
  const crashed = treeOf({ value: '{"kept":1}', temp: '' });
  const deaf = { ...works({ kept: 1 }), secondLoad: { kind: 'loaded', value: { kept: 1 } } };

  test('in a warm process, a fresh one, and one that is forked before it has a store', async () => {
    const recovery = await recoveryThat(DEAF, { top: 'const memory = {};' });
    const [inWarm] = await recovery.recoverTrees([crashed], NEXT);
    expect(inWarm?.recovery).toEqual(deaf);
    expect(await recovery.confirm(crashed, NEXT)).toEqual(deaf);
    for (const temp of ['1', '2']) expect(await recovery.confirm(treeOf({ value: '{"kept":1}', temp }), NEXT, 'kind')).toEqual(deaf);
  });

  /** It is locked by the process that loaded first, until that is dead; by a store that was evaluated before, too. */
  const LOCKED = `load: (dir) => {
      const lock = dir + '/lock', owner = fs.existsSync(lock) ? Number(fs.readFileSync(lock, 'utf8')) : 0;
      if (owner !== 0 && mine !== dir) { let lives = true; try { process.kill(owner, 0); } catch { lives = false; } if (lives) throw new Error('locked'); }
      fs.writeFileSync(lock, String(process.pid)); mine = dir;
      return read(dir);
    }`;

  test('and of another process, where the store holds a lock until its own ends', async () => {
    const recovery = await recoveryThat(LOCKED, { top: 'let mine;' });
    const tree = treeOf({ value: '{"kept":1}' });
    expect(await recovery.confirm(tree, NEXT)).toEqual(works({ kept: 1 }));
    expect(await recovery.confirm(tree, NEXT, 'kind')).toEqual(works({ kept: 1 }));
  });

  test('unless its handle stays open', async () => {
    const text = `open: (dir) => { if (globalThis.opened === dir) throw new Error('open twice'); globalThis.opened = dir; return dir; }`;
    const recovery = await recoveryThat(text);
    expect(await recovery.confirm(treeOf({ value: '{"kept":1}' }), NEXT)).toEqual(works({ kept: 1 }));
  });
});
