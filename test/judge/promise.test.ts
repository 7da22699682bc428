import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { Json, Mark, Promised, Step } from '../../harness/domain/trace.ts';
import { promisedAfter, valuesAfter } from '../../harness/judge/promise.ts';
import { traceOf } from '../lab/traces.ts';

const save = (value: Json): Step => ({ kind: 'save', value });
const add = (keys: { readonly [key: string]: Json }): Step => ({ kind: 'update', add: keys });

describe('values after', () => {
  test.each<[string, readonly Step[], Json | undefined, readonly Json[]]>([
    ['no step', [], 1, []],
    ['saves', [save(1), save({ a: 1 })], undefined, [1, { a: 1 }]],
    ['an update adds to what was saved', [save({ a: 1 }), add({ b: 2 })], undefined, [{ a: 1 }, { a: 1, b: 2 }]],
    ['an update adds to what was there before', [add({ b: 2 })], { a: 1 }, [{ a: 1, b: 2 }]],
    ['an update replaces a key', [add({ a: 2 })], { a: 1, z: 0 }, [{ a: 2, z: 0 }]],
    ['an update of nothing', [add({ a: 1 })], undefined, [{ a: 1 }]],
    ['an update of null', [add({ a: 1 })], null, [{ a: 1 }]],
    ['an update of a list', [add({ a: 1 })], [1, 2], [{ a: 1 }]],
    ['updates after updates', [add({ a: 1 }), add({ b: 2 }), save(0), add({ c: 3 })], {}, [{ a: 1 }, { a: 1, b: 2 }, 0, { c: 3 }]],
  ])('%s', (_, steps, before, values) => {
    expect(valuesAfter(steps, before)).toEqual(values);
  });
});

const close = { call: 'close', path: 'f' } as const;

describe('at boundary', () => {
  // Four ops; the first step resolves after op 2, the second after op 4.
  const trace = traceOf({ ops: [close, close, close, close], resolved: [2, 4] });
  test.each<[number, Promised]>([
    [0, { acknowledged: 'A', inFlight: ['B'], earlier: [] }],
    [1, { acknowledged: 'A', inFlight: ['B'], earlier: [] }],
    [2, { acknowledged: 'B', inFlight: ['C'], earlier: ['A'] }],
    [3, { acknowledged: 'B', inFlight: ['C'], earlier: ['A'] }],
    [4, { acknowledged: 'C', inFlight: [], earlier: ['A', 'B'] }],
  ])('%i', (ops, promised) => {
    expect(promisedAfter(trace, ops, 'A', ['B', 'C'])).toEqual(promised);
  });

  test('nothing was ever saved', () => {
    expect(promisedAfter(trace, 1, undefined, ['B', 'C'])).toEqual({ acknowledged: undefined, inFlight: ['B'], earlier: [] });
    expect(promisedAfter(trace, 4, undefined, ['B', 'C'])).toEqual({ acknowledged: 'C', inFlight: [], earlier: [undefined, 'B'] });
  });

  test('a step that resolved before its first op', () => {
    expect(promisedAfter(traceOf({ ops: [close], resolved: [0] }), 0, 'A', ['B'])).toEqual({
      acknowledged: 'B',
      inFlight: [],
      earlier: ['A'],
    });
  });

  test('a step that rejected promised nothing', () => {
    const marks: Mark[] = [{ kind: 'rejected', step: 0, afterOp: 1 }];
    expect(promisedAfter(traceOf({ ops: [close], marks }), 1, 'A', ['B']).acknowledged).toBe('A');
  });
});

law.prop([fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 6 })])('a promise is never taken back as ops go on', (gaps) => {
  let at = 0;
  const resolved = gaps.map((gap) => {
    at += gap;
    return at;
  });
  const trace = traceOf({ ops: Array.from({ length: at }, () => close), resolved });
  const values = gaps.map((_, index) => index);
  let before = 0;
  for (let ops = 0; ops <= at; ops += 1) {
    const { acknowledged, inFlight, earlier } = promisedAfter(trace, ops, 'first', values);
    const known = [...earlier, acknowledged, ...inFlight];
    expect(known).toEqual(['first', ...values].slice(0, known.length));
    expect(earlier.length).toBeGreaterThanOrEqual(before);
    before = earlier.length;
  }
  expect(before).toBe(values.length);
});
