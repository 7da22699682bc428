import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import type { SessionEntries } from '../../src/entries.ts';
import { DEFAULT_LIMITS, maintain } from '../../src/maintenance.ts';

const DAY_MS = 24 * 3_600_000;
const now = 1_800_000_000_000;

const anyEntries = fc.dictionary(
  fc.string(),
  fc.oneof(fc.record({ updatedAt: fc.integer({ min: now - 60 * DAY_MS, max: now + DAY_MS }) }), fc.constant({}), fc.constant(null)),
) as fc.Arbitrary<Record<string, unknown>>;

test.each([
  ['30 days old', now - 30 * DAY_MS, true],
  ['a millisecond older', now - 30 * DAY_MS - 1, false],
  ['of the future', now + DAY_MS, true],
  ['without a time', undefined, true],
])('an entry %s', (_, updatedAt, stays) => {
  const { kept, removed } = maintain({ key: { sessionId: 'a', updatedAt } } as never, DEFAULT_LIMITS, now);
  expect([Object.keys(kept).length, removed.length]).toEqual(stays ? [1, 0] : [0, 1]);
});

test('of too many entries the newest stay, in their order', () => {
  const times = [5, 1, undefined, 4, 3];
  const entries = Object.fromEntries(times.map((time, n) => [`key-${n}`, { sessionId: `${n}`, updatedAt: time }]));
  const { kept, removed } = maintain(entries as never, { maxAgeMs: 100, maxEntries: 3 }, 10);
  expect(Object.keys(kept)).toEqual(['key-0', 'key-3', 'key-4']);
  expect(removed.map(({ sessionId }) => sessionId)).toEqual(['1', '2']);
});

test.prop([anyEntries, fc.nat({ max: 5 })])('every entry is kept or removed, within the limits', (entries, maxEntries) => {
  const { kept, removed } = maintain(entries as SessionEntries, { ...DEFAULT_LIMITS, maxEntries }, now);
  const timeOf = (entry: unknown) => (entry as { updatedAt?: number } | null)?.updatedAt ?? -1;
  expect(Object.keys(kept).length + removed.length).toBe(Object.keys(entries).length);
  expect(Object.keys(kept).length).toBeLessThanOrEqual(maxEntries);
  expect(Object.entries(kept).every(([key, entry]) => entries[key] === entry)).toBe(true);
  const oldestKept = Math.min(...Object.values(kept).map(timeOf));
  for (const entry of removed) expect(timeOf(entry) <= oldestKept || timeOf(entry) < now - DEFAULT_LIMITS.maxAgeMs).toBe(true);
});

test.prop([anyEntries, fc.nat({ max: 5 })])('maintaining what was kept removes nothing', (entries, maxEntries) => {
  const limits = { ...DEFAULT_LIMITS, maxEntries };
  const { kept } = maintain(entries as SessionEntries, limits, now);
  expect(maintain(kept, limits, now)).toEqual({ kept, removed: [] });
});
