/** What histories save: a few small values of different lengths, with keys in common, so that parts of one in another show. */
import type { Json } from '../domain/trace.ts';

type Sessions = { readonly [key: string]: Json };

/** Values and keys that histories are drawn from. */
export const VALUES = 3;
export const KEYS = 2;

const CHANNELS = 'abcdefghi';

/** Value `n` has `n` sessions, 1 to 9. They have no time: no store takes them for expired, and they are the same in every run. */
export function historyValue(n: number): Sessions {
  return Object.fromEntries([...CHANNELS.slice(0, n)].map((channel) => [`agent:main:${channel}`, { sessionId: `v${n}-${channel}` }]));
}

/** What an update of key `n` adds or replaces. */
export function historyAddition(n: number): Sessions {
  return { [`agent:main:key:${n}`]: { sessionId: `k${n}` } };
}
