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

/** Two files that belong together, with a journal to roll them back. `rollBack`: its statements. */
const journalled = (rollBack: readonly string[]): string => `
const fs = require('node:fs');
const read = (path) => (fs.existsSync(path) ? JSON.parse(fs.readFileSync(path, 'utf8')) : {});
const write = (path, value) => {
  const file = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT);
  fs.writeSync(file, JSON.stringify(value).padEnd(4000), 0);
  fs.closeSync(file);
};
const both = (dir, { a, b }) => { write(dir + '/a', a); write(dir + '/b', b); };
const rollBack = (dir) => {
  if (!fs.existsSync(dir + '/journal')) return;
  const old = read(dir + '/journal');
  ${rollBack.join('\n  ')}
};
module.exports = {
  save: (dir, value) => {
    rollBack(dir);
    fs.writeFileSync(dir + '/journal.tmp', JSON.stringify({ a: read(dir + '/a'), b: read(dir + '/b') }));
    fs.renameSync(dir + '/journal.tmp', dir + '/journal');
    const half = (odd) => Object.fromEntries(Object.entries(value).filter((_, index) => index % 2 === odd));
    both(dir, { a: half(0), b: half(1) });
    fs.unlinkSync(dir + '/journal');
  },
  load: (dir) => { rollBack(dir); return { ...read(dir + '/a'), ...read(dir + '/b') }; },
};`;

test.each([
  ['forgets the journal before it has rolled back', [`fs.unlinkSync(dir + '/journal');`, `both(dir, old);`], 'lossy'],
  ['rolls back before it forgets the journal', [`both(dir, old);`, `fs.unlinkSync(dir + '/journal');`], 'durable'],
])('a recovery that %s, crashed where the save was half done', async (_, rollBack, grade) => {
  const found = await lab.on(
    lab.store(journalled(rollBack)),
    { scenario: 'replace', effort: { recoveries: RECOVERIES } },
    async ({ check, result }) => result(await check({ model: 'process-kill' })),
  );
  expect(found.cell.grade).toBe(grade);
});
