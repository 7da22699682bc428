import { fc, test as law } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { type Do, fsyncDir, inWords, sync, traceOfRun } from '../../harness/calibrate/run.ts';
import type { Trace } from '../../harness/domain/trace.ts';
import { treeKey } from '../../harness/domain/tree.ts';
import { hashOfTree } from '../../harness/persistence/disk.ts';
import { hashText } from '../../harness/persistence/hash.ts';
import { historyOf } from '../../harness/persistence/micro-op-history.ts';
import { lostWith, type Piece } from '../../harness/persistence/piece.ts';
import { Pieces } from '../../harness/persistence/pieces.ts';
import { powerLossStates, rebuild, statesAt } from '../../harness/persistence/power-loss.ts';
import type { Profile } from '../../harness/persistence/profile.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { draws } from '../lab/depth.ts';
import { BEFORE, calls } from './random-run.ts';

const profile = fc.constantFrom(...Object.values(PROFILES));
/** POSIX has fsync of a directory force its entries. */
const forcesDirectories = profile.filter(({ fsyncDirectory }) => fsyncDirectory !== 'nothing');
const unit = fc.constantFrom(4096 as const, 512 as const);
const RUNS = Number(process.env.RUNS ?? draws(60));
const shortRun = calls({ most: 14, forced: 2 });

/** The list of pieces at a boundary. */
function piecesAt(trace: Trace, of: Profile, boundary: number, size: 4096 | 512 = 4096): Pieces {
  const { start, actions } = historyOf(trace, size);
  const pieces = new Pieces(start, of);
  for (const action of actions.slice(0, boundary)) for (const _ of pieces.carryOut(action));
  return pieces;
}

/** How many pieces may be tried in all combinations. */
const MOST_PIECES = 11;

/** Every disk that the rule of the pieces allows, by trying every set of them. */
function allowedByRule(pieces: Pieces): Set<string> {
  const open = pieces.all.filter(({ forced, microOps }) => !forced && microOps.length > 0);
  const trees = new Set<string>();
  for (let chosen = 0; chosen < 2 ** open.length; chosen += 1) {
    const lost = new Set<Piece>(open.filter((_, index) => (chosen >> index) % 2 === 1));
    const closed = lostWith(pieces.all, lost);
    if ([...closed].filter(({ microOps }) => microOps.length > 0).length === lost.size)
      trees.add(treeKey(pieces.diskWithout(closed).toTree()));
  }
  return trees;
}

const treesOf = (states: Iterable<{ toTree(): Parameters<typeof treeKey>[0] }>): Set<string> =>
  new Set([...states].map((state) => treeKey(state.toTree())));
const sorted = (keys: Iterable<string>): string[] => [...keys].sort();

describe('the enumeration', () => {
  law.prop({ ops: shortRun, of: profile, size: unit, cut: fc.nat() }, { numRuns: RUNS })(
    'finds at a boundary what trying every set of pieces finds',
    ({ ops, of, size, cut }) => {
      const trace = traceOfRun(BEFORE, ops);
      const boundary = cut % (trace.ops.length + 1);
      const pieces = piecesAt(trace, of, boundary, size);
      fc.pre(pieces.all.length <= MOST_PIECES);
      const found = [...statesAt(trace, of, boundary, { unit: size })];
      expect(sorted(treesOf(found)), inWords(trace)).toEqual(sorted(allowedByRule(pieces)));
      expect(new Set(found.map(({ hash }) => hash)).size).toBe(treesOf(found).size);
    },
  );

  law.prop({ ops: shortRun, of: profile }, { numRuns: RUNS })(
    'enumerates each tree once per promise, and all that any boundary has',
    ({ ops, of }) => {
      const trace = traceOfRun(BEFORE, ops);
      const states = powerLossStates(trace, of, { limit: 4000 });
      fc.pre(states.coverage.kind === 'exhaustive');
      const promise = (boundary: number): number => trace.marks.filter(({ afterOp }) => afterOp <= boundary).length;
      const enumerated = [...states].map((state) => `${promise(state.boundary)} ${state.hash}`);
      expect(new Set(enumerated).size).toBe(enumerated.length);
      expect(states.coverage).toMatchObject({ distinct: enumerated.length, boundaries: trace.ops.length + 1 });
      const allowed = new Set<string>();
      for (let boundary = 0; boundary <= trace.ops.length; boundary += 1) {
        for (const { hash } of statesAt(trace, of, boundary)) allowed.add(`${promise(boundary)} ${hash}`);
      }
      expect(sorted(enumerated), inWords(trace)).toEqual(sorted(allowed));
    },
  );

  law.prop({ ops: shortRun, of: profile, size: unit }, { numRuns: RUNS })(
    'a state is rebuilt from its id, and its hash is that of its tree',
    ({ ops, of, size }) => {
      const trace = traceOfRun(BEFORE, ops);
      const options = { unit: size, limit: 300 };
      for (const state of powerLossStates(trace, of, options)) {
        const tree = state.toTree();
        expect(hashText(hashOfTree(tree, size)), `${state.boundary} ${state.detail}\n${inWords(trace)}`).toBe(state.hash);
        if (state.detail.startsWith('tree=')) continue;
        expect(
          treeKey(rebuild(trace, of, state.boundary, state.detail, options)),
          `${state.boundary} ${state.detail}\n${inWords(trace)}`,
        ).toBe(treeKey(tree));
      }
    },
  );
});

describe('every profile', () => {
  law.prop({ ops: shortRun, of: profile }, { numRuns: RUNS })('allows at each boundary the tree with nothing lost', ({ ops, of }) => {
    const trace = traceOfRun(BEFORE, ops);
    for (const [boundary, tree] of trace.trees.entries()) {
      expect(treeKey(rebuild(trace, of, boundary, ''))).toBe(treeKey(tree));
      const hash = hashText(hashOfTree(tree));
      expect([...statesAt(trace, of, boundary, { limit: 300 })].some((state) => state.hash === hash)).toBe(true);
    }
  });

  law.prop({ ops: shortRun, of: forcesDirectories }, { numRuns: RUNS })('leaves nothing that posix does not', ({ ops, of }) => {
    const trace = traceOfRun(BEFORE, ops);
    for (const state of powerLossStates(trace, of, { limit: 300 })) {
      if (state.detail.startsWith('tree=')) continue;
      const same = rebuild(trace, PROFILES.posix, state.boundary, state.detail);
      expect(treeKey(same), `${state.boundary} ${state.detail}\n${inWords(trace)}`).toBe(treeKey(state.toTree()));
    }
  });

  law.prop({ ops: shortRun, of: profile, after: calls({ most: 4, forced: 0 }) }, { numRuns: RUNS })(
    'has one state where everything was forced, and keeps that',
    ({ ops, of, after }) => {
      const trace = traceOfRun(BEFORE, [...ops, sync, ...after]);
      const synced = trace.ops.findLastIndex(({ call }) => call === 'sync') + 1;
      expect([...statesAt(trace, of, synced)].map((state) => treeKey(state.toTree()))).toEqual([treeKey(trace.trees[synced] ?? new Map())]);
      for (const state of statesAt(trace, of, trace.ops.length, { limit: 300 }))
        expect(state.lost.every(({ op }) => op.index > synced)).toBe(true);
    },
  );

  law.prop({ ops: shortRun, of: forcesDirectories }, { numRuns: RUNS })(
    'keeps all that fsync was asked for, of each file and each directory',
    ({ ops, of }) => {
      const files: Do = (run) => {
        for (const path of run.paths()) if (run.isFile(path)) run.synced(path);
      };
      const directories: Do = (run) => {
        for (const path of ['.', ...run.paths()]) if (run.isDirectory(path)) fsyncDir(path)(run);
      };
      const trace = traceOfRun(BEFORE, [...ops, files, directories]);
      const last = treeKey(trace.trees.at(-1) ?? new Map());
      for (const state of statesAt(trace, of, trace.ops.length)) expect(treeKey(state.toTree()), inWords(trace)).toBe(last);
    },
  );

  law.prop({ ops: shortRun, of: profile, seed: fc.nat(100) }, { numRuns: RUNS })(
    'is explored alike under the same seed',
    ({ ops, of, seed }) => {
      const trace = traceOfRun(BEFORE, ops);
      const enumerated = (): string[] =>
        [...powerLossStates(trace, of, { limit: 20, seed })].map(({ boundary, hash, detail }) => `${boundary} ${hash} ${detail}`);
      expect(enumerated()).toEqual(enumerated());
    },
  );
});
