/** What a check found, against what a program had acknowledged. */
import { expect, test } from 'vitest';
import { namesAsValue } from '../../harness/domain/program.ts';
import type { Loaded } from '../../harness/domain/recovery.ts';
import { judgeNames } from '../../harness/judge/names.ts';

const found = (...names: string[]): Loaded => ({ kind: 'loaded', value: namesAsValue(names) });
const FAILS: Loaded = { kind: 'threw', error: 'exit code 1' };

test.each<[string, readonly string[], readonly string[], Loaded, string]>([
  ['all that was acknowledged', ['a', 'b'], [], found('a', 'b'), 'original'],
  ['what is under way as well', ['a'], ['b'], found('a', 'b'), 'new'],
  ['what nobody acknowledged', ['a'], ['b'], found('a', 'z'), 'original'],
  ['nothing, of nothing', [], ['a'], found(), 'original'],
  ['one less', ['a', 'b'], [], found('b'), 'lost'],
  ['one less, and what is under way', ['a'], ['b'], found('b'), 'lost'],
  ['no answer but no', ['a'], ['b'], FAILS, 'lost'],
  ['no, where nothing had been acknowledged', [], ['a'], FAILS, 'unreadable'],
  ['no end', ['a'], [], { kind: 'hung', afterMs: 10 }, 'hung'],
  ['its own end', ['a'], [], { kind: 'ended', how: 'SIGSEGV' }, 'unreadable'],
])('a check finds %s', (_, acknowledged, underWay, load, outcome) => {
  const inFlight = underWay.length === 0 ? [] : [namesAsValue([...acknowledged, ...underWay])];
  const promised = { acknowledged: namesAsValue(acknowledged), inFlight, earlier: [] };
  expect(judgeNames(promised, load, { throwsWhenFresh: false })).toBe(outcome);
});

test('a check that fails on the start as well says nothing of a directory of which nothing had been acknowledged', () => {
  const promised = { acknowledged: undefined, inFlight: [], earlier: [] };
  expect(judgeNames(promised, FAILS, { throwsWhenFresh: true })).toBe('original');
  expect(judgeNames({ ...promised, acknowledged: namesAsValue(['a']) }, FAILS, { throwsWhenFresh: true })).toBe('lost');
});
