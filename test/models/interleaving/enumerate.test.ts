/** What interleaving finds in small stores, what it says of those that it cannot run, and that it enumerates all there is. */
import { describe, expect, test } from 'vitest';
import type { Task } from '../../../harness/domain/trace.ts';
import { parseScheduleDetail, scheduleDetail } from '../../../harness/models/interleaving/coding.ts';
import { search } from '../../../harness/models/interleaving/search.ts';
import { blocksOf } from '../../../harness/models/schedule/describe.ts';
import type { Interleaved } from '../../../harness/protocol/interleave.ts';
import { exhaustive } from '../../lab/depth.ts';
import { freshDirectory } from '../../lab/temporary.ts';
import { answerOf, interleaved, type Planted, READER, sceneOf, TWO_SAVERS, TWO_UPDATERS } from './planted.ts';

const TASKS = { 'two-savers': TWO_SAVERS, 'two-updaters': TWO_UPDATERS, reader: READER } as const;

/** Each failure in one line: how it ended, its schedule, and who did what. */
function failures({ ends }: Interleaved, tasks: readonly Task[]): string[] {
  return ends.map(({ end, outcome }) => {
    const crashAfter = end.how === 'crashed' ? { crashAfter: end.ops.length } : {};
    const blocks = blocksOf({ ...end, tree: new Map() }, tasks).map(({ task, ops }) => `${task}: ${ops.join(', ')}`);
    return `${outcome} ${end.ops.length}~${scheduleDetail({ schedule: end.schedule, ...crashAfter })} ${blocks.join(' · ')}`;
  });
}

describe('finds', () => {
  test.each<[Planted, keyof typeof TASKS, string]>([
    [
      'window',
      'reader',
      'empty 11~a1.b6.a4 saver: unlink v.json · reader: load -> {}, save {}, open, write v.json.4001.2, rename v.json.4001.2 -> v.json · saver: open, write v.json.4001.1, rename v.json.4001.1 -> v.json',
    ],
    [
      'update-without-lock',
      'two-updaters',
      'false-ack 16~a1.b8.a7 updater A: open v.json · updater B: open, read v.json, open, write v.json.4001.1, rename v.json.4001.1 -> v.json · updater A: read v.json, open, write v.json.4001.2, rename v.json.4001.2 -> v.json',
    ],
    [
      'shared-temp',
      'two-savers',
      'unreadable 5~a2.b1.a2~crash saver A: open, write v.tmp · saver B: open v.tmp · saver A: rename v.tmp -> v.json',
    ],
    ['lock-dir', 'two-updaters', 'blocked 1~a1~crash updater A: mkdir lock'],
    [
      'waits-for-nobody',
      'two-savers',
      'hung 4~a0.b4 saver B: open, write v.json.4001.1, close v.json.4001.1, rename v.json.4001.1 -> v.json',
    ],
  ])('what is wrong with %s, by the shortest schedule', async (name, tasks, failure) => {
    const found = await interleaved(freshDirectory(), name, TASKS[tasks]);
    expect(found.kind).toBe('exhaustive');
    expect(failures(found, TASKS[tasks])).toContain(failure);
  });

  test.each<[Planted, keyof typeof TASKS]>([
    ['in-turn', 'two-savers'],
    ['in-turn', 'two-updaters'],
    ['in-turn', 'reader'],
    ['synchronous', 'reader'],
    ['directory-for-each', 'two-savers'],
  ])('nothing in %s with %s', async (name, tasks) => {
    const found = await interleaved(freshDirectory(), name, TASKS[tasks]);
    expect(found).toMatchObject({ kind: 'exhaustive', ends: [], memory: false });
    expect(found.runs).toBeGreaterThan(1);
  });

  test('that a queue in memory does not keep two processes apart', async () => {
    const found = await interleaved(freshDirectory(), 'in-turn', TWO_UPDATERS, { instances: 'own' });
    expect(found.outcomes['false-ack']).toBeGreaterThan(0);
  });

  test('the same whenever it is asked', async () => {
    const directory = freshDirectory();
    const first = await interleaved(directory, 'update-without-lock', TWO_UPDATERS);
    expect(await interleaved(directory, 'update-without-lock', TWO_UPDATERS)).toEqual(first);
  });

  test('by chance what it has no time to tell in order, and makes it short', async () => {
    const limits = { runs: 5, samples: 40 };
    const found = await interleaved(freshDirectory(), 'update-without-lock', TWO_UPDATERS, limits);
    expect(found.kind).toBe('sampled');
    const lost = found.ends.find(({ outcome }) => outcome === 'false-ack');
    expect(lost?.end.schedule.length).toBeLessThanOrEqual(4);
  });
});

test.each<[Planted, string]>([
  ['links-symbolically', 'the fake file system does not have fs.promises.symlink'],
  ['writes-elsewhere', 'the fake file system does not have open outside of the store’s directory: /tmp/elsewhere'],
  ['starts-others', 'the fake file system does not have child_process.execSync'],
])('%s is refused, not failed', async (name, reason) => {
  expect(await answerOf(freshDirectory(), name, TWO_SAVERS)).toEqual({ kind: 'refused', reason });
});

exhaustive('every failure is brought about again by its id', async () => {
  const directory = freshDirectory();
  for (const name of ['window', 'shared-temp', 'lock-dir'] as const) {
    for (const one of (await interleaved(directory, name, READER)).ends) {
      const { end } = one;
      const detail = scheduleDetail({ schedule: end.schedule, ...(end.how === 'crashed' && { crashAfter: end.ops.length }) });
      const named = parseScheduleDetail(end.ops.length, detail);
      if (named === undefined) throw new Error(detail);
      const [again] = (await interleaved(directory, name, READER, { named })).ends;
      expect(again).toEqual(one);
    }
  }
});

describe('folding states', () => {
  /** Outcome by outcome is not enough: every tree that is left must be left either way. */
  async function treesLeft(
    name: Planted,
    tasks: readonly Task[],
    unfolded: boolean,
  ): Promise<{ readonly trees: string[]; readonly runs: number }> {
    const scene = sceneOf(freshDirectory(), name, tasks);
    const trees = new Set<string>();
    const { kind, runs } = await search(scene, { runs: 5_000, unfolded }, async () => {
      for (const [, snapshot] of scene.trees.takeUnseen()) trees.add(snapshot.map((entry) => JSON.stringify(entry)).join());
    });
    expect(kind).toBe('exhaustive');
    return { trees: [...trees].sort(), runs };
  }

  exhaustive.each<[Planted, readonly Task[]]>([
    ['shared-temp', TWO_SAVERS],
    ['in-turn', READER],
  ])('loses no tree of %s', async (name, tasks) => {
    const [folded, all] = [await treesLeft(name, tasks, false), await treesLeft(name, tasks, true)];
    expect(folded.trees).toEqual(all.trees);
    expect(folded.runs).toBeLessThan(all.runs);
  });

  test('stops where tasks know of each other by memory alone', async () => {
    const found = await interleaved(freshDirectory(), 'by-memory', TWO_SAVERS, { runs: 200, samples: 0 });
    expect(found.memory).toBe(true);
    expect(found.outcomes.mixed).toBeGreaterThan(0);
  });

  test('enumerates all orders of two tasks that begin and then do four ops', async () => {
    const { runs } = await treesLeft('shared-temp', TWO_SAVERS, true);
    expect(runs).toBe(252); // 10! / (5! · 5!)
  });
});
