import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tree } from '../../../harness/domain/trace.ts';
import { scanTree, unspoolTree } from '../../../harness/domain/tree.ts';
import type { KillPoint } from '../../../harness/record/recorder.ts';
import { buildChildren, type Children, opsOf, orderOf, type Run } from './children.ts';

let children: Children;
beforeAll(async () => {
  children = await buildChildren();
});
afterAll(() => children.close());

const store = (name: string): Promise<string> => children.module(`export { ${name} as steps } from './stores.ts';`);
const endOf = (run: Run): unknown => run.events.at(-1);

/** The trees before the first op and after each. */
function treesOf(run: Run): Tree[] {
  const trees: Tree[] = [];
  for (const event of run.events) {
    if (event.kind !== 'op' && event.kind !== 'start') continue;
    const before = trees.at(-1) ?? new Map();
    trees.push(event.tree === undefined ? before : unspoolTree(event.tree, run.spool, new Map()));
  }
  return trees;
}

/** Names and sizes, with what differs from run to run written out. */
function sketch(tree: Tree): string[] {
  const name = (path: string): string => path.replace(/bak\.\d+/, 'bak.<time>').replace(/live\.[-0-9a-f]{36}/, 'live.<uuid>');
  return [...tree]
    .map(([path, entry]) => `${name(path)} ${entry.kind === 'file' ? `${entry.bytes.length} ${entry.hash}` : entry.kind}`)
    .sort();
}

describe('a kill', () => {
  let module: string;
  let observed: Run;
  let order: string[];
  beforeAll(async () => {
    module = await store('rotating');
    observed = await children.run(module, { kind: 'observe' });
    order = orderOf(observed.events);
  });

  const kill = (at: KillPoint): Promise<Run> => children.run(module, { kind: 'kill', order, names: [], at });

  test('after every op leaves the tree that was observed there', async () => {
    const trees = treesOf(observed);
    const ops = opsOf(observed.events);
    expect(ops.length).toBeGreaterThanOrEqual(15);
    const runs = await Promise.all(ops.map((_, op) => kill({ op })));
    for (const [op, run] of runs.entries()) {
      expect(endOf(run), `killed after op ${op}`).toEqual({ kind: 'end', how: 'killed', signal: 'SIGKILL' });
      expect(orderOf(run.events, [])).toHaveLength(orderOf(observed.events.slice(0, observed.events.indexOf(ops[op] as never))).length);
      expect(sketch(scanTree(run.directory)), `after op ${op}`).toEqual(sketch(trees[op] ?? new Map()));
    }
  });

  test('inside a write or a copy leaves exactly the bytes that were asked for', async () => {
    const ops = opsOf(observed.events);
    const torn = ops.flatMap((op, index) => (op.call === 'write' || op.call === 'copy' ? [{ op: index + 1, call: op.call, of: op }] : []));
    expect(torn.map(({ call }) => call)).toEqual(['copy', 'write', 'write']);
    for (const { op, of } of torn) {
      const [run, none] = await Promise.all([kill({ op, bytes: 4096 }), kill({ op, bytes: 0 })]);
      for (const [run_, bytes] of [
        [run, 4096],
        [none, 0],
      ] as const) {
        const last = opsOf(run_.events).at(-1);
        expect(last).toMatchObject({ call: of.call, range: { offset: 0, length: bytes } });
        const entry = scanTree(run_.directory).get(last?.path ?? '');
        expect(entry?.kind === 'file' && Buffer.from(entry.bytes).toString()).toBe(
          (of.path.startsWith('live.bak') ? 'x' : of.path === 'note' ? 'z' : 'y').repeat(bytes),
        );
      }
    }
  });

  test('before the first op leaves what was there before the recording', async () => {
    const run = await kill({ op: 0 });
    expect(opsOf(run.events)).toEqual([]);
    expect(scanTree(run.directory)).toEqual(treesOf(observed)[0]);
  });

  test('carries no stacks', async () => {
    expect(opsOf((await kill({ op: 3 })).events).filter(({ stack }) => stack !== undefined)).toEqual([]);
  });
});

describe('a recorded order', () => {
  test('is followed although the thread pool would have it otherwise, and marks come in it', async () => {
    const module = await store('racing');
    const seen = await Promise.all(Array.from({ length: 6 }, () => children.run(module, { kind: 'observe' })));
    const orders = seen.map(({ events }) => orderOf(events));
    const [order = []] = orders;
    const again = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        children.run(module, { kind: 'follow', order, names: [], matching: index % 2 === 0 ? 'same' : 'alike' }),
      ),
    );
    for (const run of again) {
      expect(endOf(run)).toEqual({ kind: 'end', how: 'finished' });
      expect(orderOf(run.events)).toEqual(order);
    }
  });

  test('gives the same ids and trees in every run', async () => {
    const module = await store('rotating');
    const first = await children.run(module, { kind: 'observe' });
    const second = await children.run(module, { kind: 'follow', order: orderOf(first.events), names: [], matching: 'alike' });
    expect(opsOf(second.events).map(({ id, to }) => [id, to?.id])).toEqual(opsOf(first.events).map(({ id, to }) => [id, to?.id]));
    expect(treesOf(second).map(sketch)).toEqual(treesOf(first).map(sketch));
  });

  test.each([
    ['wayward', 'open x- [write create truncate]'],
    ['waywardLater', 'open x- [write create truncate]'],
  ])('that a run cannot follow ends it: %s', async (name, expected) => {
    const run = await children.run(await store(name), {
      kind: 'follow',
      order: [expected, 'step 1 resolved'],
      names: [],
      matching: 'same',
    });
    expect(endOf(run)).toMatchObject({ kind: 'end', how: 'diverged', at: 0, expected });
    expect(readdirSync(run.directory)).toEqual([]);
  });

  test('that has more ops than the run was not followed', async () => {
    const module = await store('rotating');
    const order = orderOf((await children.run(module, { kind: 'observe' })).events);
    const run = await children.run(module, { kind: 'follow', order: [...order, 'unlink live'], names: [], matching: 'same' });
    expect(endOf(run)).toMatchObject({ how: 'diverged', expected: 'unlink live', got: 'the end of the run' });
  });
});

describe('a run that ends otherwise', () => {
  test.each([
    ['exiting', { how: 'exited', code: 7 }],
    ['aborting', { how: 'crashed', signal: 'SIGABRT' }],
    ['killingItself', { how: 'crashed', signal: 'SIGKILL' }],
    ['rejecting', { how: 'finished' }],
  ])('%s', async (name, end) => {
    expect(endOf(await children.run(await store(name), { kind: 'observe' }))).toEqual({ kind: 'end', ...end });
  });

  test('is busy until effects that nobody awaited are done', async () => {
    const run = await children.run(await store('unawaited'), { kind: 'observe' });
    expect(orderOf(run.events)).toEqual(['open f [write create truncate]', 'step 1 resolved', 'write f', 'close f', 'unlink f']);
    expect(endOf(run)).toEqual({ kind: 'end', how: 'finished' });
  });

  test('hangs, and what it had done is reported', async () => {
    const run = await children.run(await store('hanging'), { kind: 'observe' }, 5_000);
    expect(endOf(run)).toEqual({ kind: 'end', how: 'timed-out', afterMs: 5_000 });
    expect(opsOf(run.events).map(({ call }) => call)).toEqual(['open', 'close']);
  });

  test('leaves nothing of the recorder in the spool but file contents', async () => {
    const run = await children.run(await store('exiting'), { kind: 'observe' });
    expect(readdirSync(run.spool).filter((name) => name.startsWith('binding-'))).toEqual([]);
  });

  test('close ends what is running, and lets nothing start', async () => {
    const own = await buildChildren();
    const module = await own.module(`export { hanging as steps } from './stores.ts';`);
    const runs = Promise.allSettled([1, 2, 3].map(() => own.run(module, { kind: 'observe' })));
    await new Promise(setImmediate);
    await own.close();
    const ends = await runs;
    const ended = (end: PromiseSettledResult<Run>): boolean =>
      end.status === 'rejected' || JSON.stringify(endOf(end.value)).includes('SIGKILL');
    expect(ends.filter((end) => !ended(end))).toEqual([]);
  });
});

test('a child that cannot be started is the fault of the harness', async () => {
  const { createBindingRecorder } = await import('../../../harness/record/binding/recorder.ts');
  const spool = join(children.root, 'unused');
  mkdirSync(spool);
  const recorder = createBindingRecorder({ inFlight: 1, nodePath: join(children.root, 'no-node') });
  const run = recorder.run({ args: [], directory: children.root, spool, env: {}, plan: { kind: 'observe' }, timeoutMs: 60_000 });
  await expect(run).rejects.toThrow(/could not start/);
});

test('the log of a run is complete to the byte', async () => {
  const run = await children.run(await store('rotating'), { kind: 'observe' });
  expect(readFileSync(join(run.directory, 'note'), 'utf8')).toHaveLength(4101);
  expect(run.pid).toBeGreaterThan(0);
});
