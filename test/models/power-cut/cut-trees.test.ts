import { describe, expect, test } from 'vitest';
import { treeOf } from '../../../harness/calibrate/tree-sketch.ts';
import type { Trace } from '../../../harness/domain/trace.ts';
import { forcePoints } from '../../../harness/models/power-cut/cut-run.ts';
import { CutTrees } from '../../../harness/models/power-cut/cut-trees.ts';
import { traceOf } from '../../lab/traces.ts';

describe('a run is disturbed', () => {
  test('where something may be on its way to the disk, and nowhere else', () => {
    const trace = traceOf({
      before: treeOf({ live: 'old' }),
      ops: [
        { call: 'stat', path: 'live' },
        [{ call: 'open', path: 'temp' }, treeOf({ live: 'old', temp: '' })],
        [{ call: 'write', path: 'temp' }, treeOf({ live: 'old', temp: 'new' })],
        { call: 'close', path: 'temp' },
        { call: 'read', path: 'live' },
        { call: 'unlink', path: 'nothing', error: 'ENOENT' },
        [{ call: 'rename', path: 'temp', to: 'live' }, treeOf({ live: 'new' })],
      ],
    });
    expect(forcePoints(trace, ['sync']).map(({ at }) => at)).toEqual([2, 3, 4, 7]);
    expect(forcePoints(trace, ['commit', 'sync']).filter(({ at }) => at === 7)).toEqual([
      { at: 7, how: 'commit' },
      { at: 7, how: 'sync' },
    ]);
  });
});

describe('trees of several runs', () => {
  const names = [{ prefix: 'live.', suffix: '.tmp', charset: 'digits', except: [] }] as const;
  const recorded: Trace = {
    ...traceOf({
      ops: [
        { call: 'mkdir', path: 'd' },
        { call: 'stat', path: 'd' },
      ],
      resolved: [1],
    }),
    variation: { names, contents: new Set(['nonce']) },
  };
  const enumerated = (...runs: readonly (readonly [boundary: number, pid: number, tree: Parameters<typeof treeOf>[0]])[]): number[] => {
    const found = new CutTrees(recorded);
    for (const [boundary, pid, tree] of runs)
      found.add({ force: undefined, pid, ops: [], cuts: [{ boundary, image: 0 }], trees: [treeOf(tree)] });
    return found.states().map((state) => state.boundary);
  };

  test.each([
    [
      'temp files of other names',
      [
        [1, 10, { 'live.1.tmp': 'x' }],
        [2, 11, { 'live.2.tmp': 'x' }],
      ],
      [1],
    ],
    [
      'the id of the process in the contents',
      [
        [1, 4711, { lock: 'pid 4711' }],
        [2, 4712, { lock: 'pid 4712' }],
      ],
      [1],
    ],
    [
      'contents that are made up',
      [
        [1, 10, { nonce: 'abc' }],
        [2, 11, { nonce: 'xyz' }],
      ],
      [1],
    ],
    [
      'the id of the process as the target of a symlink',
      [
        [1, 4711, { lock: { link: '4711' } }],
        [2, 4712, { lock: { link: '4712' } }],
      ],
      [1],
    ],
    [
      'a target that is made up',
      [
        [1, 10, { nonce: { link: 'abc' } }],
        [2, 11, { nonce: { link: 'xyz' } }],
      ],
      [1],
    ],
    [
      'the same tree earlier',
      [
        [2, 10, { a: 'x' }],
        [1, 11, { a: 'x' }],
      ],
      [1],
    ],
  ] as const)('are the same but for %s', (_, runs, boundaries) => {
    expect(enumerated(...runs)).toEqual(boundaries);
  });

  test.each([
    [
      'something is missing in contents that are made up',
      [
        [1, 10, { nonce: 'abc' }],
        [2, 11, { nonce: '' }],
      ],
      [1, 2],
    ],
    [
      'zeros stand in their place',
      [
        [1, 10, { nonce: 'abc' }],
        [2, 11, { nonce: '\0\0\0' }],
      ],
      [1, 2],
    ],
    [
      'a symlink leads elsewhere',
      [
        [1, 10, { a: { link: 'b' } }],
        [2, 11, { a: { link: 'c' } }],
      ],
      [1, 2],
    ],
    [
      'a file is torn',
      [
        [1, 10, { a: 'xy' }],
        [2, 11, { a: 'x' }],
      ],
      [1, 2],
    ],
    [
      'a mode differs',
      [
        [1, 10, { a: { text: 'x', mode: 0o644 } }],
        [2, 11, { a: 'x' }],
      ],
      [1, 2],
    ],
    [
      'another step was acknowledged',
      [
        [0, 10, { a: 'x' }],
        [1, 11, { a: 'x' }],
      ],
      [0, 1],
    ],
  ] as const)('are others where %s', (_, runs, boundaries) => {
    expect(enumerated(...runs)).toEqual(boundaries);
  });
});
