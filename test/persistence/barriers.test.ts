import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { fsyncDir, inWords, rename, resolved, traceOfRun, writeFile, writeSynced } from '../../harness/calibrate/run.ts';
import type { Trace } from '../../harness/domain/trace.ts';
import { type EditedTrace, withBarrier, withoutOp } from '../../harness/persistence/barriers.ts';
import { statesAt } from '../../harness/persistence/power-loss.ts';
import type { Profile } from '../../harness/persistence/profile.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { draws } from '../lab/depth.ts';
import { BEFORE, calls } from './random-run.ts';

const RUNS = Number(process.env.RUNS ?? draws(60));
/** On btrfs and f2fs, an fsync brings the file's names forward, before older ones; see below. */
const ordered = fc.constantFrom(...Object.values(PROFILES).filter(({ fsyncFile }) => fsyncFile !== 'file-and-names'));
const LISTED = 2000;

/** Every tree with every promise under which it may be left; between an op and an acknowledgement after it, the power may go too. */
function pairsOf(trace: Trace, of: Profile): Set<string> {
  const pairs = new Set<string>();
  for (let boundary = 0; boundary <= trace.ops.length; boundary += 1) {
    const [least, most] = [0, 1].map((late) => trace.marks.filter(({ afterOp }) => afterOp < boundary + late).length);
    const states = [...statesAt(trace, of, boundary, { limit: LISTED })];
    fc.pre(states.length < LISTED);
    for (const { hash } of states) for (let promise = least ?? 0; promise <= (most ?? 0); promise += 1) pairs.add(`${promise} ${hash}`);
  }
  return pairs;
}

/** What the law says: the trace with more barriers has nothing that the other has not. */
function neverAdds(more: Trace, less: Trace, of: Profile): void {
  const allowed = pairsOf(less, of);
  const added = [...pairsOf(more, of)].filter((pair) => !allowed.has(pair));
  expect(added, `${of.name}\n${inWords(more)}`).toEqual([]);
}

/** Each op is the old one but for its index, and indices count from 1. */
function mapsBack({ trace, oldIndex }: EditedTrace, old: Trace): void {
  expect(oldIndex).toHaveLength(trace.ops.length + 1);
  expect(trace.trees).toHaveLength(trace.ops.length + 1);
  for (const [at, op] of trace.ops.entries()) {
    expect(op.index).toBe(at + 1);
    const before = oldIndex[at + 1];
    if (before !== undefined) expect({ ...op, index: before }).toEqual(old.ops[before - 1]);
  }
}

law.prop({ ops: calls({ most: 10, forced: 1 }), of: ordered, at: fc.nat(), which: fc.nat(), dataOnly: fc.boolean() }, { numRuns: RUNS })(
  'a barrier more never adds a tree under a promise',
  ({ ops, of, at, which, dataOnly }) => {
    const trace = traceOfRun(BEFORE, ops);
    const afterOp = at % (trace.ops.length + 1);
    const paths = ['.', ...(trace.trees[afterOp]?.keys() ?? [])];
    const path = paths[which % paths.length] ?? '.';
    const edited = withBarrier(trace, afterOp, { kind: dataOnly ? 'fdatasync' : 'fsync', of: path });
    mapsBack(edited, trace);
    neverAdds(edited.trace, trace, of);
  },
);

law.prop({ ops: calls({ most: 10, forced: 5 }), of: ordered, which: fc.nat() }, { numRuns: RUNS })(
  'a barrier less never takes one away',
  ({ ops, of, which }) => {
    const trace = traceOfRun(BEFORE, ops);
    const barriers = trace.ops.filter(
      ({ call, error }) => (call === 'fsync' || call === 'fdatasync' || call === 'sync') && error === undefined,
    );
    const barrier = barriers[which % barriers.length];
    fc.pre(barrier !== undefined);
    const edited = withoutOp(trace, barrier?.index ?? 0);
    mapsBack(edited, trace);
    neverAdds(trace, edited.trace, of);
  },
);

describe('on a save', () => {
  const before = { live: 'old' };
  const save = (steps: Parameters<typeof traceOfRun>[1]): Trace => traceOfRun(before, [...steps, resolved]);
  const contents = (trace: Trace, of: Profile, boundary = trace.ops.length): string[] =>
    [...statesAt(trace, of, boundary)].map((state) => textOf(state.toTree().get('live'))).sort();
  const textOf = (entry: ReturnType<Trace['trees'][number]['get']>): string =>
    entry?.kind === 'file' ? Buffer.from(entry.bytes).toString() : 'missing';

  test('the barrier stands before the acknowledgement', () => {
    const trace = save([...writeSynced('temp', 'new'), rename('temp', 'live')]);
    const { trace: mended, oldIndex } = withBarrier(trace, 5, { kind: 'fsync', of: '.' });
    expect(mended.marks).toEqual([{ kind: 'resolved', step: 0, afterOp: 6 }]);
    expect(oldIndex).toEqual([0, 1, 2, 3, 4, 5, undefined]);
    expect(contents(trace, PROFILES.ext4)).toEqual(['new', 'old']);
    expect(contents(mended, PROFILES.ext4)).toEqual(['new']);
  });

  test('of a file by its path, or as an op names it', () => {
    const trace = save([...writeFile('temp', 'new'), rename('temp', 'live'), fsyncDir()]);
    const wrote = trace.ops[1];
    if (wrote === undefined) throw new Error('the run has a write');
    expect(contents(trace, PROFILES.xfs)).toContain('');
    expect(contents(withBarrier(trace, 2, { kind: 'fsync', of: 'temp' }).trace, PROFILES.xfs)).toEqual(['new']);
    expect(contents(withBarrier(trace, 2, { kind: 'fdatasync', of: wrote.file }).trace, PROFILES.xfs)).toEqual(['new']);
    expect(contents(withBarrier(trace, 4, { kind: 'fsync', of: wrote.file }).trace, PROFILES.xfs)).toEqual(['new']); // it is `live` by then
  });

  test('without a barrier, what it forced may be lost', () => {
    const trace = save([...writeSynced('temp', 'new'), rename('temp', 'live'), fsyncDir()]);
    expect(contents(trace, PROFILES.xfs)).toEqual(['new']);
    const { trace: bare, oldIndex } = withoutOp(trace, 6);
    expect(contents(bare, PROFILES.xfs)).toEqual(['new', 'old']);
    expect(oldIndex).toEqual([0, 1, 2, 3, 4, 5]);
    expect(bare.marks).toEqual([{ kind: 'resolved', step: 0, afterOp: 5 }]);
    expect(contents(withoutOp(trace, 3).trace, PROFILES.xfs)).toEqual(['', 'new']);
  });

  test('on btrfs, an fsync can bring a name forward', () => {
    const trace = traceOfRun(before, [rename('live', 'aside'), ...writeFile('other', 'o')]);
    const both = (of: Trace): boolean =>
      [...statesAt(of, PROFILES.btrfs, of.ops.length)].some(({ disk }) => disk.toTree().has('live') && disk.toTree().has('other'));
    expect(both(trace)).toBe(false);
    expect(both(withBarrier(trace, 4, { kind: 'fsync', of: 'other' }).trace)).toBe(true);
  });

  test('what cannot be done is refused', () => {
    const trace = save(writeSynced('temp', 'new'));
    expect(() => withBarrier(trace, 9, { kind: 'fsync', of: '.' })).toThrow('there is no op 9: the trace has 4');
    expect(() => withBarrier(trace, -1, { kind: 'fsync', of: '.' })).toThrow(RangeError);
    expect(() => withBarrier(trace, 0, { kind: 'fsync', of: 'temp' })).toThrow('there is no temp after op 0');
    expect(() => withoutOp(trace, 2)).toThrow('op 2 is write, not a barrier');
    expect(() => withoutOp(trace, 5)).toThrow(RangeError);
  });
});
