import { describe, expect, test } from 'vitest';
import {
  chmod,
  fsync,
  fsyncDir,
  mkdir,
  open,
  rename,
  resolved,
  traceOfRun,
  truncate,
  unrelatedFsync,
  write,
  writeFile,
  writeSynced,
} from '../../harness/calibrate/run.ts';
import { NoSuchCase } from '../../harness/domain/errors.ts';
import { treeKey } from '../../harness/domain/tree.ts';
import { type PowerLossOptions, powerLossStates, rebuild, STATE_LIMIT, statesAt } from '../../harness/persistence/power-loss.ts';
import { PROFILE_NAMES } from '../../harness/persistence/profile.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { exhaustive } from '../lab/depth.ts';
import { SEQUENCES } from './sequences.ts';

const { posix, ext4, xfs } = PROFILES;
const save = traceOfRun({ live: 'old' }, [
  ...writeSynced('temp', 'new'),
  rename('temp', 'live'),
  fsyncDir(),
  resolved,
  chmod('live', 0o644),
]);

describe('what is enumerated', () => {
  test('each state says what was lost, in order, and where', () => {
    const enumerated = [...powerLossStates(save, ext4)].map(({ boundary, detail, lost }) => [
      boundary,
      detail,
      lost.map(({ op }) => op.call).join(),
    ]);
    expect(enumerated).toEqual([
      [0, '', ''],
      [1, '', ''],
      [2, '', ''],
      [5, '', ''],
      [6, '', ''], // anew, under the promise
      [7, '', ''],
    ]);
    const parts = [...statesAt(traceOfRun({}, writeFile('new', 'x'.repeat(8192))), xfs, 3)].map(({ detail }) => detail);
    expect(new Set(parts)).toEqual(new Set(['', 'lost=1+2', 'lost=2', 'lost=2.3+2.4']));
  });

  test('all of them, up to the limit', () => {
    const states = powerLossStates(save, posix);
    const { length } = [...states];
    expect(states.coverage).toEqual({
      kind: 'exhaustive',
      states: expect.any(Number),
      distinct: length,
      boundaries: 8,
      limit: STATE_LIMIT,
    });
    expect([...powerLossStates(save, posix, { limit: length })]).toHaveLength(length);
  });

  test('beyond the limit, some of them, and that is said', () => {
    const many = traceOfRun({}, Array.from({ length: 8 }, (_, at) => writeFile(`f${at}`, `${at}`)).flat());
    const states = powerLossStates(many, posix, { limit: 500 });
    const enumerated = [...states];
    expect(states.coverage).toMatchObject({ kind: 'sampled', distinct: enumerated.length, limit: 500 });
    expect(enumerated.length).toBeGreaterThan(300);
    const all = new Set(enumerated.map(({ boundary, hash }) => `${boundary} ${hash}`));
    for (const [boundary, tree] of many.trees.entries()) {
      // Nothing lost, and everything lost, are among the first that are enumerated of a boundary.
      const whole = [...statesAt(many, posix, boundary, { limit: 1 })].map((state) => treeKey(state.toTree()));
      expect(whole).toContain(treeKey(tree));
    }
    expect(all.size).toBe(enumerated.length);
    expect(enumerated.some((state) => state.boundary === many.ops.length - 1)).toBe(true); // the last op is a close
  });
});

describe('a state by its id', () => {
  const torn = traceOfRun({ live: 'o'.repeat(1024) }, [open('live', 'write'), write('live', 'n'.repeat(1024))]);
  const contents = (detail: string): string => {
    const entry = rebuild(torn, ext4, 2, detail).get('live');
    return entry?.kind === 'file'
      ? Buffer.from(entry.bytes)
          .toString()
          .replace(/(.)\1*/g, (run, letter) => `${letter}${run.length}`)
      : 'missing';
  };

  test.each([
    ['', 'n1024'],
    ['lost=2', 'o1024'],
    ['lost512=2', 'o1024'],
    ['lost512=2.1', 'o512n512'],
    ['lost512=2.2', 'n512o512'],
  ])('"%s"', (detail, expected) => expect(contents(detail)).toBe(expected));

  test.each<[string, typeof save, number, string, string]>([
    ['is no state', save, 5, 'lost=x', '"lost=x" is not a list of lost ops'],
    ['at a boundary that is not there', save, 9, '', 'there is no boundary 9: the trace has 7 ops'],
    ['of an op that comes later', save, 4, 'lost=5', 'op 5 has nothing to lose at boundary 4'],
    ['of an op without an effect', save, 5, 'lost=4', 'op 4 has nothing to lose'],
    ['of a part that is not there', save, 5, 'lost=2.7', 'op 2.7 has nothing to lose'],
    ['of what is on disk', save, 5, 'lost=2', 'ext4 cannot lose op 2.1 at boundary 5: it is on disk'],
    [
      'of what a later op needs',
      traceOfRun({}, [mkdir('a'), mkdir('b')]),
      2,
      'lost=1',
      'ext4 cannot lose "lost=1" at boundary 2 and keep op 2.1',
    ],
    ['by a hash that no state has', save, 5, 'tree=0123456789abcdef', 'ext4 leaves no tree 0123456789abcdef at boundary 5'],
  ])('%s', (_, trace, boundary, detail, message) => {
    expect(() => rebuild(trace, ext4, boundary, detail)).toThrow(NoSuchCase);
    expect(() => rebuild(trace, ext4, boundary, detail)).toThrow(message);
  });

  test('what a forced op cannot be without is on disk too', () => {
    const cut = traceOfRun({}, [open('new', 'new'), write('new', 'x'.repeat(20)), truncate('new', 10), ...unrelatedFsync]);
    expect(() => rebuild(cut, xfs, cut.ops.length, 'lost=2')).toThrow('xfs cannot lose op 2.1 at boundary 7: it is on disk');
    expect(rebuild(cut, ext4, cut.ops.length, 'lost=2').get('new')).toMatchObject({ bytes: new Uint8Array(10) });
  });

  test('too long for a file name, it is the hash of the tree', () => {
    const many = traceOfRun({}, [open('many', 'new'), write('many', 'x'.repeat(100 * 4096))]);
    const options = { limit: 400, seed: 7 };
    const long = [...powerLossStates(many, posix, options)].filter(({ detail }) => detail.startsWith('tree='));
    expect(long.length).toBeGreaterThan(0);
    for (const state of long.slice(0, 3)) {
      expect(state.detail).toBe(`tree=${state.hash}`);
      expect(treeKey(rebuild(many, posix, state.boundary, state.detail, options))).toBe(treeKey(state.toTree()));
    }
  });
});

describe('every state of every boundary is enumerated somewhere', () => {
  exhaustive.each(PROFILE_NAMES)('on %s', (name) => {
    for (const { ops, before = { live: 'old' } } of Object.values(SEQUENCES).flat()) {
      const trace = traceOfRun(before, ops);
      const enumerated = new Set([...powerLossStates(trace, PROFILES[name])].map(({ hash }) => hash));
      const there = trace.trees.flatMap((_, boundary) => [...statesAt(trace, PROFILES[name], boundary)].map(({ hash }) => hash));
      expect(enumerated).toEqual(new Set(there));
    }
  });

  test('also what an fsync makes possible, and the next one rules out', () => {
    const ops = [...writeFile('temp', 'new'), rename('temp', 'live'), fsyncDir(), open('live', 'write'), fsync('live')];
    const contents = (options: PowerLossOptions): Set<string> =>
      new Set(
        [...powerLossStates(traceOfRun({ live: 'old' }, ops), PROFILES.btrfs, options)].map((state) => {
          const live = state.toTree().get('live');
          return live?.kind === 'file' ? Buffer.from(live.bytes).toString() : 'missing';
        }),
      );
    expect(contents({})).toEqual(new Set(['old', 'new', '']));
    expect(contents({ limit: 3 })).toEqual(new Set(['old', 'new', '']));
  });
});
