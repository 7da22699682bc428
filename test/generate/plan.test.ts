import { describe, expect, test } from 'vitest';
import type { Json } from '../../harness/domain/trace.ts';
import { parseHistory } from '../../harness/generate/history.ts';
import { endOf, partsOf, plannedCalls } from '../../harness/generate/plan.ts';
import { historyAddition, historyValue } from '../../harness/generate/values.ts';
import { UPDATES } from '../lab/abilities.ts';
import { traceOf } from '../lab/traces.ts';

const parts = (text: string) => partsOf(parseHistory(text) ?? []);
const planned = (text: string, stored?: Json, throwsWhenFresh = false) =>
  parts(text).flatMap((part) => plannedCalls(part, part.first === 0 ? stored : 'stored', { throwsWhenFresh, abilities: UPDATES }));

test('a history is parted by the ends of its processes', () => {
  expect(parts('s1.c3.l.z').map(({ first, steps, end }) => [first, steps.length, end?.kind])).toEqual([
    [0, 1, 'crash'],
    [2, 0, 'reload'],
    [3, 1, undefined],
  ]);
});

describe('the model is the plain value', () => {
  test('of the last save, with the keys of the updates since', () => {
    const [v2, k1, k2] = [historyValue(2), historyAddition(1), historyAddition(2)];
    expect(planned('s1.s2.u1.u2.r.z.u1').map(({ value }) => value)).toEqual([
      historyValue(1),
      v2,
      { ...v2, ...k1 },
      { ...v2, ...k1, ...k2 },
      { ...v2, ...k1, ...k2 },
      {},
      k1,
    ]);
  });

  test('an unchanged save saves what is stored; nothing, where nothing was', () => {
    expect(planned('r')).toMatchObject([{ call: { kind: 'save', value: {} } }]);
    expect(planned('s3.r').at(-1)).toMatchObject({ step: 1, call: { kind: 'save', value: historyValue(3) } });
  });

  test('every process but the first begins with a load, and continues with what was loaded', () => {
    expect(planned('s1.l.r')).toMatchObject([
      { step: 0, call: { kind: 'save' } },
      { step: 1, value: 'stored', call: { kind: 'load' } },
      { step: 2, value: 'stored', call: { kind: 'save', value: 'stored' } },
    ]);
  });

  test('a store that throws while nothing was saved is not asked to update that', () => {
    expect(planned('u1.s1.u2', undefined, true).map(({ step, call }) => `${step} ${call.kind}`)).toEqual(['1 save', '2 update']);
    expect(planned('u1.s1.u2', undefined, false).map(({ step, call }) => `${step} ${call.kind}`)).toEqual([
      '0 update',
      '1 save',
      '2 update',
    ]);
  });

  test('values and keys differ from one another, and in length', () => {
    const texts = [1, 2, 3].map((n) => JSON.stringify(historyValue(n)));
    expect(new Set(texts.map(({ length }) => length)).size).toBe(3);
    expect(Object.keys(historyValue(3))).toEqual(expect.arrayContaining(Object.keys(historyValue(1))));
  });
});

describe('a crash counts the ops of the step before it', () => {
  /** Two saves, of 3 and of 5 ops. */
  const whole = traceOf({ ops: Array.from({ length: 9 }, () => ({ call: 'stat', path: 'live' })), resolved: [3, 8] });
  const calls = planned('s1.s2');

  test.each([
    [0, { length: 3, resolved: [true, false], until: [103, 103] }],
    [2, { length: 5, resolved: [true, false], until: [103, 105] }],
    [5, { length: 8, resolved: [true, true], until: [103, 108] }],
    [6, { length: 3, resolved: [true, false], until: [103, 103] }],
    [17, { length: 8, resolved: [true, true], until: [103, 108] }],
  ])('%i of them, or so many beyond its last', (after, { length, resolved, until }) => {
    const ended = endOf(calls, whole, { kind: 'crash', after }, 100);
    expect(ended).toMatchObject({ length, end: { kind: 'crash', after: after % 6 } });
    expect(ended.calls.map((call) => call.resolved)).toEqual(resolved);
    expect(ended.calls.map((call) => call.until)).toEqual(until);
    expect(ended.calls.map((call) => call.from)).toEqual([100, 103]);
  });

  test('and a process that ends well does all of its own', () => {
    expect(endOf(calls, whole, { kind: 'reload' }, 0)).toMatchObject({ length: 9, end: { kind: 'reload' } });
  });
});
