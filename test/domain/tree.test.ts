import { chmodSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { NameRule, Tree } from '../../harness/domain/trace.ts';
import {
  buildTree,
  differenceBetweenRuns,
  equalTrees,
  type ScanCache,
  scanTree,
  spoolTree,
  treeKey,
  unspoolTree,
  varyingContents,
} from '../../harness/domain/tree.ts';
import { freshDirectory } from '../lab/temporary.ts';

const NOTHING = { names: [], contents: new Set<string>() };

describe('a tree on disk', () => {
  test('is read, built and read again', () => {
    const [one, other] = [freshDirectory(), freshDirectory()];
    mkdirSync(join(one, 'b/c'), { recursive: true });
    for (const [name, mode] of [
      ['a', 0o600],
      ['b/c/d', 0o644],
      ['é x', process.getuid?.() === 0 ? 0o000 : 0o400], // only root reads what nobody may read
    ] as const) {
      writeFileSync(join(one, name), name);
      chmodSync(join(one, name), mode);
    }
    symlinkSync('../nowhere', join(one, 'b/link'));
    chmodSync(join(one, 'b/c'), 0o500);
    const tree = scanTree(one);
    expect([...tree.keys()]).toEqual(['a', 'b', 'b/c', 'b/c/d', 'b/link', 'é x']);
    buildTree(tree, other);
    expect(scanTree(other)).toEqual(tree);
    chmodSync(join(one, 'b/c'), 0o700); // so that it can be removed by users other than root
    chmodSync(join(other, 'b/c'), 0o700);
  });

  test('does not follow a symlink out of the directory', () => {
    const [directory, outside] = [freshDirectory(), freshDirectory()];
    writeFileSync(join(outside, 'secret'), '');
    symlinkSync(outside, join(directory, 'link'));
    expect(scanTree(directory)).toEqual(new Map([['link', { kind: 'symlink', target: outside }]]));
  });

  test('is read anew where a file was written twice within a tick of the clock', () => {
    const directory = freshDirectory();
    const cache: ScanCache = new Map();
    for (const text of ['AAAA', 'BBBB', 'CCCC', 'DDDD']) {
      writeFileSync(join(directory, 'live'), text);
      expect(scanTree(directory, cache)).toEqual(treeOf({ live: { text, mode: 0o644 & ~process.umask() } }));
    }
    truncateSync(join(directory, 'live'), 0);
    expect(scanTree(directory, cache).get('live')).toMatchObject({ bytes: Buffer.alloc(0) });
  });
});

const anyTree = fc
  .dictionary(
    fc.constantFrom('a', 'b', 'c.tmp', 'ä'),
    fc.oneof(fc.string(), fc.uint8Array(), fc.record({ directory: fc.constantFrom(0o700, 0o755) })),
  )
  .map(treeOf);

describe('for all trees', () => {
  law.prop([anyTree], { numRuns: 30 })('a spool gives back what went into it', (tree) => {
    const spool = freshDirectory();
    const again = unspoolTree(JSON.parse(JSON.stringify(spoolTree(tree, spool))), spool, new Map());
    expect(equalTrees(again, tree)).toBe(true);
    for (const entry of tree.values())
      if (entry.kind === 'file') expect(readFileSync(join(spool, entry.hash))).toEqual(Buffer.from(entry.bytes));
  });

  law.prop([anyTree, anyTree])('equal trees have equal keys, and others have not', (one, other) => {
    expect(equalTrees(one, other)).toBe(treeKey(one) === treeKey(other));
    expect(equalTrees(one, new Map(one))).toBe(true);
    expect(differenceBetweenRuns({ tree: one, pid: 1 }, { tree: one, pid: 2 }, NOTHING)).toBeUndefined();
  });
});

describe('two runs differ', () => {
  const random: NameRule = { prefix: 'live.', suffix: '', charset: 'hex', except: [] };
  const between = (one: Tree, other: Tree, names: readonly NameRule[] = []): string | undefined =>
    differenceBetweenRuns({ tree: one, pid: 4001 }, { tree: other, pid: 4002 }, { ...NOTHING, names });

  test.each<[string, Tree, Tree, string | undefined]>([
    ['not at all', treeOf({ a: 'x' }), treeOf({ a: 'x' }), undefined],
    [
      'by a name',
      treeOf({ a: 'x' }),
      treeOf({ b: 'x' }),
      'expected a (file 600, 1 bytes 11f6ad8ec52a); found b (file 600, 1 bytes 11f6ad8ec52a)',
    ],
    [
      'by a text',
      treeOf({ a: 'x' }),
      treeOf({ a: 'y' }),
      'expected a (file 600, 1 bytes 11f6ad8ec52a); found a (file 600, 1 bytes 95cb0bfd2977)',
    ],
    [
      'by a mode',
      treeOf({ a: 'x' }),
      treeOf({ a: { text: 'x', mode: 0o644 } }),
      'expected a (file 600, 1 bytes 11f6ad8ec52a); found a (file 644, 1 bytes 11f6ad8ec52a)',
    ],
    ['by a directory', treeOf({}), treeOf({ a: { directory: 0o755 } }), 'found a (directory 755)'],
    ['not by a time in a name', treeOf({ 'a.1732264512345': '' }), treeOf({ 'a.1732264519999': '' }), undefined],
    ['not by a time in a text', treeOf({ a: '1732264512345' }), treeOf({ a: '1732264519999' }), undefined],
    ['not by the process that wrote a text', treeOf({ lock: 'pid 4001' }), treeOf({ lock: 'pid 4002' }), undefined],
    ['not by the process that a symlink names', treeOf({ lock: { link: '4001' } }), treeOf({ lock: { link: '4002' } }), undefined],
    ['not by a learnt name that a symlink leads to', treeOf({ a: { link: 'd/live.0a' } }), treeOf({ a: { link: 'd/live.1b' } }), undefined],
    [
      'by where a symlink leads',
      treeOf({ a: { link: 'b' } }),
      treeOf({ a: { link: 'c' } }),
      'expected a (symlink, to b); found a (symlink, to c)',
    ],
    ['by another number', treeOf({ lock: 'pid 4001' }), treeOf({ lock: 'pid 4003' }), 'expected lock'],
    ['not by what was learnt of a name', treeOf({ 'live.0a': 'x' }), treeOf({ 'live.1b': 'x' }), undefined],
    [
      'by one file too many of a learnt name',
      treeOf({ 'live.0a': 'x' }),
      treeOf({ 'live.1b': 'x', 'live.2c': 'x' }),
      'found live.<random>',
    ],
  ])('%s', (_, one, other, difference) => {
    if (difference === undefined) expect(between(one, other, [random])).toBeUndefined();
    else expect(between(one, other, [random])).toContain(difference);
  });

  test('not by contents and targets that are known to vary, but by their kinds', () => {
    const one = treeOf({ nonce: 'x', lock: { link: 'abc' } });
    const other = treeOf({ nonce: 'y', lock: { link: 'xyz' } });
    const [run, next] = [
      { tree: one, pid: 1 },
      { tree: other, pid: 2 },
    ];
    const contents = new Set(varyingContents(run, next, []));
    expect(contents).toEqual(new Set(['nonce', 'lock']));
    expect(differenceBetweenRuns(run, next, { names: [], contents })).toBeUndefined();
    const swapped = { tree: treeOf({ nonce: { link: 'y' }, lock: 'xyz' }), pid: 2 };
    expect(varyingContents(run, swapped, [])).toEqual([]);
    expect(differenceBetweenRuns(run, swapped, { names: [], contents })).toContain('expected lock (symlink, target varies)');
  });

  // The scenarios' keys end in -1000 to -1004, and in a new container a child can well have the id 1002.
  test('not by a text that happens to hold the number of one of the processes', () => {
    const [one, other] = ['17', '1002'].map((pid) => treeOf({ live: 'group:-1002', lock: `pid ${pid}` })) as [Tree, Tree];
    expect(differenceBetweenRuns({ tree: one, pid: 17 }, { tree: other, pid: 1002 }, NOTHING)).toBeUndefined();
  });
});
