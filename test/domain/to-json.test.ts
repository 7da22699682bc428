import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { toJson } from '../../harness/domain/to-json.ts';

class Session {
  readonly id = 1;
}
const cycle: { name: string; self?: unknown } = { name: 'a' };
cycle.self = [cycle];
const twice = { a: 1 };

describe('what JSON would change without a word is refused', () => {
  test.each<[unknown, string]>([
    [new Map([['a', 1]]), 'a Map'],
    [{ a: { b: new Set() } }, 'a Set at a.b'],
    [10n, 'a bigint'],
    [{ list: [1, Number.NaN] }, 'NaN at list.1'],
    [-Infinity, '-Infinity'],
    [{ when: new Date(0) }, 'a Date at when'],
    [Buffer.from('x'), 'a Buffer'],
    [new Session(), 'a Session'],
    [{ a: () => 1 }, 'a function at a'],
    [{ a: Symbol('x') }, 'a symbol at a'],
    [cycle, 'a value that contains itself at self.0'],
  ])('%o', (value, what) => {
    expect(toJson(value)).toEqual({ kind: 'not-json', what });
  });

  test.each<[unknown]>([[[undefined]], [[undefined, 1]], [new Array(2)]])('a hole in a list, which JSON makes null: %o', (value) => {
    expect(toJson(value)).toMatchObject({ kind: 'not-json' });
  });
});

describe('what JSON carries is taken', () => {
  test.each([
    [null],
    [false],
    [0],
    [''],
    [[]],
    [{}],
    [{ a: [{ b: [null] }] }],
    [[twice, twice]],
    [Object.assign(Object.create(null), { a: 1 })],
  ])('%j', (value) => {
    expect(toJson(value)).toEqual({ kind: 'loaded', value });
  });

  test('a property that is undefined is left out by every store that serializes', () => {
    expect(toJson({ a: undefined })).toMatchObject({ kind: 'loaded' });
    expect(toJson(undefined)).toEqual({ kind: 'loaded' });
  });
});

law.prop([fc.jsonValue()])('every JSON value is taken as it is', (value) => {
  expect(toJson(value)).toEqual({ kind: 'loaded', value });
});
