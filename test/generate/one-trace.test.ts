import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import { followedBy, upTo } from '../../harness/generate/one-trace.ts';
import { powerLossStates } from '../../harness/persistence/power-loss.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { type OpSketch, traceOf } from '../lab/traces.ts';

const create: OpSketch & { readonly flags: readonly ['write', 'create'] } = { call: 'open', path: 'live', flags: ['write', 'create'] };
const write: OpSketch = { call: 'write', path: 'live', range: { offset: 0, length: 1 } };
const stat: OpSketch = { call: 'stat', path: 'live' };
const fsync: OpSketch = { call: 'fsync', path: 'live' };
const fsyncDirectory: OpSketch = { call: 'fsync', path: '.' };

/** Saved, and not forced to disk. */
const saved = traceOf({
  ops: [
    [create, treeOf({ live: '' })],
    [write, treeOf({ live: 'A' })],
  ],
  resolved: [2],
});
/** What another process did in that directory. */
const then = (...ops: readonly OpSketch[]) => traceOf({ before: treeOf({ live: 'A' }), ops, resolved: [ops.length] });

describe('two processes as one trace', () => {
  const whole = followedBy(saved, then(stat, stat));

  test('count their ops, marks and trees on', () => {
    expect(whole.ops.map(({ index, call }) => `${index} ${call}`)).toEqual(['1 open', '2 write', '3 stat', '4 stat']);
    expect(whole.marks).toEqual([
      { kind: 'resolved', step: 0, afterOp: 2 },
      { kind: 'resolved', step: 1, afterOp: 4 },
    ]);
    expect(whole.trees).toEqual([treeOf({}), treeOf({ live: '' }), treeOf({ live: 'A' }), treeOf({ live: 'A' }), treeOf({ live: 'A' })]);
  });

  test('have no file in common by its number: descriptors die with their process', () => {
    const ids = (from: number, to: number): number[] => whole.ops.slice(from, to).map(({ file }) => file.id);
    expect(ids(0, 2).filter((id) => ids(2, 4).includes(id))).toEqual([]);
  });

  test('and a cut one is what had happened by then', () => {
    const cut = upTo(whole, 3);
    expect(cut.ops.map(({ index }) => index)).toEqual([1, 2, 3]);
    expect(cut.marks).toEqual([{ kind: 'resolved', step: 0, afterOp: 2 }]);
    expect(cut.trees).toHaveLength(4);
  });
});

describe('what a process did not force to disk', () => {
  const contentsAtEnd = (trace: ReturnType<typeof followedBy>): Set<string> =>
    new Set(
      [...powerLossStates(trace, PROFILES.xfs)]
        .filter(({ boundary }) => boundary === trace.ops.length)
        .map((state) => {
          const live = state.toTree().get('live');
          return live?.kind === 'file' ? Buffer.from(live.bytes).toString() : 'nothing';
        }),
    );

  test('can be lost in the time of the next one', () => {
    expect(contentsAtEnd(followedBy(saved, then(stat)))).toEqual(new Set(['nothing', '', 'A']));
  });

  test('unless that one forces it', () => {
    expect(contentsAtEnd(followedBy(saved, then(fsync, fsyncDirectory)))).toEqual(new Set(['A']));
  });
});
