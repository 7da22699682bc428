import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { type Call, promisedBy } from '../../harness/generate/call.ts';
import { promisedAfter } from '../../harness/judge/promise.ts';
import { traceOf } from '../lab/traces.ts';

const save = (value: string, from: number, until: number, resolved = true): Call => ({
  kind: 'save',
  step: 0,
  value,
  from,
  until,
  resolved,
});
const load = (value: string | undefined, from: number, until: number, resolved = true): Call => ({
  kind: 'load',
  step: 0,
  value,
  from,
  until,
  resolved,
});

/** A save of A; one of B that dies after op 7; a process that loads, and saves C. */
const crashed = (loaded: 'A' | 'B'): Call[] => [save('A', 0, 5), save('B', 5, 7, false), load(loaded, 7, 9), save('C', 9, 12)];

describe('a history had promised', () => {
  test.each<[string, Call[], number, 'a load settles' | 'a load settles nothing', ReturnType<typeof promisedBy>]>([
    ['nothing before its first step', crashed('B'), 0, 'a load settles', { acknowledged: undefined, inFlight: ['A'], earlier: [] }],
    [
      'the old value or the new one while it saves',
      crashed('B'),
      6,
      'a load settles',
      { acknowledged: 'A', inFlight: ['B'], earlier: [undefined] },
    ],
    ['both after the crash', crashed('B'), 7, 'a load settles', { acknowledged: 'A', inFlight: ['B'], earlier: [undefined] }],
    ['both while the next process loads', crashed('B'), 8, 'a load settles', { acknowledged: 'A', inFlight: ['B'], earlier: [undefined] }],
    [
      'what that one loaded, from then on',
      crashed('B'),
      9,
      'a load settles',
      { acknowledged: 'B', inFlight: ['C'], earlier: [undefined, 'A', 'B'], acknowledgedBefore: [undefined, 'A'] },
    ],
    [
      'and not what the crash took back',
      crashed('A'),
      9,
      'a load settles',
      { acknowledged: 'A', inFlight: ['C'], earlier: [undefined, 'A', 'B'], acknowledgedBefore: [undefined, 'A'] },
    ],
    [
      'both, when the power goes: what was loaded need not be on disk',
      crashed('B'),
      9,
      'a load settles nothing',
      { acknowledged: 'A', inFlight: ['B', 'C'], earlier: [undefined] },
    ],
    [
      'the value of the next save, and all earlier ones are stale',
      crashed('B'),
      12,
      'a load settles nothing',
      { acknowledged: 'C', inFlight: [], earlier: [undefined, 'A', 'B'], acknowledgedBefore: [undefined, 'A'] },
    ],
    [
      'the same after a process that ended well',
      [save('A', 0, 5), load('A', 6, 8), save('B', 8, 12)],
      8,
      'a load settles',
      { acknowledged: 'A', inFlight: ['B'], earlier: [undefined] },
    ],
    [
      'what two crashes left open',
      [save('A', 0, 5, false), load(undefined, 5, 6, false), load(undefined, 6, 8, false), save('B', 8, 9)],
      6,
      'a load settles nothing',
      { acknowledged: undefined, inFlight: ['A'], earlier: [] },
    ],
  ])('%s', (_, calls, ops, settles, promised) => {
    expect(promisedBy(calls, ops, settles === 'a load settles')).toEqual(promised);
  });

  law.prop([fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 6 }), fc.nat({ max: 30 })])(
    'in one process what a scenario of the same steps had',
    (lengths, at) => {
      const ends = lengths.map((_, step) => lengths.slice(0, step + 1).reduce((sum, length) => sum + length, 0));
      const values = lengths.map((_, step) => `v${step}`);
      const ops = Math.min(at, ends.at(-1) ?? 0);
      const calls = values.map((value, step) => save(value, ends[step - 1] ?? 0, ends[step] ?? 0));
      const trace = traceOf({ ops: Array.from({ length: ends.at(-1) ?? 0 }, () => ({ call: 'stat', path: 'live' })), resolved: ends });
      expect(promisedBy(calls, ops, true)).toEqual(promisedAfter(trace, ops, undefined, values));
    },
  );
});
