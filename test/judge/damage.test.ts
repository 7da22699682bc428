/** What a store may make of a damaged start, as a table. */
import { expect, test } from 'vitest';
import type { Loaded, Saved } from '../../harness/domain/recovery.ts';
import type { Contract, Outcome } from '../../harness/domain/store.ts';
import type { Json, Tree } from '../../harness/domain/trace.ts';
import { hashBytes } from '../../harness/domain/tree.ts';
import { judgeDamage } from '../../harness/judge/damage.ts';

const treeOf = (files: { readonly [path: string]: string }): Tree =>
  new Map(
    Object.entries(files).map(([path, text]) => [
      path,
      { kind: 'file', mode: 0o600, bytes: Buffer.from(text), hash: hashBytes(Buffer.from(text)) },
    ]),
  );

const DAMAGED = '{"a":1,';
const NEXT = { next: 1 };
const KEPT = treeOf({ live: '{"next":1}', 'live.corrupt': DAMAGED });
const GONE = treeOf({ live: '{"next":1}' });
const loaded = (value: Json): Loaded => ({ kind: 'loaded', value });
const THREW: Loaded = { kind: 'threw', error: 'SyntaxError: …' };
const SAVED: Saved = { kind: 'saved' };

interface Start {
  readonly load: Loaded;
  readonly save?: Saved;
  readonly after?: Tree;
  readonly bytes?: string;
  readonly contract?: Contract;
}

test.each<[string, Start, Outcome]>([
  ['load throws, and nobody saves', { load: THREW, after: treeOf({ live: DAMAGED }) }, 'refused'],
  ['load throws, and had taken the file away', { load: THREW, after: treeOf({}) }, 'destroyed'],
  ['load throws, and moved the file aside', { load: THREW, after: treeOf({ 'live.bad': DAMAGED }) }, 'refused'],
  ['load throws, and so does update', { load: THREW, save: { kind: 'threw', error: 'no' }, after: treeOf({ live: DAMAGED }) }, 'refused'],
  ['load throws, and update saves over it', { load: THREW, save: SAVED, after: GONE }, 'destroyed'],
  ['load throws, and update keeps a copy', { load: THREW, save: SAVED, after: KEPT }, 'refused'],
  ['load throws, and update never returns', { load: THREW, save: { kind: 'hung', afterMs: 1 }, after: GONE }, 'hung'],
  ['nothing is loaded, and saved over', { load: loaded({}), after: GONE }, 'destroyed'],
  ['nothing is loaded, and the bytes are aside', { load: loaded({}), after: KEPT }, 'empty'],
  ['nothing is loaded from a file of NULs', { load: loaded({}), after: GONE, bytes: '\0\0' }, 'empty'],
  ['nothing is loaded from an empty file', { load: loaded({}), after: GONE, bytes: '' }, 'empty'],
  ['it is made good from a copy', { load: loaded({ a: 1, b: 2 }), after: GONE }, 'original'],
  ['an older whole value', { load: loaded({ a: 0, b: 0 }), after: GONE }, 'stale'],
  ['a flip that no parser sees', { load: loaded({ a: 3, b: 2 }), after: GONE }, 'mixed'],
  ['a part is loaded, and the rest saved over', { load: loaded({ a: 1 }), after: GONE }, 'destroyed'],
  ['a part is loaded, and the rest is aside', { load: loaded({ a: 1 }), after: KEPT }, 'mixed'],
  ['a log without its last record, which is cut off', { load: loaded([1]), after: GONE, contract: 'log' }, 'stale'],
  ['a log without a record in between, which is gone', { load: loaded([2]), after: GONE, contract: 'log' }, 'destroyed'],
  ['the process ended', { load: { kind: 'ended', how: 'exit code 1' }, after: GONE }, 'unreadable'],
  ['load never returns', { load: { kind: 'hung', afterMs: 1 }, after: GONE }, 'hung'],
  [
    'a copy is loaded, and the next save fails',
    { load: loaded({ a: 1, b: 2 }), save: { kind: 'threw', error: 'no' }, after: GONE },
    'blocked',
  ],
])('%s: %s', (_, { load, save = SAVED, after = GONE, bytes = DAMAGED, contract = 'value' }, expected) => {
  const isLog = contract === 'log';
  const promised = { acknowledged: isLog ? [1, 2] : { a: 1, b: 2 }, inFlight: [], earlier: [isLog ? [1] : { a: 0, b: 0 }] };
  const secondLoad = loaded(isLog ? [...((load.kind === 'loaded' ? load.value : []) as Json[]), 9] : NEXT);
  const recovery = { load, ...(load.kind !== 'hung' && load.kind !== 'ended' && { save, secondLoad }) };
  const options = { next: isLog ? 9 : NEXT, contract, throwsWhenFresh: true };
  expect(judgeDamage(promised, { recovery, bytes: Buffer.from(bytes), after }, options)).toBe(expected);
});
