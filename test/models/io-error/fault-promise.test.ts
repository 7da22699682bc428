/** What is promised, and found, where calls failed and steps were rejected. */
import { describe, expect, test } from 'vitest';
import type { Recovery } from '../../../harness/domain/recovery.ts';
import type { Outcome } from '../../../harness/domain/store.ts';
import type { Json, Mark, Step } from '../../../harness/domain/trace.ts';
import { judgeAfterFault, promiseOf } from '../../../harness/models/io-error/fault-promise.ts';

const [A, B, C] = [{ is: 'A' }, { is: 'B' }, { is: 'C' }];
const NEXT = { is: 'next' };
const save = (value: Json): Step => ({ kind: 'save', value });
const marksOf = (kinds: string): Pick<Mark, 'kind' | 'step'>[] =>
  [...kinds].map((kind, step) => ({ kind: kind === '+' ? 'resolved' : 'rejected', step }));
const found = (value?: Json): Recovery => ({
  load: { kind: 'loaded', ...(value !== undefined && { value }) },
  save: { kind: 'saved' },
  secondLoad: { kind: 'loaded', value: NEXT },
});

describe('after A, and steps that resolved (+) or were rejected (-)', () => {
  test.each<[string, Json | undefined, readonly Step[], string, Json | undefined, Outcome]>([
    ['a save kept its value', A, [save(B)], '+', B, 'original'],
    ['a save did not', A, [save(B)], '+', A, 'false-ack'],
    ['nor did a first one', undefined, [save(A)], '+', undefined, 'false-ack'],
    ['a save lost both', A, [save(B)], '+', {}, 'empty'],
    ['a save left what nobody saved', A, [save(B)], '+', C, 'mixed'],
    ['one that was rejected left the old value', A, [save(B)], '-', A, 'original'],
    ['or its own', A, [save(B)], '-', B, 'new'],
    ['or nothing', A, [save(B)], '-', {}, 'empty'],
    ['a first one that was rejected left nothing', undefined, [save(A)], '-', undefined, 'original'],
    ['two that were rejected left either', A, [save(B), save(C)], '--', B, 'new'],
    ['what was rejected is gone after one that resolved', A, [save(B), save(C)], '-+', C, 'original'],
    ['what was rejected is there instead of one that resolved', A, [save(B), save(C)], '-+', B, 'false-ack'],
    ['an old value after two that resolved', A, [save(B), save(C)], '++', A, 'stale'],
    ['a value from before the last that resolved, when the one after was rejected', A, [save(B), save(C)], '+-', A, 'stale'],
    ['an update on either value', A, [save(B), { kind: 'update', add: { more: 1 } }], '-+', { ...B, more: 1 }, 'new'],
    ['an update on nothing', A, [{ kind: 'update', add: { more: 1 } }], '+', { more: 1 }, 'mixed'],
  ])('%s', (_, before, steps, marks, value, outcome) => {
    const promise = promiseOf(before, steps, marksOf(marks), false);
    expect(judgeAfterFault(promise, found(value), { next: NEXT, throwsWhenFresh: false })).toBe(outcome);
  });

  test('a step that the process died in counts as rejected', () => {
    const judge = (value: Json): Outcome =>
      judgeAfterFault(promiseOf(A, [save(B), save(C)], marksOf('+'), true), found(value), { next: NEXT, throwsWhenFresh: false });
    expect([judge(B), judge(C), judge(A)]).toEqual(['original', 'new', 'stale']);
  });
});
