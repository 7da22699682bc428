import { describe, expect, test } from 'vitest';
import { addedTo, alike, type Likeness, parsePath } from '../../harness/domain/alike.ts';
import type { Json } from '../../harness/domain/trace.ts';

const SAVED = { a: { id: 1, tags: ['x'] }, b: { id: 2, tags: [] } };
const LOADED = { a: { id: 1, tags: ['x'], since: 0 }, b: { id: 2, tags: [], since: 1 }, version: 3 };

describe('what load adds', () => {
  test.each<[what: string, saved: Json, loaded: Json, added: readonly string[] | undefined]>([
    ['nothing', SAVED, { b: SAVED.b, a: SAVED.a }, []],
    ['members at each place, once', SAVED, LOADED, ['version', '*.since']],
    ['members in a list', [{ id: 1 }], [{ id: 1, at: 5 }], ['*.at']],
    ['to nothing', {}, { version: 1 }, ['version']],
    ['where a member is missing', SAVED, { a: SAVED.a, version: 1 }, undefined],
    ['where a member is changed', SAVED, { ...SAVED, b: { id: 3, tags: [] } }, undefined],
    ['where an item is missing', [1, 2], [1], undefined],
    ['where a list has more', [1], [1, 2], undefined],
    ['to a text', 'x', { text: 'x' }, undefined],
  ])('%s', (_, saved, loaded, added) => {
    expect(addedTo(saved, loaded, [])?.map((path) => path.join('.'))).toEqual(added);
  });

  test('what is ignored may differ, and is not added', () => {
    const ignore = ['*.id', 'version'].map(parsePath);
    expect(addedTo(SAVED, { a: { ...SAVED.a, id: 9 }, b: SAVED.b, version: 1 }, ignore)).toEqual([]);
    expect(addedTo(SAVED, { a: { ...SAVED.a, id: 9 }, b: SAVED.b }, [])).toBeUndefined();
  });
});

describe('what was saved is given back', () => {
  const likeness: Likeness = { adds: addedTo(SAVED, LOADED, []) ?? [] };
  test.each<[what: string, loaded: Json | undefined, expected: boolean]>([
    ['as it was', SAVED, true],
    ['with what load adds', LOADED, true],
    ['with other values of that', { ...LOADED, version: 4 }, true],
    ['with some of it', { ...SAVED, version: 4 }, true],
    ['with something else', { ...SAVED, other: 4 }, false],
    ['with a key that nobody saved', { ...SAVED, c: { id: 3 } }, false],
    ['without a key', { a: SAVED.a, version: 3 }, false],
    ['with another value', { ...LOADED, b: { id: 3, tags: [], since: 1 } }, false],
    ['not at all', undefined, false],
  ])('%s', (_, loaded, expected) => {
    expect(alike(loaded, SAVED, likeness)).toBe(expected);
    expect(alike(SAVED, loaded, likeness)).toBe(expected);
  });
});
