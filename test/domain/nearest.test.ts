import { expect, test } from 'vitest';
import { didYouMean, nearestNames } from '../../harness/domain/nearest.ts';

const stores = ['copy-then-replace', 'copy-then-replace-unsynced', 'in-place', 'rename-away', 'recover-when-empty', 'recover-when-missing'];

test.each([
  ['renam-away', ['rename-away']],
  ['RENAME-AWAY', ['rename-away']],
  ['copy', ['copy-then-replace', 'copy-then-replace-unsynced']],
  ['recover-when-emty', ['recover-when-empty', 'recover-when-missing']],
  ['in-plcae', ['in-place']],
  ['zebra', []],
  ['', []],
])('%s', (wanted, names) => {
  expect(nearestNames(wanted, stores)).toEqual(names);
});

test('no more than were asked for', () => {
  expect(nearestNames('a1', ['a2', 'a3', 'a4', 'a5'], 2)).toEqual(['a2', 'a3']);
});

test.each([
  ['renam-away', ['rename-away', 'in-place'], 'unknown store "renam-away"; did you mean rename-away? Known: rename-away, in-place'],
  ['a1', ['a2', 'a3'], 'unknown store "a1"; did you mean a2 or a3? Known: a2, a3'],
  ['zebra', ['in-place'], 'unknown store "zebra". Known: in-place'],
  ['x', [], 'unknown store "x". None is known'],
])('the error for %s', (wanted, known, message) => {
  expect(didYouMean('store', wanted, known)).toBe(message);
});

test('a long list is cut short', () => {
  const known = Array.from({ length: 72 }, (_, index) => `name-${index}`);
  expect(didYouMean('case', 'zebra', known)).toMatch(/, name-19, and 52 more$/);
});
