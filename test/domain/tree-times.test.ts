/** The order in which the files of a crash state were changed, from the ops of a run; and times of files on disk in that order. */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import { scanTimes } from '../../harness/domain/file-times.ts';
import type { Trace, Tree } from '../../harness/domain/trace.ts';
import { buildTree, scanTree, treeKey } from '../../harness/domain/tree.ts';
import { inTime, RunTimes, type TimedOp, timesAt, treeFor } from '../../harness/domain/tree-times.ts';
import { freshDirectory } from '../lab/temporary.ts';

const CREATE = ['write', 'create', 'truncate'] as const;

/** The files that are there after these ops, oldest first; `=`: changed at the same time. */
function orderAfter(ops: readonly TimedOp[], paths: readonly string[], start: readonly (readonly [string, number])[] = []): string {
  const run = new RunTimes(ops, new Map(start));
  const tree = treeOf(Object.fromEntries(paths.map((path) => [path, path])));
  return inOrder(inTime(tree, (path) => run.at(path, ops.length) ?? -1_000));
}

function inOrder(tree: Tree): string {
  const files = [...tree].flatMap(([path, entry]) => (entry.kind === 'file' ? [{ path, changed: entry.changed ?? -1 }] : []));
  const places = [...new Set(files.map(({ changed }) => changed))].sort((one, other) => one - other);
  return places.map((place) => files.flatMap(({ path, changed }) => (changed === place ? [path] : [])).join('=')).join(' ');
}

test('a file is as new as its last write', () => {
  const ops: TimedOp[] = [
    { call: 'open', path: 'b', flags: CREATE },
    { call: 'open', path: 'a', flags: CREATE },
    { call: 'write', path: 'a' },
    { call: 'write', path: 'b' },
  ];
  expect(orderAfter(ops, ['a', 'b'])).toBe('a b');
  expect(orderAfter(ops.slice(0, 3), ['a', 'b'])).toBe('b a');
});

test('what was there before the first op is older, in its own order', () => {
  const start = [
    ['a', 0],
    ['b', -1],
  ] as const;
  expect(orderAfter([{ call: 'write', path: 'c' }], ['a', 'b', 'c'], start)).toBe('b a c');
  expect(orderAfter([{ call: 'open', path: 'b', flags: ['write', 'create'] }], ['a', 'b'], start)).toBe('b a');
  expect(orderAfter([{ call: 'open', path: 'b', flags: ['write', 'truncate'] }], ['a', 'b'], start)).toBe('a b');
  expect(orderAfter([{ call: 'utimes', path: 'b' }], ['a', 'b'], start)).toBe('a b');
});

test('a rename takes the time along, a directory the times of its files', () => {
  const ops: TimedOp[] = [
    { call: 'open', path: 'd/x', flags: CREATE },
    { call: 'open', path: 'y', flags: CREATE },
    { call: 'rename', path: 'd', to: 'e' },
    { call: 'rename', path: 'y', to: 'z' },
  ];
  expect(orderAfter(ops, ['e/x', 'z'])).toBe('e/x z');
});

test('a link has the time of its file, and what is removed and made again is new', () => {
  const ops: TimedOp[] = [
    { call: 'open', path: 'a', flags: CREATE },
    { call: 'open', path: 'b', flags: CREATE },
    { call: 'link', path: 'a', to: 'c' },
    { call: 'unlink', path: 'a' },
    { call: 'open', path: 'a', flags: ['write', 'create', 'exclusive'] },
  ];
  expect(orderAfter(ops, ['a', 'b', 'c'])).toBe('c b a');
});

test('a call that failed changed nothing', () => {
  const start = [
    ['a', 0],
    ['b', -1],
  ] as const;
  expect(orderAfter([{ call: 'write', path: 'b', error: 'EIO' }], ['a', 'b'], start)).toBe('b a');
});

const NAMES = { names: [], contents: new Set<string>() };

/** `new` is written beside `old`, and renamed over `live`. */
function replacing(): Trace {
  const trees = [
    { live: 'old', log: '1' },
    { live: 'old', log: '12' },
    { live: 'old', log: '12', temp: 'new' },
    { live: 'new', log: '12' },
  ].map(treeOf);
  const ops = [
    { call: 'write', file: 'log' },
    { call: 'write', file: 'temp' },
    { call: 'rename', file: 'temp', to: 'live' },
  ] as const;
  return {
    recorder: 'ptrace',
    ops: ops.map(({ call, file, ...rest }, index) => ({
      index: index + 1,
      call,
      via: call,
      file: { id: 0, path: file, actual: file },
      ...('to' in rest && { to: { id: 0, path: rest.to, actual: rest.to } }),
      process: 0,
    })),
    marks: [],
    trees,
    startTimes: new Map([
      ['live', -1],
      ['log', 0],
    ]),
    variation: NAMES,
    unmeasured: [],
  };
}

test.for([
  [0, { live: 'old', log: '1' }, 'live log'],
  [1, { live: 'old', log: '12' }, 'live log'],
  [3, { live: 'new', log: '12' }, 'log live'],
  // A power cut lost the rename, and then the write as well.
  [3, { live: 'old', log: '12', temp: 'new' }, 'live log temp'],
  [3, { live: 'new', log: '1' }, 'log live'],
] as const)('after %i ops a file has the time of its contents: %j', ([boundary, sketch, expected]) => {
  expect(inOrder(inTime(treeOf(sketch), timesAt(replacing(), boundary)))).toBe(expected);
});

test('contents that no file of the run ever had are as new as their path', () => {
  const torn = treeOf({ live: '', log: '12' });
  expect(inOrder(inTime(torn, timesAt(replacing(), 3)))).toBe('log live');
});

test('a store that reads no times gets the tree as it is', () => {
  const tree = treeOf({ a: '1' });
  expect(treeFor({ readsTimes: false }, tree, () => 1)).toBe(tree);
  expect(treeFor({ readsTimes: true }, tree, undefined)).toBe(tree);
  expect(treeKey(treeFor({ readsTimes: true }, tree, () => 1))).not.toBe(treeKey(tree));
});

test('a tree is built with times in its order, all of them in the past, and scanned in that order', () => {
  const directory = freshDirectory();
  const order: { readonly [path: string]: number } = { a: 2, b: 0, 'c/d': 1 };
  const tree = inTime(treeOf({ a: '1', b: '2', c: { directory: 0o700 }, 'c/d': '3' }), (path) => order[path] ?? 0);
  const built = join(directory, 'built');
  mkdirSync(built);
  buildTree(tree, built);
  expect(readdirSync(built)).toEqual(['a', 'b', 'c']);
  expect(scanTimes(built, tree)).toEqual([
    ['a', 0],
    ['b', -2],
    ['c/d', -1],
  ]);
  writeFileSync(join(built, 'b'), 'new');
  expect(statSync(join(built, 'b')).mtimeMs).toBeGreaterThan(statSync(join(built, 'a')).mtimeMs);
  expect(scanTimes(built, scanTree(built))).toEqual([
    ['a', -1],
    ['b', 0],
    ['c/d', -2],
  ]);
});
