import { describe, expect, test } from 'vitest';
import {
  close,
  type Do,
  fdatasync,
  fsync,
  fsyncDir,
  open,
  rename,
  resolved,
  sync,
  truncate,
  write,
  writeFile,
} from '../../../../harness/calibrate/run.ts';
import { type Redundancy, redundantBarriers } from '../../../../harness/models/power-loss/explain/redundant-barriers.ts';
import { type PlacedBarrier, withoutOps } from '../../../../harness/models/power-loss/explain/trace-edits.ts';
import { PROFILE_NAMES, type ProfileName } from '../../../../harness/persistence/profile.ts';
import { exhaustive } from '../../../lab/depth.ts';
import { type Claim, cellOf, failingIn, LIVE, NEW, RUNS, type RunName, type TestCell, verdictsOf } from './cell.ts';

const redundantIn = (cell: TestCell, mend: readonly PlacedBarrier[] = []): Promise<Redundancy> =>
  redundantBarriers(cell.question, mend, verdictsOf(cell));

const temporary = (...forced: Do[]): Do[] => [open('t', 'new'), write('t', NEW), ...forced, close('t'), rename('t', LIVE)];

describe('barriers that buy nothing', () => {
  test.each<[string, readonly Do[], ProfileName, Claim, string, string]>([
    ['with both', RUNS['with both'], 'posix', 'durable', '3 needed, 6 needed', ''],
    ['with both', RUNS['with both'], 'xfs', 'atomic', '3 needed, 6 redundant', '6'],
    ['with both', RUNS['with both'], 'ext4', 'durable', '3 redundant, 6 needed', '3'],
    [
      'with everything twice',
      RUNS['with everything twice'],
      'xfs',
      'durable',
      '3 redundant, 4 redundant, 7 redundant, 8 redundant',
      '4, 8',
    ],
    ['with fsync of the file too late', RUNS['with fsync of the file too late'], 'ext4', 'atomic', '6 redundant, 8 redundant', '6, 8'],
    ['with fdatasync before fsync', temporary(fdatasync('t'), fsync('t')), 'xfs', 'atomic', '3 redundant, 4 redundant', '4'],
    [
      'with an fsync of the empty file',
      [open('t', 'new'), fsync('t'), write('t', NEW), fsync('t'), rename('t', LIVE)],
      'xfs',
      'atomic',
      '2 redundant, 4 needed',
      '2',
    ],
    ['with sync instead', [...temporary(sync), resolved, sync], 'xfs', 'atomic', '3 needed, 6 redundant', '6'],
    [
      'with an fsync of something else',
      [...writeFile('log', 'x'), open('log', 'write'), fsync('log'), ...temporary(fsync('t')), fsyncDir(), resolved],
      'xfs',
      'durable',
      '5 redundant, 8 needed, 11 needed',
      '5',
    ],
    [
      'with an fsync that failed',
      [...temporary(fsync('t')), truncate('t', 0), fsyncDir('gone')].slice(0, 5),
      'xfs',
      'atomic',
      '3 needed',
      '',
    ],
  ])('of a save %s: %s', async (_, calls, profile, claim, uses, together) => {
    const found = await redundantIn(cellOf({ calls, profile, claim }));
    expect(found.barriers.map(({ op, use }) => `${op.index} ${use}`).join(', ')).toBe(uses);
    expect(found.together.map(({ index }) => index).join(', ')).toBe(together);
  });

  exhaustive('what is redundant can go, and what is needed cannot', async () => {
    for (const run of Object.keys(RUNS) as RunName[]) {
      for (const profile of PROFILE_NAMES) {
        const cell = cellOf({ calls: RUNS[run], profile, claim: 'durable' });
        const { question, failing, isBelow } = cell;
        if (failing.length > 0) continue;
        const { barriers, together } = await redundantIn(cell);
        const failsWithout = (...indices: number[]): boolean =>
          failingIn(withoutOps(question.trace, indices).trace, question, isBelow).length > 0;
        for (const { op, use } of barriers)
          expect(failsWithout(op.index) ? 'needed' : 'redundant', `${run}, ${profile}: op ${op.index}`).toBe(use);
        expect(failsWithout(...together.map(({ index }) => index)), `${run}, ${profile}`).toBe(false);
      }
    }
  });

  test('in a store that fails, whatever adds no failure buys nothing', async () => {
    const calls = [rename(LIVE, 'bak'), fsyncDir(), ...temporary(fsync('t')), fsyncDir(), resolved];
    const cell = cellOf({ calls, profile: 'xfs', claim: 'atomic' });
    const { barriers } = await redundantIn(cell);
    expect(cell.failing.length).toBeGreaterThan(0);
    expect(barriers.map(({ op, use }) => `${op.index} ${use}`)).toEqual(['2 redundant', '5 needed', '8 needed']);
  });

  test('a mend can make a barrier needless that was none before', async () => {
    const cell = cellOf({ calls: RUNS['with fsync of the file too late'], profile: 'posix', claim: 'durable' });
    const file = cell.question.trace.ops[1]?.file;
    if (file === undefined) throw new Error('op 2 writes a file');
    const { together } = await redundantIn(cell, [{ after: 3, file }]);
    expect(together.map(({ index }) => index)).toEqual([6]);
  });

  test('more new trees than may be judged leave it undecided', async () => {
    const many = Array.from({ length: 10 }, (_, index) => `f${index}`);
    const calls = [...many.flatMap((path) => writeFile(path, 'x')), sync, ...many.slice(0, 3).map((path) => rename(path, `${path}.new`))];
    const cell = cellOf({ calls, profile: 'posix', claim: 'atomic', options: { limit: 200 } });
    expect((await redundantIn(cell)).barriers.map(({ use }) => use)).toEqual(['undecided']);
    expect(cell.asked()).toBeGreaterThan(0);
  });
});
