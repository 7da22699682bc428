import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { OUTCOME_NAMES, type Outcome } from '../../harness/domain/outcomes.ts';
import type { Loaded, Recovery } from '../../harness/domain/recovery.ts';
import type { Json, Promised } from '../../harness/domain/trace.ts';
import { gradeOf, isLoss, judgeRecovery, type OracleOptions, sameValue } from '../../harness/judge/outcome.ts';

const A = { name: 'A', list: [1, { deep: null }] };
const B = { name: 'B' };
const OLD = { name: 'old' };
const NEXT = { name: 'next' };
const OPTIONS: OracleOptions = { next: NEXT, throwsWhenFresh: false };

const promised = (
  acknowledged: Json | undefined,
  inFlight: readonly Json[] = [],
  earlier: readonly (Json | undefined)[] = [],
): Promised => ({
  acknowledged,
  inFlight,
  earlier,
});
const inSave = promised(A, [B], [undefined, OLD]);
const loaded = (value?: Json): Loaded => (value === undefined ? { kind: 'loaded' } : { kind: 'loaded', value });
const threw: Loaded = { kind: 'threw', error: 'Error: no' };
const ended: Loaded = { kind: 'ended', how: 'exit code 1' };
const hung: Loaded = { kind: 'hung', afterMs: 300 };

/** A recovery in which the next save works and shows. */
const thenWorks = (load: Loaded): Recovery => ({ load, save: { kind: 'saved' }, secondLoad: loaded(NEXT) });
const thenStops = (load: Loaded): Recovery => ({ load });

type Case = readonly [what: string, promised: Promised, recovery: Recovery, outcome: Outcome, options?: Partial<OracleOptions>];

const VALUES: readonly Case[] = [
  ['the acknowledged value', inSave, thenWorks(loaded(A)), 'original'],
  ['the same with its keys in another order', inSave, thenWorks(loaded({ list: [1, { deep: null }], name: 'A' })), 'original'],
  ['the same with a list in another order', inSave, thenWorks(loaded({ name: 'A', list: [{ deep: null }, 1] })), 'mixed'],
  ['the value in flight', inSave, thenWorks(loaded(B)), 'new'],
  ['the value in flight, when it is the acknowledged one too', promised(A, [A]), thenWorks(loaded(A)), 'original'],
  ['the first of two in flight', promised(A, [B, OLD]), thenWorks(loaded(B)), 'new'],
  ['the second of two in flight', promised(A, [B, OLD]), thenWorks(loaded(OLD)), 'new'],
  ['an earlier value', inSave, thenWorks(loaded(OLD)), 'stale'],
  ['a value that nobody saved', inSave, thenWorks(loaded({ name: 'A' })), 'mixed'],
  ['the value that recovery is to save next', inSave, thenWorks(loaded(NEXT)), 'mixed'],
  ['0 for a promised "0"', promised('0'), thenWorks(loaded(0)), 'mixed'],
  ['false for nothing', promised(undefined), thenWorks(loaded(false)), 'mixed'],
  ['[] for {}', promised({}), thenWorks(loaded([])), 'mixed'],
];

const EMPTY: readonly Case[] = [
  ['{} for a value', inSave, thenWorks(loaded({})), 'empty'],
  ['null for a value', inSave, thenWorks(loaded(null)), 'empty'],
  ['undefined for a value', inSave, thenWorks(loaded()), 'empty'],
  ['{} before the first save', promised(undefined, [A]), thenWorks(loaded({})), 'original'],
  ['undefined before the first save', promised(undefined, [A]), thenWorks(loaded()), 'original'],
  ['null after a reset to {}', promised({}, [A], [OLD]), thenWorks(loaded(null)), 'original'],
  ['an old value after a reset', promised({}, [], [OLD]), thenWorks(loaded(OLD)), 'stale'],
  ['{} in a reset', promised(A, [{}]), thenWorks(loaded({})), 'new'],
  ['[] of a store that says so', inSave, thenWorks(loaded([])), 'empty', { empty: [] }],
  ['{} of a store whose empty is []', inSave, thenWorks(loaded({})), 'mixed', { empty: [] }],
  ['null of a store whose empty is []', inSave, thenWorks(loaded(null)), 'mixed', { empty: [] }],
  ['undefined of a store whose empty is []', inSave, thenWorks(loaded()), 'empty', { empty: [] }],
  ['[] before the first save of a store whose empty is []', promised(undefined, [A]), thenWorks(loaded([])), 'original', { empty: [] }],
  ['null of a store whose empty is null', inSave, thenWorks(loaded(null)), 'empty', { empty: null }],
];

/** The first save, acknowledged: load found nothing, and opened these files. */
const firstSave = promised(A, [], [undefined]);
const having = (load: Loaded, opened?: readonly string[]): Recovery => ({ ...thenWorks(load), ...(opened && { opened }) });
const OWN = { isOwn: (path: string): boolean => path !== 'was there' };
const FIRST: readonly Case[] = [
  ['the first save is gone', firstSave, having(loaded({}), []), 'stale', OWN],
  ['the first save is gone, and what load opened was there before', firstSave, having(loaded(), ['was there']), 'stale', OWN],
  [
    'the first save is gone, and so says a load that throws when fresh',
    firstSave,
    having(threw, []),
    'stale',
    { ...OWN, throwsWhenFresh: true },
  ],
  ['what the first save left is taken for nothing', firstSave, having(loaded({}), ['was there', 'value']), 'empty', OWN],
  ['what the first save left cannot be read', firstSave, having(threw, ['value']), 'unreadable', { ...OWN, throwsWhenFresh: true }],
  ['the first save is gone, and load throws as it does not when fresh', firstSave, having(threw, []), 'unreadable', OWN],
  ['nobody knows what load opened', firstSave, having(loaded({})), 'empty', OWN],
  ['nobody knows which files are of the first save', firstSave, having(loaded({}), []), 'empty'],
  ['nothing is left of what was there before the run', promised(A), having(loaded({}), []), 'empty', OWN],
  ['the second save is gone, and the first', promised(A, [], [undefined, OLD]), having(loaded({}), []), 'empty', OWN],
  [
    'the first that was acknowledged is gone, and one that was not',
    { ...promised(A, [], [undefined, OLD]), acknowledgedBefore: [undefined] },
    having(loaded({}), []),
    'stale',
    OWN,
  ],
];

const STOPPED: readonly Case[] = [
  ['load throws', inSave, thenStops(threw), 'unreadable'],
  ['load throws, though the next save works', inSave, thenWorks(threw), 'unreadable'],
  [
    'load throws before the first save, as it does when fresh',
    promised(undefined, [A]),
    thenWorks(threw),
    'original',
    { throwsWhenFresh: true },
  ],
  ['load throws before the first save, and not when fresh', promised(undefined, [A]), thenWorks(threw), 'unreadable'],
  ['load throws after a reset, as it does when fresh', promised({}, [], [A]), thenWorks(threw), 'unreadable', { throwsWhenFresh: true }],
  ['load throws after a save, as it does when fresh', inSave, thenWorks(threw), 'unreadable', { throwsWhenFresh: true }],
  ['load ends its process', inSave, thenStops(ended), 'unreadable'],
  ['load ends its process before the first save', promised(undefined), thenStops(ended), 'unreadable', { throwsWhenFresh: true }],
  ['load returns a Map', inSave, thenWorks({ kind: 'not-json', what: 'a Map' }), 'unreadable'],
  ['load hangs', inSave, thenStops(hung), 'hung'],
  ['the next save hangs', inSave, { load: loaded(A), save: { kind: 'hung', afterMs: 300 } }, 'hung'],
  ['the second load hangs', inSave, { load: loaded(A), save: { kind: 'saved' }, secondLoad: hung }, 'hung'],
  ['the next save throws', inSave, { load: loaded(A), save: { kind: 'threw', error: 'ELOCKED' } }, 'blocked'],
  ['the next save ends its process', inSave, { load: loaded(B), save: { kind: 'ended', how: 'SIGSEGV' } }, 'blocked'],
  ['the next save does not show', inSave, { load: loaded(A), save: { kind: 'saved' }, secondLoad: loaded(A) }, 'blocked'],
  ['after the next save load finds nothing', inSave, { load: loaded(A), save: { kind: 'saved' }, secondLoad: loaded({}) }, 'blocked'],
  ['after the next save load throws', inSave, { load: loaded(A), save: { kind: 'saved' }, secondLoad: threw }, 'blocked'],
  ['after the next save load ends its process', inSave, { load: loaded(A), save: { kind: 'saved' }, secondLoad: ended }, 'blocked'],
  ['nothing is left, and the next save throws', inSave, { load: loaded({}), save: { kind: 'threw', error: 'ELOCKED' } }, 'empty'],
  ['an old value is left, and the next save hangs', inSave, { load: loaded(OLD), save: { kind: 'hung', afterMs: 300 } }, 'stale'],
];

const CASES = [...VALUES, ...EMPTY, ...FIRST, ...STOPPED];

/** The cases that an oracle gets wrong. */
function mistakes(oracle: typeof judgeRecovery): string[] {
  return CASES.filter(([, promise, recovery, outcome, options]) => oracle(promise, recovery, { ...OPTIONS, ...options }) !== outcome).map(
    ([what]) => what,
  );
}

describe('the oracle says', () => {
  for (const [what, promise, recovery, outcome, options] of CASES)
    test(what, () => expect(judgeRecovery(promise, recovery, { ...OPTIONS, ...options })).toBe(outcome));
});

// DESIGN: `empty` is nothing where nothing was never saved. Here it was, and came back.
test('{} that was saved before the last value is stale', () => {
  expect(judgeRecovery(promised(A, [B], [OLD, {}]), thenWorks(loaded({})), OPTIONS)).toBe('stale');
});

describe('an oracle is caught that', () => {
  const instead =
    (from: Outcome, to: Outcome): typeof judgeRecovery =>
    (...given) => {
      const outcome = judgeRecovery(...given);
      return outcome === from ? to : outcome;
    };
  test.each<[string, typeof judgeRecovery]>([
    ['accepts empty', instead('empty', 'original')],
    ['accepts stale', instead('stale', 'original')],
    ['accepts what nobody saved', instead('mixed', 'new')],
    ['accepts a load that throws', instead('unreadable', 'original')],
    ['accepts a load that hangs', instead('hung', 'original')],
    ['does not look at the next save', (promise, { load }, options) => judgeRecovery(promise, thenWorks(load), options)],
    ['forgets the value in flight', (promise, ...given) => judgeRecovery({ ...promise, inFlight: [] }, ...given)],
    [
      'accepts what a load has opened and taken for nothing',
      (promise, found, ...given) => judgeRecovery(promise, { ...found, opened: [] }, ...given),
    ],
    ['takes every save for the first', (promise, ...given) => judgeRecovery({ ...promise, acknowledgedBefore: [undefined] }, ...given)],
    [
      'takes what was there before for the save’s own',
      (promise, found, options) => judgeRecovery(promise, found, { ...options, isOwn: () => true }),
    ],
    ['never takes a save for the first', (promise, { opened: _, ...found }, ...given) => judgeRecovery(promise, found, ...given)],
    ['takes any empty for nothing', (promise, recovery, { empty: _, ...options }) => judgeRecovery(promise, recovery, options)],
    ['forgives every throw', (promise, recovery, options) => judgeRecovery(promise, recovery, { ...options, throwsWhenFresh: true })],
  ])('%s', (_, oracle) => {
    expect(mistakes(oracle)).not.toEqual([]);
  });
});

const json = fc.jsonValue({ maxDepth: 3 }).map((value) => value as Json);
const anyPromise = fc.record({
  acknowledged: fc.option(json, { nil: undefined }),
  inFlight: fc.array(json, { maxLength: 2 }),
  earlier: fc.array(fc.option(json, { nil: undefined }), { maxLength: 3 }),
});

describe('for every promise', () => {
  law.prop([anyPromise, json])('a value that is not in it is neither original nor new', (promise, value) => {
    const allowed = [promise.acknowledged, ...promise.inFlight];
    fc.pre(!allowed.some((one) => sameValue(one, value, {})));
    expect(isLoss(judgeRecovery(promise, thenWorks(loaded(value)), OPTIONS))).toBe(true);
  });

  law.prop([anyPromise, fc.constantFrom<Recovery>({ load: hung }, { load: ended }, { load: { kind: 'not-json', what: 'a Map' } })])(
    'a load that returns nothing that can be read is a loss',
    (promise, recovery) => {
      expect(isLoss(judgeRecovery(promise, recovery, { ...OPTIONS, throwsWhenFresh: true }))).toBe(true);
    },
  );

  law.prop([anyPromise, json])('without a next save that shows nothing is right', (promise, value) => {
    fc.pre(!sameValue(value, NEXT, {}));
    const stuck: Recovery = { load: loaded(value), save: { kind: 'saved' }, secondLoad: loaded(value) };
    expect(isLoss(judgeRecovery(promise, stuck, OPTIONS))).toBe(true);
  });

  law.prop([anyPromise, fc.nat()])('what it allows is original or new, whatever the order of keys', (promise, seed) => {
    const allowed = [promise.acknowledged, ...promise.inFlight];
    const value = allowed[seed % allowed.length];
    expect(isLoss(judgeRecovery(promise, thenWorks(loaded(shuffled(value))), OPTIONS))).toBe(false);
  });
});

function shuffled(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => shuffled(item) as Json);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, shuffled(item) as Json]),
  );
}

test.each(OUTCOME_NAMES)('the grade of %s', (outcome) => {
  const fine = ['original', 'new', 'refused'].includes(outcome);
  expect(gradeOf(outcome, 'lossy')).toBe(fine ? 'durable' : 'lossy');
  expect(gradeOf(outcome, 'atomic')).toBe(fine ? 'durable' : outcome === 'stale' ? 'atomic' : 'lossy');
  expect(isLoss(outcome)).toBe(!fine);
});
