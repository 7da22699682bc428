import { expect, test } from 'vitest';
import type { Promised } from '../../harness/domain/trace.ts';
import { counted, duration, printable } from '../../harness/domain/words.ts';
import { describeFound } from '../../harness/explain/found.ts';
import { describeLoaded, describePromised, describeValue } from '../../harness/explain/values.ts';

test.each([
  [undefined, 'nothing'],
  [null, 'null'],
  [{}, '{}'],
  [[], '[]'],
  [{ a: 1 }, '1 entry'],
  [{ a: 1, b: {}, c: 3, d: 4, e: 5 }, '5 entries'],
  [[1, 2], '2 items'],
  ['text', '"text"'],
  ['a text of more than twenty-four letters', '"a text of more than twen…"'],
  [0, '0'],
  [false, 'false'],
])('%j is written as %s', (value, words) => {
  expect(describeValue(value)).toBe(words);
});

const [a, b, c] = [{ v: 'a' }, { v: 'b' }, { v: 'c' }];
const promised: Promised = { acknowledged: b, inFlight: [c], earlier: [undefined, a] };

test.each([
  ['the acknowledged value', b, '1 entry, as last acknowledged'],
  ['the value in flight', c, '1 entry, of the save under way'],
  ['an old value', a, '1 entry, as of 1 save earlier'],
  ['a stranger', { v: 'd' }, '1 entry that nobody saved'],
  ['an empty store', {}, '{}'],
])('what load returned says which save it came from: %s', (_, value, words) => {
  expect(describeLoaded(value, promised)).toBe(words);
});

test('a promise names both values only where their words differ', () => {
  expect(describePromised(promised)).toBe('1 entry');
  expect(describePromised({ acknowledged: undefined, inFlight: [a], earlier: [] })).toBe('nothing or 1 entry');
});

test.each([
  ['empty', { load: { kind: 'loaded', value: {} } }, '{}'],
  ['empty', { load: { kind: 'loaded' } }, 'nothing'],
  ['unreadable', { load: { kind: 'threw', error: 'SyntaxError: no' } }, 'threw SyntaxError: no'],
  ['unreadable', { load: { kind: 'ended', how: 'exit code 3' } }, 'ended the process: exit code 3'],
  ['hung', { load: { kind: 'loaded' }, save: { kind: 'hung', afterMs: 10_000 } }, 'the next save, within 10 s'],
  ['blocked', { load: { kind: 'loaded' }, save: { kind: 'threw', error: 'EEXIST' } }, 'threw EEXIST'],
  [
    'blocked',
    { load: { kind: 'loaded' }, save: { kind: 'saved' }, secondLoad: { kind: 'loaded', value: {} } },
    'resolved, but the load after it returned {}',
  ],
] as const)('%s: %j', (outcome, recovery, words) => {
  expect(describeFound(outcome, recovery, promised)).toBe(words);
});

test.each([
  [412, '0.4 s'],
  [9_999, '10 s'],
  [48_213, '48 s'],
  [125_000, '2 min 5 s'],
])('%i ms is %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test('counts have commas and a plural', () => {
  expect(counted(1, 'kill')).toBe('1 kill');
  expect(counted(1204, 'kill')).toBe('1,204 kills');
});

test('text from a store cannot move the cursor', () => {
  expect(printable('a\n\u001b[2Jb\u202e')).toBe('a\\n\\u{1b}[2Jb\\u{202e}');
});
