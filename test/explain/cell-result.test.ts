import { expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import { filesIn } from '../../harness/explain/cell-result.ts';

const listed = (...names: string[]): unknown =>
  filesIn(treeOf(Object.fromEntries(names.map((name, size) => [name, 'x'.repeat(size)]))), { names: [], contents: new Set() });

test('the files of a case come in the same order whatever the run called them', () => {
  const [early, late] = ['0aaaaaaa', 'ffffffff'].map((start) => `store.${start}-1111-4111-8111-111111111111.tmp`);
  const backup = 'store.bak.1700000000000';
  const expected = [
    { path: 'store.<uuid>.tmp', bytes: 0 },
    { path: 'store.<uuid>.tmp', bytes: 2 },
    { path: 'store.bak.<time>', bytes: 1 },
  ];
  expect(listed(early ?? '', backup, late ?? '')).toEqual(expected);
  expect(listed(late ?? '', backup, early ?? '')).toEqual(expected);
});
