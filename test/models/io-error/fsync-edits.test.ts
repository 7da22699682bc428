/** Fsyncs that forced nothing, as power loss sees them. */
import { describe, expect, test } from 'vitest';
import { type Do, fsync, fsyncDir, open, rename, traceOfRun, truncate, write } from '../../../harness/calibrate/run.ts';
import { treeOf } from '../../../harness/calibrate/tree-sketch.ts';
import type { Trace } from '../../../harness/domain/trace.ts';
import { fsyncsOf, hasPages, withDroppedPages, withLie, withoutFlushes } from '../../../harness/models/io-error/fsync-edits.ts';
import { statesAt } from '../../../harness/persistence/power-loss.ts';
import { PROFILES } from '../../../harness/persistence/profiles.ts';
import { traceOf as handmade } from '../../lab/traces.ts';

/** A run over `live`, in which the fsync at op `failed` failed. */
function runWith(calls: readonly Do[], failed: number): Trace {
  const trace = traceOfRun({ live: 'old' }, calls);
  return { ...trace, ops: trace.ops.map((op) => (op.index === failed ? { ...op, error: 'EIO' } : op)) };
}

/** What `live` may hold when the power goes at the end. */
function leftOf(trace: Trace): string[] {
  const left = new Set<string>();
  for (const state of statesAt(trace, withoutFlushes(PROFILES.ext4), trace.ops.length)) {
    const live = state.toTree().get('live');
    if (live?.kind === 'file') left.add(Buffer.from(live.bytes).toString());
  }
  return [...left].sort();
}
const idle = (trace: Trace, failed: number): number[] =>
  withDroppedPages(trace, failed).ops.flatMap((op, at) => (op.error !== undefined && trace.ops[at]?.error === undefined ? [op.index] : []));

/** The fsync is op 3. */
const START: readonly Do[] = [open('temp', 'new'), write('temp', 'new'), fsync('temp')];

describe('after an fsync that failed', () => {
  test.each<[string, number, readonly Do[], readonly number[]]>([
    ['a retry forces nothing', 3, [...START, fsync('temp')], [4]],
    ['a retry after all was written again does', 3, [...START, write('temp', 'new', 0), fsync('temp')], []],
    ['a retry after a part was written again does not', 3, [...START, write('temp', 'n', 0), fsync('temp')], [5]],
    [
      'a retry after the file was emptied and written anew does',
      3,
      [...START, open('temp', 'truncate'), write('temp', 'n'), fsync('temp')],
      [],
    ],
    ['a retry after the rest was cut off does', 3, [...START, write('temp', 'n', 0), truncate('temp', 1), fsync('temp')], []],
    ['a retry after a part was cut off does not', 3, [...START, truncate('temp', 1), fsync('temp')], [5]],
    ['what was forced before is not dirty', 5, [...START, write('temp', 'def'), fsync('temp'), write('temp', 'def', 3), fsync('temp')], []],
    ['other files are forced as ever', 3, [...START, open('b', 'new'), write('b', 'b'), fsync('b'), fsyncDir()], []],
  ])('%s', (_, failed, calls, expected) => {
    expect(idle(runWith(calls, failed), failed)).toEqual(expected);
  });

  test('power loss may take what the retry did not force', () => {
    const retried = [...START, fsync('temp'), rename('temp', 'live'), fsyncDir()];
    const trace = runWith(retried, 3);
    expect(leftOf(trace)).toEqual(['new']);
    expect(leftOf(withDroppedPages(trace, 3))).toEqual(['', 'new']);
  });
});

test('a lie leaves out one fsync, and a run without one is as it was', () => {
  const trace = traceOfRun({ live: 'old' }, [...START, rename('temp', 'live'), fsyncDir()]);
  expect(fsyncsOf(trace)).toEqual([3, 5]);
  expect([3, 5].map((op) => hasPages(trace, op))).toEqual([true, false]);
  expect(leftOf(withLie(trace, 3))).toEqual(['', 'new']);
  expect(leftOf(trace)).toEqual(['new']);
});

test('after an msync that failed, a later one counts only if the same pages were stored into again', () => {
  const tree = (first: string, second: string) => treeOf({ a: first.repeat(4096) + second.repeat(4096) + 'o'.repeat(4096) });
  const range = { offset: 0, length: 3 * 4096 }; // what lies between the first changed byte and the last was not all changed
  const stored = { call: 'mapwrite', path: 'a', range } as const;
  const failed = { call: 'msync', path: 'a', range, error: 'EIO' } as const;
  const retried = (...again: [string, string]): boolean => {
    const ops = [[stored, tree('n', 'n')], failed, [stored, tree(...again)], { call: 'msync', path: 'a', range }] as const;
    return withDroppedPages(handmade({ before: tree('o', 'o'), ops }), 2).ops[3]?.error === undefined;
  };
  expect(retried('m', 'm')).toBe(true);
  expect(retried('m', 'n')).toBe(false);
});
