import { expect, test } from 'vitest';
import type { Outcome } from '../../harness/domain/outcomes.ts';
import type { Json, Promised } from '../../harness/domain/trace.ts';
import { judgeRecovery } from '../../harness/judge/outcome.ts';

const record = (id: string): Json => ({ id, text: id.repeat(8) });
const [A, B, C, D] = [record('a'), record('b'), record('c'), record('d')];
/** `a` was there before the first step; `b` and `c` are acknowledged, `d` is being appended. */
const promised: Promised = { acknowledged: [A, B, C], inFlight: [[A, B, C, D]], earlier: [[A], [A, B]] };

const outcomeOf = (found: Json | undefined, of: Promised = promised, second?: Json): Outcome => {
  const load = found === undefined ? ({ kind: 'loaded' } as const) : ({ kind: 'loaded', value: found } as const);
  const after = second ?? [...(Array.isArray(found) ? found : []), 'next'];
  return judgeRecovery(
    of,
    { load, save: { kind: 'saved' }, secondLoad: { kind: 'loaded', value: after } },
    { next: 'next', contract: 'log', throwsWhenFresh: false },
  );
};

test.each<[what: string, found: Json | undefined, outcome: Outcome]>([
  ['every record that was acknowledged', [A, B, C], 'original'],
  ['with the one that is being appended', [A, B, C, D], 'new'],
  ['without the last one', [A, B], 'stale'],
  ['with a hole', [A, C], 'lost'],
  ['with a hole before the one that is being appended', [A, B, D], 'lost'],
  ['without one that was there before the first step', [B, C], 'lost'],
  ['a record twice', [A, B, B, C], 'twice'],
  ['two in another order', [A, C, B], 'out-of-order'],
  ['a text that is cut off', [A, B, C, { id: 'd', text: 'ddd' }], 'torn'],
  ['a record without a member', [A, B, C, { id: 'd' }], 'torn'],
  ['two records in one', [A, B, C, { id: 'c', text: 'ddd' }], 'mixed'],
  ['what nobody appended', [A, B, C, { id: 'e' }], 'mixed'],
  ['nothing of what was there', [], 'empty'],
  ['undefined', undefined, 'empty'],
  ['an object', { id: 'a' }, 'mixed'],
])('%s', (_, found, outcome) => {
  expect(outcomeOf(found)).toBe(outcome);
});

test('a log that was empty has lost its last records when it is empty again', () => {
  const fresh: Promised = { acknowledged: [A], inFlight: [], earlier: [undefined] };
  expect(outcomeOf([], fresh)).toBe('stale');
});

test('a record that was appended twice may be there twice', () => {
  const twice: Promised = { acknowledged: [A, A], inFlight: [], earlier: [[A]] };
  expect(outcomeOf([A, A], twice)).toBe('original');
  expect(outcomeOf([A, A, A], twice)).toBe('twice');
});

test('the next record must be whole, at the end, and glued to none', () => {
  expect(outcomeOf([A, B, C], promised, [A, B, C])).toBe('blocked');
  expect(outcomeOf([A, B, C], promised, ['next', A, B, C])).toBe('blocked');
});
