/** What the first save made, and how long it stands: a lost acknowledgement is not a window that the store itself opens. */
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { Recovery } from '../../harness/domain/recovery.ts';
import { save } from '../../harness/domain/scenario.ts';
import type { Trace } from '../../harness/domain/trace.ts';
import { firstSaveOf } from '../../harness/judge/first-save.ts';
import { oracleOfSteps } from '../../harness/judge/oracle.ts';
import { traceOf } from '../lab/traces.ts';

/** A first save by way of a temp file, and a second one that puts the live file away first. */
const trace = traceOf({
  before: treeOf({ old: '' }),
  ops: [
    [{ call: 'open', path: 'temp' }, treeOf({ old: '', temp: 'A' })],
    [{ call: 'rename', path: 'temp', to: 'live' }, treeOf({ old: '', live: 'A' })],
    { call: 'stat', path: 'live' },
    [{ call: 'rename', path: 'live', to: 'backup' }, treeOf({ old: '', backup: 'A' })],
    [{ call: 'open', path: 'live' }, treeOf({ old: '', backup: 'A', live: 'B' })],
  ],
  resolved: [2, 5],
});

describe('of a first save', () => {
  test('files that were not there before are its own, by whatever name another run gave them', () => {
    const names = [{ prefix: 'temp.', suffix: '', charset: 'hex', except: [] }] as const;
    const random: Trace = { ...traceOf({ before: treeOf({ 'temp.0a': '' }), ops: [] }), variation: { names, contents: new Set() } };
    const { isOwn } = firstSaveOf(random, undefined);
    expect(['temp.0a', 'temp.1b', 'live'].map(isOwn)).toEqual([false, false, true]);
  });

  test.each([
    ['nothing was acknowledged', undefined, 6],
    ['a file is put away later', 2, 3],
    ['all stay', 5, 6],
  ])('where %s', (_, acknowledged, standsUntil) => {
    expect(firstSaveOf(trace, acknowledged).standsUntil).toBe(standsUntil);
  });
});

describe('the oracle of a scenario that begins with nothing', () => {
  const next = 'next';
  const oracle = oracleOfSteps(trace, undefined, [save('A'), save('B')], { next, throwsWhenFresh: false });
  const recovery: Recovery = {
    load: { kind: 'loaded' },
    save: { kind: 'saved' },
    secondLoad: { kind: 'loaded', value: next },
    opened: ['old'],
  };
  test.each([
    ['whose acknowledgement is lost is stale', 2, treeOf({ old: '' }), 'stale'],
    ['whose acknowledgement is lost is stale before the next save changes anything', 3, treeOf({ old: '' }), 'stale'],
    ['that the store itself puts away is lost', 4, treeOf({ old: '', backup: 'A' }), 'empty'],
  ])('a first save %s', (_, op, tree, outcome) => {
    expect(oracle(op, tree, { recovery, left: [] }).outcome).toBe(outcome);
  });
});
