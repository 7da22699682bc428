import { expect, test } from 'vitest';
import { fsync, open, rename, resolved, traceOfRun, write } from '../../../harness/calibrate/run.ts';
import { NoSuchCase } from '../../../harness/domain/errors.ts';
import { treeKey } from '../../../harness/domain/tree.ts';
import { LossSpace, lossStateNamed, promisesOf } from '../../../harness/models/power-loss/loss-space.ts';
import { statesAt } from '../../../harness/persistence/power-loss.ts';
import { PROFILES } from '../../../harness/persistence/profiles.ts';

/** Three sectors are overwritten in place, and the second time forced. */
const trace = traceOfRun({ a: 'o'.repeat(1500) }, [
  open('a', 'write'),
  write('a', 'n'.repeat(1500), 0),
  resolved,
  write('a', 'm'.repeat(1500), 0),
  fsync('a'),
]);
const ALL = { limit: 10_000, seed: 1 };
const { ext4, xfs } = PROFILES;

test('torn writes come after whole pages, and only those that pages do not give', () => {
  const { states, coverage } = new LossSpace(trace, ext4, ALL);
  const promises = promisesOf(trace);
  const keys = states.map((state) => `${promises(state.at.op)} ${treeKey(state.tree)}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(states.filter(({ unit }) => unit === 4096).length).toBe(coverage.pages.distinct);
  const torn = states.filter(({ unit }) => unit === 512);
  expect(torn.length).toBeGreaterThan(0);
  for (const { loss } of torn) expect(loss.detail).toMatch(/^lost512=/);
  expect(states.map(({ at }) => at.op)).toEqual(states.map(({ at }) => at.op).sort((one, other) => one - other));
});

test('whole pages only, where that is asked for', () => {
  const { states, coverage } = new LossSpace(trace, ext4, { ...ALL, wholePages: true });
  expect(states.every(({ unit }) => unit === 4096)).toBe(true);
  expect(coverage.sectors).toBeUndefined();
});

test('a state is found again by its name', () => {
  for (const { at, loss, tree } of new LossSpace(trace, xfs, ALL).states) {
    const again = lossStateNamed(trace, xfs, { at, detail: loss.detail }, ALL);
    expect(treeKey(again.tree)).toBe(treeKey(tree));
    expect(again.loss.lost.map(({ op, part }) => [op.index, part])).toEqual(loss.lost.map(({ op, part }) => [op.index, part]));
  }
  expect(() => lossStateNamed(trace, xfs, { at: { op: 2 }, detail: 'lost=9' }, ALL)).toThrow(NoSuchCase);
});

test('promises are counted up to a boundary, with what resolved there', () => {
  const at = promisesOf(traceOfRun({ a: 'x' }, [rename('a', 'b'), resolved, rename('b', 'c'), resolved]));
  expect([0, 1, 2].map(at)).toEqual([0, 1, 2]);
  const early = promisesOf(traceOfRun({ a: 'x' }, [resolved, rename('a', 'b'), resolved]));
  expect([0, 1].map(early)).toEqual([1, 2]); // a step that does nothing resolves before the first op
});

test('the space knows every tree that was enumerated, and at each boundary all that it may leave', () => {
  const space = new LossSpace(trace, ext4, ALL);
  const { coverage } = space;
  expect(space.trees(4096).length).toBe(coverage.pages.distinct);
  expect(space.trees(512).length).toBe(coverage.sectors?.distinct);
  expect(space.points).toBe(trace.ops.length + 1);
  const enumerated = new Set(space.trees(4096).map(({ hash }) => hash));
  for (let boundary = 0; boundary < space.points; boundary += 1) {
    const hashes = space.hashesAt(boundary);
    expect(hashes).toEqual([...statesAt(trace, ext4, boundary)].map(({ hash }) => hash));
    expect(hashes.filter((hash) => !enumerated.has(hash))).toEqual([]);
  }
});
