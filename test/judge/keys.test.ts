import { expect, test } from 'vitest';
import type { Outcome } from '../../harness/domain/outcomes.ts';
import type { Json, Promised } from '../../harness/domain/trace.ts';
import { judgeRecovery } from '../../harness/judge/outcome.ts';

type Maps = readonly (Json | undefined)[];

/** A map in which `x` came after `y`, then got another value, and `z` was deleted; `x` is being set to 3. */
const HISTORY: Maps = [{ z: 1 }, { z: 1, y: 1 }, { z: 1, y: 1, x: 1 }, { y: 1, x: 1 }, { y: 1, x: 2 }];
const promised: Promised = { acknowledged: HISTORY.at(-1), inFlight: [{ y: 1, x: 3 }], earlier: HISTORY.slice(0, -1) };

const outcomeOf = (found: Json | undefined, of: Promised = promised, second?: Json): Outcome => {
  const after = second ?? { ...(typeof found === 'object' ? found : {}), next: 0 };
  const load = found === undefined ? ({ kind: 'loaded' } as const) : ({ kind: 'loaded', value: found } as const);
  return judgeRecovery(
    of,
    { load, save: { kind: 'saved' }, secondLoad: { kind: 'loaded', value: after } },
    { next: { next: 0 }, contract: 'map', throwsWhenFresh: false },
  );
};

test.each<[what: string, found: Json | undefined, outcome: Outcome]>([
  ['every key as acknowledged', { x: 2, y: 1 }, 'original'],
  ['the key that is being set', { x: 3, y: 1 }, 'new'],
  ['a key at an earlier value of its own', { x: 1, y: 1 }, 'stale'],
  ['a key that was deleted', { x: 2, y: 1, z: 1 }, 'stale'],
  ['no key that was there when its last change began', { y: 1 }, 'lost'],
  ['no key that its only change made', { x: 2 }, 'stale'],
  ['a value that another key had', { x: 2, y: 2 }, 'mixed'],
  ['a key that nobody set', { x: 2, y: 1, w: 1 }, 'mixed'],
  ['an earlier key and one that is gone', { z: 1 }, 'lost'],
  ['nothing', {}, 'empty'],
  ['undefined', undefined, 'empty'],
  ['a list', [1], 'mixed'],
])('%s', (_, found, outcome) => {
  expect(outcomeOf(found)).toBe(outcome);
});

test('a key that was there from the start is lost', () => {
  expect(outcomeOf({ b: 1 }, { acknowledged: { a: 1, b: 1 }, inFlight: [], earlier: [] })).toBe('lost');
});

test('keys that failed calls may have changed are each allowed by themselves', () => {
  const either: Promised = {
    acknowledged: { a: 1, b: 1 },
    inFlight: [
      { a: 2, b: 1 },
      { a: 1, b: 2 },
    ],
    earlier: [],
  };
  expect(outcomeOf({ a: 2, b: 2 }, either)).toBe('new');
});

test('the next set must show, and take no other key with it', () => {
  expect(outcomeOf({ x: 2, y: 1 }, promised, { x: 2, y: 1 })).toBe('blocked');
  expect(outcomeOf({ x: 2, y: 1 }, promised, { x: 2, next: 0 })).toBe('blocked');
});
