import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../../harness/calibrate/tree-sketch.ts';
import type { Op, Tree } from '../../../harness/domain/trace.ts';
import type { CrashPoint } from '../../../harness/models/crash/crash-state.ts';
import { killStates, tornTree } from '../../../harness/models/process-kill/kill-states.ts';
import { draws } from '../../lab/depth.ts';
import { type OpSketch, traceOf } from '../../lab/traces.ts';

const PAGE = 4096;
const A = treeOf({ live: 'A' });
const B = treeOf({ live: 'B' });
const nothing = treeOf({});
const stat: OpSketch = { call: 'stat', path: 'live' };
const rename: OpSketch = { call: 'rename', path: 'temp', to: 'live' };

/** Points as text: `3` for the boundary after op 3, `3~8` for 8 bytes into op 3. */
const inWords = (points: readonly CrashPoint[]): string =>
  points.map(({ op, bytes }) => (bytes === undefined ? op : `${op}~${bytes}`)).join(' ');
const shapeOf = (trace: Parameters<typeof killStates>[0]): string[] =>
  killStates(trace).states.map(({ points, how }) => `${inWords(points)} ${how}`);

describe('boundaries are folded', () => {
  test.each<[string, Parameters<typeof traceOf>[0], readonly string[]]>([
    ['while nothing changes', { before: A, ops: [stat, stat, [rename, B], stat] }, ['0 1 2 killed', '3 killed', '4 ended']],
    ['not across a change', { before: A, ops: [[rename, B], [rename, A], stat] }, ['0 killed', '1 killed', '2 killed', '3 ended']],
    [
      'not when the tree comes back later',
      {
        before: A,
        ops: [
          [rename, B],
          [rename, A],
          [rename, B],
        ],
      },
      ['0 killed', '1 killed', '2 killed', '3 ended'],
    ],
    ['not across an acknowledgement', { before: A, ops: [stat, stat, stat], resolved: [1, 3] }, ['0 killed', '1 2 killed', '3 ended']],
    ['not into the last one', { before: A, ops: [stat, stat] }, ['0 1 killed', '2 ended']],
    ['nor where there is nothing at all', { ops: [stat] }, ['0 killed', '1 ended']],
    [
      'not when only the contents differ',
      { before: treeOf({ live: 'A' }), ops: [[stat, treeOf({ live: 'a' })], stat] },
      ['0 killed', '1 killed', '2 ended'],
    ],
    [
      'not when only the mode differs',
      { before: treeOf({ live: 'A' }), ops: [[stat, treeOf({ live: { text: 'A', mode: 0o644 } })], stat] },
      ['0 killed', '1 killed', '2 ended'],
    ],
    ['not when a directory comes', { ops: [[stat, treeOf({ sub: { directory: 0o755 } })], stat] }, ['0 killed', '1 killed', '2 ended']],
  ])('%s', (_, sketch, shape) => {
    expect(shapeOf(traceOf(sketch))).toEqual(shape);
  });

  test('a state says from which op on its promise counts', () => {
    const { states } = killStates(traceOf({ before: A, ops: [stat, stat, [rename, B]], resolved: [2] }));
    expect(states.map(({ at, promisedAt }) => [at.op, promisedAt])).toEqual([
      [0, 0],
      [2, 2],
      [3, 3],
    ]);
  });
});

/** A write of `length` bytes at `offset` over an old file of `old` bytes. */
function written(offset: number, length: number, old: number, call: 'write' | 'copy' = 'write'): Parameters<typeof traceOf>[0] {
  const before = Buffer.alloc(old, 'o');
  const after = Buffer.alloc(Math.max(old, offset + length));
  after.set(before);
  after.fill('n', offset, offset + length);
  return { before: treeOf({ live: before }), ops: [[{ call, path: 'live', range: { offset, length } }, treeOf({ live: after })]] };
}

const inside = (trace: Parameters<typeof traceOf>[0]): number[] =>
  killStates(traceOf(trace)).states.flatMap(({ points }) => points.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes])));

describe('a write is cut at pages of the file', () => {
  test.each<[string, number, number, readonly number[]]>([
    ['less than a page', 0, PAGE - 1, []],
    ['a whole page', 0, PAGE, []],
    ['a page and a byte', 0, PAGE + 1, [PAGE]],
    ['three pages', 0, 3 * PAGE, [PAGE, 2 * PAGE]],
    ['from the middle of a page', 100, PAGE, [PAGE - 100]],
    ['from the last byte of a page', PAGE - 1, 2, [1]],
    ['up to a page', 100, PAGE - 100, []],
    ['from a later page', 5 * PAGE + 6, 2 * PAGE, [PAGE - 6, 2 * PAGE - 6]],
    ['of nothing', 0, 0, []],
  ])('%s', (_, offset, length, cuts) => {
    expect(inside(written(offset, length, 0))).toEqual(cuts);
    expect(inside(written(offset, length, 0, 'copy'))).toEqual(cuts);
  });

  test.each<[string, Partial<OpSketch>]>([
    ['failed', { error: 'ENOSPC' }],
    ['is a read', { call: 'read' }],
    ['is a truncate', { call: 'truncate' }],
  ])('not if it %s', (_, parts) => {
    const { before = nothing, ops } = written(0, 3 * PAGE, 0);
    const [sketch, tree] = ops[0] as readonly [OpSketch, Tree];
    expect(inside({ before, ops: [[{ ...sketch, ...parts }, tree]] })).toEqual([]);
  });

  test('a step that resolves after it has not been promised inside it', () => {
    const { states } = killStates(traceOf({ ...written(0, 2 * PAGE, 2 * PAGE), resolved: [1] }));
    expect(states.map(({ at, promisedAt, how }) => [inWords([at]), promisedAt, how])).toEqual([
      ['0', 0, 'killed'],
      [`1~${PAGE}`, 0, 'killed'],
      ['1', 1, 'ended'],
    ]);
  });

  test('writes what is there already: one state', () => {
    const same = treeOf({ live: Buffer.alloc(3 * PAGE, 'n') });
    const trace = traceOf({ before: same, ops: [[{ call: 'write', path: 'live', range: { offset: 0, length: 3 * PAGE } }, same], stat] });
    expect(shapeOf(trace)).toEqual([`0 1~${PAGE} 1~${2 * PAGE} 1 killed`, '2 ended']);
  });
});

describe('of many pages', () => {
  test('16 are tried and all are counted', () => {
    const trace = traceOf(written(0, 16 * PAGE, 0));
    expect(killStates(trace).inside).toEqual({ tried: 15, of: 15 });
    const more = traceOf(written(0, 100 * PAGE, 0));
    expect(killStates(more)).toMatchObject({ inside: { tried: 16, of: 99 }, points: 18 });
  });

  law.prop([fc.integer({ min: 17, max: 80 })], { numRuns: draws(30) })(
    'the first and the last are among them, and the rest lie evenly',
    (pages) => {
      const cuts = inside(written(0, pages * PAGE + 1, 0));
      expect(cuts).toHaveLength(16);
      expect([cuts[0], cuts.at(-1)]).toEqual([PAGE, pages * PAGE]);
      const gaps = cuts.slice(1).map((cut, index) => (cut - (cuts[index] ?? 0)) / PAGE);
      expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
    },
  );
});

describe('a torn tree', () => {
  const write = (offset: number, length: number): Op => {
    const [op] = traceOf({ ops: [{ call: 'write', path: 'live', range: { offset, length } }] }).ops;
    if (op === undefined) throw new Error('one op was sketched');
    return op;
  };
  const bytesOf = (tree: Tree): Uint8Array => {
    const entry = tree.get('live');
    if (entry?.kind !== 'file') throw new Error('live is a file');
    return entry.bytes;
  };

  law.prop([fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(80), fc.nat()])(
    'is the new bytes up to the cut and the old ones from there',
    (old, data, offset, seed) => {
      const bytes = seed % (data.length + 1);
      const whole = Buffer.alloc(Math.max(old.length, offset + data.length));
      whole.set(old);
      whole.set(data, offset);
      const torn = bytesOf(tornTree(treeOf({ live: old }), treeOf({ live: whole }), write(offset, data.length), bytes));
      expect(torn).toHaveLength(Math.max(old.length, offset + bytes));
      const at = (index: number): number => (index >= offset && index < offset + bytes ? data[index - offset] : old[index]) ?? 0;
      expect([...torn]).toEqual(Array.from(torn, (_, index) => at(index)));
    },
  );

  law.prop([fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(20)])('cut at its end is the whole write', (data, offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), data]);
    const after = treeOf({ live: whole });
    expect(tornTree(treeOf({ live: '' }), after, write(offset, data.length), data.length)).toEqual(after);
  });

  test('leaves all other files alone', () => {
    const before = treeOf({ live: 'old', other: 'x', sub: { directory: 0o700 } });
    const torn = tornTree(before, treeOf({ live: 'new', other: 'x', sub: { directory: 0o700 } }), write(0, 3), 1);
    expect(torn).toEqual(treeOf({ live: 'nld', other: 'x', sub: { directory: 0o700 } }));
    expect(before).toEqual(treeOf({ live: 'old', other: 'x', sub: { directory: 0o700 } }));
  });

  test('keeps the mode that the file had before', () => {
    const torn = tornTree(treeOf({ live: { text: 'old', mode: 0o640 } }), treeOf({ live: { text: 'new', mode: 0o600 } }), write(0, 3), 2);
    expect(torn.get('live')).toMatchObject({ mode: 0o640 });
  });

  test('of a file without a name is the tree as it is', () => {
    expect(tornTree(nothing, nothing, write(0, 3), 1)).toEqual(nothing);
  });
});

/** One op of a random trace: what it does, and what the file holds afterwards. */
const anyOp = fc.record({ changes: fc.boolean(), text: fc.constantFrom('x', 'y', 'z'), resolves: fc.boolean() });

describe('of every trace', () => {
  law.prop([fc.array(anyOp, { maxLength: 12 })])(
    'each boundary belongs to one state, in order, with its tree and its promise',
    (sketch) => {
      const ops = sketch.map(({ changes, text }) => (changes ? ([rename, treeOf({ live: text })] as const) : stat));
      const resolved = sketch.flatMap(({ resolves }, index) => (resolves ? [index + 1] : []));
      const trace = traceOf({ before: A, ops, resolved });
      const { states, points } = killStates(trace);
      expect(states.flatMap(({ points }) => points.map(({ op }) => op))).toEqual(Array.from({ length: sketch.length + 1 }, (_, op) => op));
      expect(points).toBe(sketch.length + 1);
      const marks = (op: number): number => trace.marks.filter(({ afterOp }) => afterOp <= op).length;
      for (const { points, tree, promisedAt, at } of states) {
        expect(at).toEqual(points[0]);
        for (const { op } of points) expect([trace.trees[op], marks(op)]).toEqual([tree, marks(promisedAt)]);
      }
      expect(states.map(({ how }) => how)).toEqual([...states.slice(1).map(() => 'killed'), 'ended']);
    },
  );
});
