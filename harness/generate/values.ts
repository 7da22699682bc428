/** What histories save: a few small values of different lengths that share keys, so that a mix of two values can be detected. */
import type { Json } from '../domain/trace.ts';

type Sessions = { readonly [key: string]: Json };

/** Number of values and of keys in drawn histories. */
export const VALUES = 3;
export const KEYS = 2;

const CHANNELS = 'abcdefghi';

/** Value `n` has `n` sessions, 1 to 9. They contain no time, so that no store expires them, and are the same in every run. */
export function historyValue(n: number): Sessions {
  return Object.fromEntries([...CHANNELS.slice(0, n)].map((channel, at) => [keyOf(at + 1), { sessionId: `v${n}-${channel}` }]));
}

/** The key of the nth session of a value, 1 to 9. */
export const keyOf = (n: number): string => `agent:main:${CHANNELS[n - 1]}`;

/** What an update of key `n` adds or replaces. */
export function historyAddition(n: number): Sessions {
  return { [`agent:main:key:${n}`]: { sessionId: `k${n}` } };
}
