/** Choices of a boundary: what they allow is what the enumeration has, and what it does not have they do not offer. */
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import { treeKey } from '../../harness/domain/tree.ts';
import { historyOf } from '../../harness/persistence/micro-op-history.ts';
import { COMBINATIONS_KEPT, pendingAt } from '../../harness/persistence/pending.ts';
import { rebuild, statesAt } from '../../harness/persistence/power-loss.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { detailOf } from '../../harness/persistence/state-id.ts';
import { traceOf } from '../lab/traces.ts';

const [before, empty, written, renamed] = [
  treeOf({ live: 'old' }),
  treeOf({ live: 'old', tmp: '' }),
  treeOf({ live: 'old', tmp: 'new' }),
  treeOf({ live: 'new' }),
];
const saved = traceOf({
  before,
  ops: [
    [{ call: 'open', path: 'tmp' }, empty],
    [{ call: 'write', path: 'tmp', range: { offset: 0, length: 3 } }, written],
    [{ call: 'rename', path: 'tmp', to: 'live' }, renamed],
  ],
});

describe.each(Object.values(PROFILES))('$name', (profile) => {
  test.each([0, 1, 2, 3])('the combinations at boundary %i leave the trees that may be left there, and no other', (boundary) => {
    const { combinations, isWhole } = pendingAt(saved, profile, boundary, 4096);
    const expected = [...statesAt(saved, profile, boundary)].map((state) => treeKey(state.toTree()));
    expect(isWhole).toBe(true);
    expect([...new Set(combinations.map(({ tree }) => treeKey(tree)))].sort()).toEqual([...new Set(expected)].sort());
  });

  test.each([1, 2, 3])('a case id can name each combination at boundary %i, and rebuilds its tree', (boundary) => {
    const { combinations, pieces } = pendingAt(saved, profile, boundary, 4096);
    const { actions } = historyOf(saved, 4096);
    for (const { lost, tree } of combinations) {
      const parts = [...lost].flatMap((place) => pieces[place]?.microOps ?? []);
      const inOrder = parts.sort((one, other) => one.op.index - other.op.index || one.part - other.part);
      const detail = detailOf(inOrder, actions, 4096, () => 'too long');
      expect(treeKey(rebuild(saved, profile, boundary, detail)), detail).toBe(treeKey(tree));
    }
  });

  test('what a piece takes is closed: who takes another takes what that takes', () => {
    const { pieces } = pendingAt(saved, profile, 3, 512);
    for (const [place, { takes }] of pieces.entries()) {
      expect(takes).toContain(place);
      for (const other of takes) expect(takes).toEqual(expect.arrayContaining([...(pieces[other]?.takes ?? [])]));
    }
  });
});

test('many pieces: so many combinations, and no claim that there are no others', () => {
  const names = Array.from({ length: 9 }, (_, index) => `file${index}`);
  const ops = names.map(
    (path, index) =>
      [{ call: 'open', path } as const, treeOf(Object.fromEntries(names.slice(0, index + 1).map((name) => [name, ''])))] as const,
  );
  const { combinations, isWhole, pieces } = pendingAt(traceOf({ ops }), PROFILES.posix, 9, 4096);
  expect([combinations.length, isWhole, pieces.length]).toEqual([COMBINATIONS_KEPT, false, 9]);
});
