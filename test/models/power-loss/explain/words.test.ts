import { expect, test } from 'vitest';
import { fsyncDir, rename, resolved, writeFile, writeSynced } from '../../../../harness/calibrate/run.ts';
import { mendText } from '../../../../harness/explain/mend-text.ts';
import { type LossWords, lossWords } from '../../../../harness/models/power-loss/explain/words.ts';
import { type CellSketch, cellOf, explained, LIVE, NEW, RUNS } from './cell.ts';

test.each<[string, CellSketch, Omit<LossWords, 'mend'>]>([
  [
    'a rename that comes before its data',
    { calls: RUNS['with fsync of the file too late'], profile: 'xfs', claim: 'durable' },
    {
      lost: ['the data and size of op 2 write t 0..6400, in part   src/store.ts:2'],
      landed: 'op 4 rename t -> live landed without a part of op 2   src/store.ts:4',
      missingBarrier: 'fsync t after op 2 (write t 0..6400), before op 4 (rename t -> live)   src/store.ts:2',
      redundant: ['op 8 fsync . buys nothing once that is mended   src/store.ts:8'],
    },
  ],
  [
    'an acknowledgement that comes before the rename is on disk',
    { calls: RUNS['without fsync of the directory'], profile: 'posix', claim: 'durable' },
    {
      lost: ['op 5 rename t -> live   src/store.ts:5'],
      landed: 'step 1 was acknowledged without op 5, after op 5 rename t -> live',
      missingBarrier: 'fsync the directory after op 5 (rename t -> live), before step 1 is acknowledged   src/store.ts:5',
      redundant: [],
    },
  ],
  [
    'a file written in place',
    { calls: RUNS['in place'], profile: 'ext4', claim: 'atomic' },
    {
      lost: ['the data of op 2 write live 0..6400, in part   src/store.ts:2'],
      landed: 'a part of op 2 write live 0..6400 landed without the rest of it   src/store.ts:2',
      missingBarrier: 'no barrier would: op 2 can reach the disk in part',
      redundant: [],
    },
  ],
  [
    'a file that is away for a while',
    { calls: RUNS['after renaming away'], profile: 'btrfs', claim: 'atomic' },
    {
      lost: [],
      landed: 'op 1 rename live -> bak landed with nothing lost   src/store.ts:1, until op 6 rename t -> live',
      missingBarrier: 'no barrier would: a crash after op 1 is enough, with nothing lost',
      redundant: [],
    },
  ],
  [
    'two missing barriers',
    { calls: RUNS['without any fsync'], profile: 'posix', claim: 'durable' },
    {
      lost: ['the data of op 2 write t 0..6400, in part   src/store.ts:2'],
      landed: 'op 4 rename t -> live landed without a part of op 2   src/store.ts:4',
      missingBarrier:
        'fsync t after op 2 (write t 0..6400), before op 4 (rename t -> live)   src/store.ts:2; and fsync the directory after op 4 (rename t -> live), before step 1 is acknowledged   src/store.ts:4',
      redundant: [],
    },
  ],
  [
    'nothing that fails, and barriers too many',
    { calls: RUNS['with everything twice'], profile: 'posix', claim: 'durable' },
    { lost: [], redundant: ['op 4 fsync t buys nothing   src/store.ts:4', 'op 8 fsync . buys nothing   src/store.ts:8'] },
  ],
])('%s', async (_, sketch, expected) => {
  const cell = cellOf(sketch);
  const { mend, ...words } = lossWords(await explained(cell), cell.question.trace, (line) => ({ file: 'src/store.ts', line, column: 1 }));
  expect(words).toEqual(expected);
  expect(mend && mendText(mend)).toBe(expected.missingBarrier);
});

test('a mend as data: what to force, after which op, before what, and how often', async () => {
  const cell = cellOf({ calls: RUNS['without any fsync'], profile: 'posix', claim: 'durable' });
  const at = (index: number, text: string) => ({ index, text, site: { file: 'src/store.ts', line: index, column: 1 } });
  const { mend } = lossWords(await explained(cell), cell.question.trace, (line) => ({ file: 'src/store.ts', line, column: 1 }));
  expect(mend).toEqual({
    kind: 'mended',
    coverage: 'exhaustive',
    barriers: [
      {
        target: 'file',
        path: 't',
        after: at(2, 'write t 0..6400'),
        before: { kind: 'op', op: at(4, 'rename t -> live') },
        times: 1,
      },
      { target: 'directory', path: '.', after: at(4, 'rename t -> live'), before: { kind: 'acknowledgement', step: 0 }, times: 1 },
    ],
  });
});

test('one line of source that the run passed twice is one line to mend', async () => {
  const save = (value: string) => [...writeFile('t', value), rename('t', LIVE), resolved];
  const cell = cellOf({ calls: [...save(NEW), ...save('2')], values: [NEW, '2'], profile: 'xfs', claim: 'atomic' });
  const explanation = await explained(cell);
  const perSave = (index: number) => ({ file: 'src/store.ts', line: ((index - 1) % 4) + 1, column: 1 });
  expect(lossWords(explanation, cell.question.trace, perSave).missingBarrier).toBe(
    'fsync t after op 2 (write t 0..6400), before op 4 (rename t -> live)   src/store.ts:2 (2 times in this run)',
  );
});

test('a line of source buys nothing only if it does so each time', async () => {
  const save = (value: string) => [...writeSynced('t', value), rename('t', LIVE), fsyncDir()];
  const cell = cellOf({
    calls: [...save(NEW), resolved, ...save('2')],
    values: [NEW, '2'],
    profile: 'ext4',
    claim: 'durable',
  });
  const explanation = await explained(cell);
  const perSave = (index: number) => ({ file: 'src/store.ts', line: ((index - 1) % 6) + 1, column: 1 });
  expect(explanation.redundant.together.map(({ index }) => index)).toEqual([3, 9, 12]);
  // The second fsync of the directory comes with no acknowledgement, the first is needed.
  expect(lossWords(explanation, cell.question.trace, perSave).redundant).toEqual([
    'op 3 fsync t buys nothing   src/store.ts:3 (2 times in this run)',
  ]);
});
