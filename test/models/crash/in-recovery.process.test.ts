/** What a cell tries depends on that cell alone: not on what other models of the run recorded before it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckedCell } from '../../../harness/cell-result.ts';
import { type Lab, type LabCells, openLab } from '../../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

/** Fewer than there are ways to recover, so that some must be chosen: of those from whole states, and of those from states that lost something. */
const RECOVERIES = 4;
const what = { scenario: 'replace', effort: { recoveries: RECOVERIES, statesInRecovery: 40 } };

/** A bench that counts the recoveries which are recorded on it. */
function counting({ bench }: LabCells): { readonly bench: LabCells['bench']; readonly recorded: Set<unknown> } {
  const recorded = new Set<unknown>();
  return {
    recorded,
    bench: {
      ...bench,
      recordRecovery: (tree, like) => {
        const recording = bench.recordRecovery(tree, like); // the same promise for the same tree
        recorded.add(recording);
        return recording;
      },
    },
  };
}

/** The store's lock has the pid of its owner and the time of its start, which have more digits in one run than in the other. */
function withoutDigits(result: CheckedCell): string {
  return JSON.stringify(result, undefined, 2).replaceAll(/("bytes": |lock\.<uuid>\.tmp 0\.\.)12\d\b/g, '$1<lock>');
}

test('crashes in recovery are the same whatever ran before, and recordings are shared', async () => {
  const store = await lab.builtIn('in-place');
  const alone = await lab.on(store, what, async (cells) => {
    const { bench, recorded } = counting(cells);
    return { result: await cells.result(await cells.check({ model: 'power-loss:btrfs' }, bench)), recorded: recorded.size };
  });
  const after = await lab.on(store, what, async (cells) => {
    const { bench, recorded } = counting(cells);
    for (const model of ['process-kill', 'power-loss:posix']) await cells.check({ model }, bench);
    const before = recorded.size;
    return { result: await cells.result(await cells.check({ model: 'power-loss:btrfs' }, bench)), recorded: recorded.size - before };
  });
  expect(withoutDigits(after.result)).toBe(withoutDigits(alone.result));
  expect(alone.result.cell.tried).toMatchObject({ recoveries: { crashed: RECOVERIES } });
  expect(after.recorded).toBeLessThan(alone.recorded);
});
