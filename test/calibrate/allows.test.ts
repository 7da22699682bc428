import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { allows } from '../../harness/calibrate/allows.ts';
import {
  type Do,
  inWords,
  link,
  mkdir,
  open,
  rename,
  traceOfRun,
  truncate,
  unlink,
  write,
  writeFile,
  writeSynced,
} from '../../harness/calibrate/run.ts';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { Entry, Trace, Tree } from '../../harness/domain/trace.ts';
import { hashBytes, treeKey } from '../../harness/domain/tree.ts';
import { statesAt } from '../../harness/persistence/power-loss.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { draws, exhaustive } from '../lab/depth.ts';
import { BEFORE, calls } from '../persistence/random-run.ts';

const RUNS = Number(process.env.RUNS ?? draws(60));
const profile = fc.constantFrom(...Object.values(PROFILES));
const unit = fc.constantFrom(4096 as const, 512 as const);
/** More states than this are not listed, but asked for one by one only. */
const LISTED = 1500;

const fileOf = (bytes: Uint8Array): Entry => ({ kind: 'file', mode: 0o600, bytes, hash: hashBytes(bytes) });

/** Trees that are close to one that is allowed: a file of another one, a name less, a byte or a mode changed. */
function* near(tree: Tree, other: Tree): Generator<Tree> {
  for (const [path, entry] of tree) {
    const another = other.get(path);
    if (another !== undefined) yield new Map([...tree, [path, another]]);
    yield new Map([...tree].filter(([name]) => name !== path));
    if (entry.kind !== 'file') continue;
    yield new Map([...tree, [path, { ...entry, mode: entry.mode ^ 0o040 }]]);
    const bytes = Buffer.concat([entry.bytes, Buffer.from('?')]);
    yield new Map([...tree, [path, { ...entry, bytes, hash: hashBytes(bytes) }]]);
    const shorter = entry.bytes.subarray(0, Math.floor(entry.bytes.length / 2));
    yield new Map([...tree, [path, { ...entry, bytes: shorter, hash: hashBytes(shorter) }]]);
  }
}

const MOST_ASKED = 60;

law.prop(
  { ops: calls({ most: 14, forced: 2 }), of: profile, size: unit, cut: fc.nat(), pick: fc.array(fc.nat(), { minLength: 8, maxLength: 8 }) },
  { numRuns: RUNS / 2 },
)('asking for one tree agrees with listing them all', ({ ops, of, size, cut, pick }) => {
  const trace = traceOfRun(BEFORE, ops);
  const boundary = cut % (trace.ops.length + 1);
  const listed = [...statesAt(trace, of, boundary, { unit: size, limit: LISTED })].map((state) => state.toTree());
  fc.pre(listed.length < LISTED);
  const all = new Set(listed.map(treeKey));
  const ask = (tree: Tree): void =>
    expect(allows(trace, of, boundary, tree, { unit: size }), `${of.name} at ${boundary}\n${treeKey(tree)}\n${inWords(trace)}`).toBe(
      all.has(treeKey(tree)),
    );
  for (const tree of listed.slice(0, MOST_ASKED)) ask(tree);
  for (const tree of trace.trees) ask(tree);
  // What the floor allows is the hardest to distinguish from what this profile does.
  const floor = [...statesAt(trace, PROFILES.posix, boundary, { unit: size, limit: LISTED })].map((state) => state.toTree());
  for (const number of pick) {
    const [one, other] = [floor[number % floor.length], floor[(number >>> 8) % floor.length]];
    if (one === undefined || other === undefined) continue;
    ask(one);
    for (const tree of near(one, other)) ask(tree);
  }
});

describe('a hundred ops', () => {
  const recorded = new Map<readonly Do[], Trace>();
  /** Recording takes longer than asking. */
  const traceOf = (ops: readonly Do[]): Trace => {
    const trace = recorded.get(ops) ?? traceOfRun(before, ops);
    recorded.set(ops, trace);
    return trace;
  };
  /** Saves of a store of several pages, with a backup linked aside, and no fsync at all. */
  const unsynced: Do[] = Array.from({ length: 16 }, (_, save) => [
    ...writeFile(`live.${save}.tmp`, String.fromCharCode(97 + save).repeat(20_000)),
    link('live', `live.bak.${save}`),
    rename(`live.${save}.tmp`, 'live'),
    unlink(`live.bak.${save}`),
  ]).flat();
  /** Pages written over and over in one file. */
  const inPlace: Do[] = [
    open('live', 'write'),
    ...Array.from({ length: 96 }, (_, at) => write('live', String.fromCharCode(97 + (at % 3)).repeat(4096), (at % 24) * 4096)),
  ];
  const before = { live: 'o'.repeat(24 * 4096) };
  const content = (letter: string, at: number): Buffer => Buffer.alloc(24 * 4096, 'o').fill(letter, at * 4096, (at + 1) * 4096);

  /** Under these a rename over a file may come before the new data. */
  const NOT_FLUSHED: readonly string[] = ['posix', 'xfs', 'ext4-noauto', 'f2fs', 'apfs', 'ntfs'];
  exhaustive.each(Object.values(PROFILES))('with names that change and nothing forced, on $name', (of) => {
    const trace = traceOf(unsynced);
    expect(trace.ops.length).toBeGreaterThanOrEqual(96);
    const last = trace.ops.length;
    for (const tree of trace.trees.filter((_, at) => at % 8 === 0)) expect(allows(trace, of, last, tree)).toBe(true);
    expect(allows(trace, of, last, treeOf({ live: 'b'.repeat(20_000), 'live.3.tmp': '' }))).toBe(of.name === 'posix');
    expect(allows(trace, of, last, treeOf({ live: '' }))).toBe(NOT_FLUSHED.includes(of.name));
    expect(allows(trace, of, last, treeOf({ live: 'b'.repeat(4096) }))).toBe(NOT_FLUSHED.includes(of.name));
    expect(allows(trace, of, last, treeOf({ live: `${'b'.repeat(8192)}${'c'.repeat(11_808)}` }))).toBe(false);
  });

  exhaustive.each(Object.values(PROFILES))('on one file of many pages, on $name', (of) => {
    const trace = traceOf(inPlace);
    const last = trace.ops.length;
    const inOrder = of.name === 'ext4-journal';
    expect(allows(trace, of, last, treeOf({ live: content('a', 3) }))).toBe(!inOrder); // alone, without the pages before it
    expect(allows(trace, of, last, treeOf({ live: content('a', 4) }))).toBe(false); // page 4 only ever had b
    expect(allows(trace, of, last, treeOf({ live: content('b', 4) }))).toBe(!inOrder);
    expect(allows(trace, of, last, treeOf({ live: content('o', 0).subarray(1) }))).toBe(false);
  });

  exhaustive('with truncations in between', () => {
    const ops = Array.from({ length: 20 }, (_, at) => [
      write('live', 'xy'.repeat(3000), at * 100),
      truncate('live', 4000 + at * 10),
    ]).flat();
    const trace = traceOfRun(before, [open('live', 'write'), ...ops]);
    for (const of of Object.values(PROFILES)) {
      for (const tree of trace.trees.slice(0, 8)) expect(allows(trace, of, trace.ops.length, tree)).toBe(true);
      expect(allows(trace, of, trace.ops.length, treeOf({ live: 'neither' }))).toBe(false);
    }
  });

  exhaustive('in directories that come and go', () => {
    const ops = Array.from({ length: 12 }, (_, at) => [
      mkdir(`d${at}`),
      ...writeSynced(`d${at}/f`, `${at}`),
      rename(`d${at}`, `e${at}`),
    ]).flat();
    const trace = traceOfRun({}, ops);
    for (const of of Object.values(PROFILES)) {
      for (const tree of trace.trees.slice(-4)) expect(allows(trace, of, trace.ops.length, tree)).toBe(true);
      const strange = new Map([...(trace.trees.at(-1) ?? []), ['e3/f', fileOf(Buffer.from('4'))] as const]);
      expect(allows(trace, of, trace.ops.length, strange)).toBe(false);
    }
  });
});

test('a boundary that is not there', () => {
  const trace = traceOfRun({}, writeFile('a', 'a'));
  expect(() => allows(trace, PROFILES.posix, 4, new Map())).toThrow(RangeError);
  expect(() => allows(trace, PROFILES.posix, -1, new Map())).toThrow(RangeError);
});

describe('what a search could get wrong', () => {
  exhaustive('many ways to the same names, and one name that cannot be', () => {
    const names = Array.from({ length: 24 }, (_, at) => `f${at}`);
    const trace = traceOfRun(
      {},
      names.flatMap((name) => [...writeFile(name, 'x'), ...writeFile(`${name}.tmp`, 'x'), rename(`${name}.tmp`, name)]),
    );
    const all = Object.fromEntries(names.map((name) => [name, 'x']));
    for (const of of Object.values(PROFILES)) {
      expect(allows(trace, of, trace.ops.length, treeOf(all))).toBe(true);
      expect(allows(trace, of, trace.ops.length, treeOf({ ...all, f0: 'y' }))).toBe(false);
    }
  });

  test('bytes that an earlier truncation took', () => {
    const trace = traceOfRun({ live: 'old' }, [open('live', 'truncate'), write('live', 'x', 2)]);
    for (const of of Object.values(PROFILES)) {
      expect(allows(trace, of, 2, treeOf({ live: '\0\0x' }))).toBe(true);
      expect(allows(trace, of, 2, treeOf({ live: 'olx' }))).toBe(of.name === 'posix');
      expect(allows(trace, of, 2, treeOf({ live: 'o\0x' }))).toBe(false);
    }
  });

  test('one file under two names has one content', () => {
    const trace = traceOfRun({ live: 'old' }, [link('live', 'bak'), open('live', 'write'), write('live', 'new')]);
    for (const of of Object.values(PROFILES)) {
      for (const live of ['old', 'new']) {
        for (const bak of ['old', 'new']) expect(allows(trace, of, 3, treeOf({ live, bak }))).toBe(live === bak);
      }
    }
  });

  test('two files stand with one end of the log', () => {
    const trace = traceOfRun({ one: '1', two: '2' }, [open('one', 'truncate'), open('two', 'truncate')]);
    const backwards = treeOf({ one: '1', two: '' });
    for (const of of Object.values(PROFILES)) expect(allows(trace, of, 2, backwards)).toBe(of.name === 'posix');
  });
});
