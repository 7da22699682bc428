import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  chmod,
  close,
  type Do,
  inWords,
  link,
  open,
  rename,
  symlink,
  traceOfRun,
  truncate,
  unlink,
  write,
  writeFile,
} from '../../harness/calibrate/run.ts';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { Trace } from '../../harness/domain/trace.ts';
import { treeKey } from '../../harness/domain/tree.ts';
import { NotReplayable } from '../../harness/persistence/actions.ts';
import { hashOfTree } from '../../harness/persistence/disk.ts';
import { historyOf } from '../../harness/persistence/micro-op-history.ts';
import { draws } from '../lab/depth.ts';
import { BEFORE, calls } from './random-run.ts';

/** Every tree that the model passes through. */
function replayed(trace: Trace, unit: 4096 | 512 = 4096): string[] {
  const { start, actions } = historyOf(trace, unit);
  const trees = [treeKey(start.toTree())];
  let disk = start;
  for (const { microOps } of actions) {
    for (const { inode, effect } of microOps) disk = disk.after(inode, effect);
    trees.push(treeKey(disk.toTree()));
  }
  return trees;
}

describe('the model does what the file system does', () => {
  law.prop({ ops: calls({ most: 40, forced: 1 }), unit: fc.constantFrom(4096 as const, 512 as const) }, { numRuns: draws(60) })(
    'replaying a run gives its tree at every boundary',
    ({ ops, unit }) => {
      const trace = traceOfRun(BEFORE, ops);
      expect(replayed(trace, unit), inWords(trace)).toEqual(trace.trees.map(treeKey));
    },
  );

  test.each<[string, Do[]]>([
    ['a rename onto the same file', [link('a', 'c'), rename('a', 'c'), rename('a', 'a')]],
    ['a rename over another file', [rename('a', 'b')]],
    ['a rename of a directory', [rename('d', 'e'), rename('e/a', 'a')]],
    ['a file that is written after its last name is gone', [open('a', 'append'), unlink('a'), write('a', 'more'), close('a')]],
    [
      'a name that is taken again while the old file is open',
      [open('a', 'append'), unlink('a'), ...writeFile('a', 'new'), rename('a', 'b')],
    ],
    ['a file that is written under another name', [open('a', 'write'), rename('a', 'z'), write('a', 'zz'), truncate('a', 1)]],
    ['hard links', [link('a', 'c'), open('c', 'append'), write('c', '!'), chmod('a', 0o640), unlink('a')]],
    ['a hole', [open('a', 'write'), write('a', 'far', 20_000), truncate('a', 10_000), truncate('a', 30_000)]],
    ['an overwritten end', [open('b', 'write'), truncate('b', 10), write('b', 'x', 4090), write('b', 'yyyyyyyyyyyy', 4092)]],
    ['a symlink that is followed', [symlink('d/a', 's'), ...writeFile('s', 'through', 'truncate'), chmod('s', 0o600)]],
    ['a symlink that led nowhere', [symlink('new', 's'), ...writeFile('s', 'through', 'create')]],
    ['a symlink in a path', [symlink('../d', 'd/up'), ...writeFile('d/up/x', 'below'), unlink('d/up/a')]],
  ])('%s', (_, ops) => {
    const trace = traceOfRun(BEFORE, ops);
    expect(trace.ops.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(replayed(trace)).toEqual(trace.trees.map(treeKey));
  });

  test('what is not recorded is read from the trees', () => {
    const trace = traceOfRun(BEFORE, [...writeFile('n', 'new'), open('b', 'write'), write('b', 'in', 4095), truncate('b', 7), close('b')]);
    const bare = { ...trace, ops: trace.ops.map(({ data: _, flags: __, range: ___, ...op }) => op) };
    expect(replayed(bare)).toEqual(trace.trees.map(treeKey));
  });
});

describe('a run that the model cannot follow is refused', () => {
  test('a tree that the ops do not account for', () => {
    const trace = traceOfRun(BEFORE, writeFile('n', 'new'));
    const trees = trace.trees.map((tree, index) => (index < 2 ? tree : treeOf({ other: 'file' })));
    expect(() => historyOf({ ...trace, trees })).toThrow(NotReplayable);
    expect(() => historyOf({ ...trace, trees })).toThrow(/op 2, write n/);
  });

  test('bytes that nobody wrote down', () => {
    const trace = traceOfRun(BEFORE, [open('a', 'append'), unlink('a'), write('a', 'more')]);
    const ops = trace.ops.map(({ data: _, ...op }) => op);
    expect(() => historyOf({ ...trace, ops })).toThrow('op 3, write a: it wrote to a file without a name, and the bytes were not recorded');
  });
});

law.prop({ ops: calls({ most: 25, forced: 0 }) }, { numRuns: draws(25) })(
  'trees have the same hash exactly if they are the same',
  ({ ops }) => {
    const trace = traceOfRun(BEFORE, ops);
    const keys = new Map<string, string>();
    for (const tree of trace.trees) {
      const { a, b } = hashOfTree(tree);
      const known = keys.get(`${a} ${b}`) ?? treeKey(tree);
      expect(treeKey(tree)).toBe(known);
      keys.set(`${a} ${b}`, known);
    }
    expect(keys.size).toBe(new Set(trace.trees.map(treeKey)).size);
  },
);
