import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Recovery } from '../../harness/domain/recovery.ts';
import type { RecoveryPool } from '../../harness/recover/pool.ts';
import { processesWith } from '../lab/processes.ts';
import { appears, freshDirectory, temporaryDirectory } from '../lab/temporary.ts';
import { directoryWith, NEXT, poolIn, works, writeStore } from './recovering.ts';

/** Enough for what comes before a store hangs, on a busy machine. */
const LIMIT_MS = 2_000;
const MARK = 'CRASH_TEST_RECOVERED_BY';
const hung = { kind: 'hung', afterMs: LIMIT_MS } as const;
const first = works({ kept: 1 });
const { load } = first;

let root: string;
let pool: RecoveryPool;
let impatient: RecoveryPool;
beforeAll(() => {
  root = temporaryDirectory();
  const env = { [MARK]: String(process.pid) };
  pool = poolIn(root, { env });
  impatient = poolIn(root, { env, timeoutMs: LIMIT_MS });
});
afterAll(async () => {
  await Promise.all([pool.close(), impatient.close()]);
  // What stores started is ended with a workspace, not with a pool.
  for (const pid of processesWith(MARK, String(process.pid))) process.kill(pid, 'SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

let stores = 0;
function storeThat(text: string, top?: string): string {
  stores += 1;
  return writeStore(join(root, `${stores}.cjs`), text, top);
}

/** Without the files that load opened, which not every file system records. */
const recover = async (where: RecoveryPool, how: 'warm' | 'fresh', bundle: string): Promise<Recovery> => {
  const { opened: _, ...found } = await where[how]({ bundle, directory: directoryWith(root, { kept: 1 }), next: NEXT });
  return found;
};

test('the first recovery of a store finds what a fresh process does, in one that did not have the store and that stays for others', async () => {
  const own = poolIn(root, { workers: 1 });
  try {
    const [counts, other] = [storeThat('load: (dir) => [process.pid, read(dir)]'), storeThat('load: (dir) => [process.pid, read(dir)]')];
    const found = async (how: 'first' | 'warm', bundle: string): Promise<Recovery['load']> =>
      (await own[how]({ bundle, directory: directoryWith(root, { kept: 1 }), next: NEXT })).load;
    const one = await found('first', counts);
    expect(await found('warm', counts)).toEqual(one);
    expect(await own.control(counts, () => directoryWith(root))).toHaveLength(1);
    expect(await found('first', other)).toEqual(one);
    expect(await own.control(other, () => directoryWith(root))).toHaveLength(1);
    expect(await found('first', counts)).not.toEqual(one);
  } finally {
    await own.close();
  }
});

test('a control asks each process that recovered with the bundle since the last one, and saves nothing', async () => {
  const [one, other] = [storeThat(`save: () => { throw new Error('asked to save'); }`), storeThat('')];
  const control = (bundle: string): Promise<readonly Recovery[]> => pool.control(bundle, () => directoryWith(root, { kept: 2 }));
  await recover(pool, 'warm', other);
  expect(await control(one)).toEqual([]);
  await recover(pool, 'warm', one);
  expect(await control(one)).toEqual([{ load: { kind: 'loaded', value: { kept: 2 } } }]);
  expect(await control(one)).toEqual([]);
  expect(await control(other)).toHaveLength(1);
});

type Case = readonly [what: string, text: string, found: Recovery];

const CASES: readonly Case[] = [
  ['works', '', first],
  [
    'answers later',
    'load: async (dir) => read(dir), save: async (dir, value) => fs.writeFileSync(file(dir), JSON.stringify(value))',
    first,
  ],
  ['returns undefined', 'load: () => undefined', { ...works(), secondLoad: { kind: 'loaded' } }],
  ['returns null', 'load: () => null', { ...works(null), secondLoad: { kind: 'loaded', value: null } }],
  [
    'throws',
    `load: () => { throw new TypeError('no') }`,
    { ...first, load: { kind: 'threw', error: 'TypeError: no' }, secondLoad: { kind: 'threw', error: 'TypeError: no' } },
  ],
  [
    'rejects',
    `load: async () => { throw new Error('no') }`,
    { ...first, load: { kind: 'threw', error: 'Error: no' }, secondLoad: { kind: 'threw', error: 'Error: no' } },
  ],
  ['throws what is no error', `save: () => { throw 'no' }`, { load, save: { kind: 'threw', error: 'no' } }],
  ['throws nothing at all', `save: () => { throw undefined }`, { load, save: { kind: 'threw', error: 'undefined' } }],
  ['throws when it saves', `save: () => { throw new Error('ELOCKED') }`, { load, save: { kind: 'threw', error: 'Error: ELOCKED' } }],
  ['does not save', 'save: () => {}', { ...first, secondLoad: load }],
  ['exits', 'load: () => process.exit(3)', { load: { kind: 'ended', how: 'exit code 3' } }],
  ['exits with 0', 'load: () => process.exit(0)', { load: { kind: 'ended', how: 'exit code 0' } }],
  ['exits when it saves', 'save: () => process.exit(3)', { load, save: { kind: 'ended', how: 'exit code 3' } }],
  [
    'exits when it loads again',
    `load: (dir) => ('next' in read(dir) ? process.exit(3) : read(dir))`,
    { ...first, secondLoad: { kind: 'ended', how: 'exit code 3' } },
  ],
  ['kills itself', `load: () => process.kill(process.pid, 'SIGKILL')`, { load: { kind: 'ended', how: 'SIGKILL' } }],
  ['aborts', 'save: () => process.abort()', { load, save: { kind: 'ended', how: 'SIGABRT' } }],
  [
    'throws outside',
    `load: () => new Promise(() => setImmediate(() => { throw new Error('no') }))`,
    { load: { kind: 'ended', how: 'exit code 1' } },
  ],
  [
    'prints megabytes',
    `load: (dir) => { for (const to of [1, 2]) fs.writeSync(to, 'x'.repeat(3e6)); console.log('x'.repeat(3e6)); return read(dir); }`,
    first,
  ],
  ['reads its standard input', `load: (dir) => { fs.readFileSync(0); return read(dir); }`, first],
  ['changes its directory', `load: (dir) => { process.chdir('/'); return read(dir); }`, first],
  [
    'loads a Map',
    'load: () => new Map()',
    { ...first, load: { kind: 'not-json', what: 'a Map' }, secondLoad: { kind: 'not-json', what: 'a Map' } },
  ],
  [
    'loads a BigInt',
    'load: () => ({ n: 1n })',
    { ...first, load: { kind: 'not-json', what: 'a bigint at n' }, secondLoad: { kind: 'not-json', what: 'a bigint at n' } },
  ],
  [
    'loads NaN',
    'load: () => [NaN]',
    { ...first, load: { kind: 'not-json', what: 'NaN at 0' }, secondLoad: { kind: 'not-json', what: 'NaN at 0' } },
  ],
  [
    'loads a value that contains itself',
    'load: () => { const value = {}; value.self = value; return value; }',
    {
      ...first,
      load: { kind: 'not-json', what: 'a value that contains itself at self' },
      secondLoad: { kind: 'not-json', what: 'a value that contains itself at self' },
    },
  ],
  ['changes the value that it is given', `save: (dir, value) => { value.next = 'spoilt'; }`, { ...first, secondLoad: load }],
  [
    'loads megabytes',
    `load: (dir) => ('next' in read(dir) ? read(dir) : { kept: 'x'.repeat(3e6) })`,
    { ...first, load: { kind: 'loaded', value: { kept: 'x'.repeat(3e6) } } },
  ],
];

describe('in a warm process, a store that', () => {
  test.concurrent.each(CASES.map(([what, text, found]) => ({ what, text, found })))('$what', async ({ text, found }) => {
    expect(await recover(pool, 'warm', storeThat(text))).toEqual(found);
  });
});

describe('in a fresh process, a store that', () => {
  const some = new Set(['works', 'throws', 'exits when it saves', 'prints megabytes']);
  test.concurrent.each(CASES.filter(([what]) => some.has(what)).map(([what, text, found]) => ({ what, text, found })))(
    '$what',
    async ({ text, found }) => {
      expect(await recover(pool, 'fresh', storeThat(text))).toEqual(found);
    },
  );
});

describe('within the limit there is no answer from a store that', () => {
  test.concurrent.each<{ what: string; text: string; found: Recovery }>([
    { what: 'loops', text: 'load: () => { for (;;); }', found: { load: hung } },
    { what: 'waits', text: 'load: () => new Promise(() => {})', found: { load: hung } },
    { what: 'waits for a program', text: `load: () => child.spawnSync('sleep', ['1000'])`, found: { load: hung } },
    { what: 'waits when it saves', text: 'save: () => new Promise(() => {})', found: { load, save: hung } },
    {
      what: 'loops when it loads again',
      text: `load: (dir) => { while ('next' in read(dir)); return read(dir); }`,
      found: { ...first, secondLoad: hung },
    },
  ])('$what', async ({ text, found }) => {
    const bundle = storeThat(text);
    expect(await recover(impatient, 'warm', bundle)).toEqual(found);
  });
});

test('those that wait do not keep the others waiting', async () => {
  const gate = join(root, 'gate');
  const waits = storeThat(
    `load: async (dir) => { while (!fs.existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 5)); return read(dir); }`,
  );
  const waiting = Array.from({ length: 4 }, () => recover(pool, 'warm', waits)); // twice as many as there are workers
  expect(await recover(pool, 'warm', storeThat(''))).toEqual(first);
  writeFileSync(gate, '');
  expect(await Promise.all(waiting)).toEqual([first, first, first, first]);
});

test('a module is evaluated for each directory, and a second time for the load after the save', async () => {
  const counts = storeThat('load: () => { calls += 1; return calls; }', 'let calls = 0;');
  for (let again = 0; again < 3; again += 1)
    expect(await pool.warm({ bundle: counts, directory: directoryWith(root), next: NEXT })).toMatchObject({
      load: { value: 1 },
      secondLoad: { value: 1 },
    });
});

describe('a store that', () => {
  test('sends messages of its own is not believed', async () => {
    const lies = storeThat(
      `load: (dir) => { process.send('ready'); process.send(null); process.send({ kind: 'done', id: 0, recovery: { load: { kind: 'loaded', value: 'lie' } } }); return read(dir); }`,
    );
    expect(await recover(pool, 'warm', lies)).toEqual(first);
  });

  // The last stage that it reported is still on its way when it is gone.
  test('exits when it saves, after it loaded megabytes', async () => {
    const recovery = await recover(pool, 'warm', storeThat(`load: () => ({ kept: 'x'.repeat(5e6) }), save: () => process.exit(3)`));
    expect(recovery).toMatchObject({ load: { kind: 'loaded' }, save: { kind: 'ended', how: 'exit code 3' } });
  });
});

test('a closed pool has no process left, whatever went on', async () => {
  const directory = freshDirectory();
  const mark = `${process.pid} closed`;
  const closed = poolIn(directory, { env: { [MARK]: mark } });
  const up = storeThat(`load: () => { fs.writeFileSync(${JSON.stringify(join(directory, 'up'))}, ''); for (;;); }`);
  const answers = [closed.warm({ bundle: up, directory, next: NEXT }), closed.fresh({ bundle: up, directory, next: NEXT })];
  await closed.close();
  expect((await Promise.all(answers)).map(({ load }) => load.kind)).toEqual(['ended', 'ended']);
  expect(processesWith(MARK, mark)).toEqual([]);
});

test('a closed pool answers those who wait, and starts nothing more', async () => {
  const directory = freshDirectory();
  const mark = `${process.pid} closed early`;
  const closed = poolIn(directory, { env: { [MARK]: mark }, workers: 1, timeoutMs: LIMIT_MS });
  const up = join(directory, 'up');
  const bundle = storeThat(`load: () => { fs.writeFileSync(${JSON.stringify(up)}, ''); for (;;); }`);
  const answers = Promise.allSettled([1, 2, 3].map(() => closed.warm({ bundle, directory, next: NEXT })));
  try {
    await appears(up);
    await closed.close();
    await answers;
    expect(processesWith(MARK, mark)).toEqual([]);
  } finally {
    await closed.close();
  }
});
