import { describe, expect, test } from 'vitest';
import type { NameRule } from '../../harness/domain/trace.ts';
import { isNext, markKey, type OpIntent, opKey } from '../../harness/record/order.ts';

const RULES: readonly NameRule[] = [{ prefix: 'live.', suffix: '', charset: 'hex', except: [] }];
const write: OpIntent = { call: 'write', path: 'live.0a', process: 0 };

test.each<[OpIntent, string]>([
  [write, 'write live.<random>'],
  [{ ...write, path: 'live' }, 'write live'],
  [{ ...write, call: 'rename', to: { path: 'live.1b' } }, 'rename live.<random> -> live.<random>'],
  [{ ...write, call: 'open', flags: ['write', 'create'] }, 'open live.<random> [write create]'],
  [{ ...write, process: 2 }, 'write live.<random> by child process 2'],
])('the key of an op: %j', (op, key) => {
  expect(opKey(op, RULES)).toBe(key);
});

test('the key of a mark counts steps from 1', () => {
  expect(markKey({ kind: 'resolved', step: 0 })).toBe('step 1 resolved');
  expect(markKey({ kind: 'rejected', step: 2 })).toBe('step 3 rejected');
});

describe('an event is the recorded one', () => {
  test.each([
    ['write a', 'write a', true, true],
    ['write a.1b', 'write a.2c', false, true],
    ['rename a.1b -> a', 'rename a.2c -> a', false, true],
    ['write a', 'write a.b', false, false],
    ['open a [write]', 'open a [write create]', false, false],
    ['write a', 'write a by child process 1', false, false],
  ])('"%s" and "%s": %s, at first %s', (expected, got, same, alike) => {
    expect(isNext([expected], 0, got, 'same')).toBe(same);
    expect(isNext([expected], 0, got, 'alike')).toBe(alike);
  });

  // The second run may differ in names alone: not in what it does, nor in how a step ended.
  test.each([
    ['fsync a', 'fdatasync a'],
    ['unlink a', 'rmdir a'],
    ['open a [read]', 'open a [write]'],
    ['write a by child process 1', 'write a by child process 2'],
    ['step 1 resolved', 'step 1 rejected'],
  ])('"%s" is never "%s"', (expected, got) => {
    expect(isNext([expected], 0, got, 'alike')).toBe(false);
  });
});
