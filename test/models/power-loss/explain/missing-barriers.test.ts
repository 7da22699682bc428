import { describe, expect, test } from 'vitest';
import {
  close,
  type Do,
  fsyncDir,
  mkdir,
  open,
  rename,
  resolved,
  unlink,
  write,
  writeFile,
  writeSynced,
} from '../../../../harness/calibrate/run.ts';
import { type Mend, missingBarriers, verifyMend } from '../../../../harness/models/power-loss/explain/missing-barriers.ts';
import type { ProfileName } from '../../../../harness/persistence/profile.ts';
import { exhaustive } from '../../../lab/depth.ts';
import {
  type CellSketch,
  type Claim,
  cellOf,
  everyBarrier,
  failsWith,
  LIVE,
  NEW,
  OLD,
  RUNS,
  type RunName,
  smallestIn,
  type TestCell,
  verdictsOf,
} from './cell.ts';

async function mendOf(cell: TestCell): Promise<Mend> {
  const { question, failing } = cell;
  if (failing.length === 0) return { kind: 'nothing-to-mend' };
  return missingBarriers(question, failing, await smallestIn(cell), verdictsOf(cell));
}

/** E.g. `t 2..3, . 4`: fsync of t after op 2 or op 3, and of the directory after op 4. */
function inShort(mend: Mend): string {
  if (mend.kind === 'unmendable') return `no: ${mend.because} @${mend.remaining.boundary}`;
  if (mend.kind !== 'mended') return mend.kind;
  return mend.barriers.map(({ file, first, last }) => `${file.path} ${first === last ? first : `${first}..${last}`}`).join(', ');
}

describe('a mend', () => {
  test.each<[RunName, ProfileName, Claim, string]>([
    ['without any fsync', 'xfs', 'atomic', 't 2..3'],
    ['without any fsync', 'posix', 'atomic', 't 2..3'],
    ['without any fsync', 'ext4', 'atomic', 'nothing-to-mend'],
    ['without any fsync', 'ext4', 'durable', '. 4'],
    ['without any fsync', 'xfs', 'durable', 't 2..3, . 4'],
    ['without any fsync', 'ext4-noauto', 'durable', 't 2..3, . 4'],
    ['without any fsync', 'posix', 'durable', 't 2..3, . 4'],
    // On btrfs, fsync of the directory brings the name without the data.
    ['without any fsync', 'btrfs', 'durable', 'live 4'],
    ['without fsync of the directory', 'posix', 'durable', '. 5'],
    ['without fsync of the directory', 'xfs', 'durable', '. 5'],
    ['without fsync of the directory', 'btrfs', 'durable', '. 5'],
    ['without fsync of the file', 'xfs', 'atomic', 't 2..3'],
    ['without fsync of the file', 'ext4-noauto', 'durable', 't 2..3'],
    ['with fsync of the file too late', 'posix', 'durable', 't 2..3'],
    ['beside an unsynced copy and a lock', 'xfs', 'atomic', 't 8..9'],
    ['beside an unsynced copy and a lock', 'xfs', 'durable', 't 8..9, . 10..11'],
    ['beside an unsynced copy and a lock', 'posix', 'durable', 't 8..9, . 10..11'],
    ['in place', 'xfs', 'atomic', 'no: cut-short @2'],
    ['truncated, in place', 'ext4', 'atomic', 'no: crash-alone @1'],
    ['after renaming away', 'posix', 'durable', 'no: crash-alone @1'],
    ['with both', 'posix', 'durable', 'nothing-to-mend'],
  ])('of a save %s, on %s, %s: %s', async (run, profile, claim, expected) => {
    expect(inShort(await mendOf(cellOf({ calls: RUNS[run], profile, claim })))).toBe(expected);
  });

  test.each<[string, Omit<CellSketch, 'claim' | 'profile'>, ProfileName, Claim, string]>([
    [
      'copied over itself from an unsynced copy',
      { calls: [...writeFile('copy', NEW), unlink(LIVE), rename('copy', LIVE)] },
      'xfs',
      'atomic',
      'no: crash-alone @4',
    ],
    [
      'in a directory of its own',
      { calls: [mkdir('d'), ...writeFile('d/t', NEW), rename('d/t', LIVE), resolved] },
      'posix',
      'durable',
      'd/t 3..4, . 5',
    ],
    [
      'in two writes, each in place',
      { calls: [open(LIVE, 'write'), write(LIVE, NEW.slice(0, 4096)), write(LIVE, NEW.slice(4096, 6400), 4096), resolved] },
      'xfs',
      'atomic',
      'no: crash-alone @2',
    ],
    [
      'twice, without any fsync',
      {
        calls: [...writeFile('t', NEW), rename('t', LIVE), resolved, ...writeFile('t', `${NEW}2`), rename('t', LIVE), resolved],
        values: [NEW, `${NEW}2`],
      },
      'xfs',
      'durable',
      't 2..3, . 4, t 6..7, . 8', // of two files, each called t
    ],
    [
      'three times, without any fsync',
      {
        calls: [NEW, '2', '3'].flatMap((value) => [...writeFile('t', value), rename('t', LIVE), resolved]),
        values: [NEW, '2', '3'],
      },
      'xfs',
      'durable',
      't 2..3, . 4, t 6..7, . 8, t 10..11, . 12',
    ],
    [
      'twice, and only the first with fsync',
      {
        calls: [
          ...writeSynced('t', NEW),
          rename('t', LIVE),
          fsyncDir(),
          resolved,
          ...writeFile('u', `${NEW}2`),
          rename('u', LIVE),
          resolved,
        ],
        values: [NEW, `${NEW}2`],
      },
      'posix',
      'durable',
      'u 8..9, . 10',
    ],
  ])('of a save %s', async (_, sketch, profile, claim, expected) => {
    expect(inShort(await mendOf(cellOf({ ...sketch, profile, claim })))).toBe(expected);
  });

  test('is placed right before the rename that came too early, and right after the last rename', async () => {
    const mend = await mendOf(cellOf({ calls: RUNS['beside an unsynced copy and a lock'], profile: 'posix', claim: 'durable' }));
    expect(mend.kind === 'mended' && mend.barriers.map(({ after, target }) => `${target} ${after}`)).toEqual(['file 9', 'directory 10']);
    expect(mend).toMatchObject({ fewest: 'proven', coverage: 'exhaustive' });
  });

  test('of a sampled cell says that it was verified on a sample', async () => {
    const sketch = { calls: RUNS['beside an unsynced copy and a lock'], profile: 'posix', claim: 'atomic' } as const;
    expect(await mendOf(cellOf({ ...sketch, options: { limit: 60 } }))).toMatchObject({ kind: 'mended', coverage: 'sampled' });
  });

  test('is looked for by hashes: no tree that the cell has is judged again', async () => {
    const cell = cellOf({ calls: RUNS['beside an unsynced copy and a lock'], profile: 'posix', claim: 'atomic' });
    await mendOf(cell);
    expect(cell.asked()).toBe(0);
  });

  const cells = (Object.keys(RUNS) as RunName[]).flatMap((run) =>
    (['posix', 'xfs'] as const).flatMap((profile) => (['atomic', 'durable'] as const).map((claim) => ({ run, profile, claim }))),
  );
  exhaustive('mends wherever it is put, is the smallest, and is not missed', async () => {
    const kinds = new Map<string, number>();
    for (const { run, profile, claim } of cells) {
      const cell = cellOf({ calls: RUNS[run], profile, claim });
      const mend = await mendOf(cell);
      const label = `${run}, ${profile}, ${claim}: ${inShort(mend)}`;
      kinds.set(mend.kind, (kinds.get(mend.kind) ?? 0) + 1);
      switch (mend.kind) {
        case 'nothing-to-mend':
          continue;
        case 'mended': {
          for (const barrier of mend.barriers) {
            const others = mend.barriers.filter((other) => other !== barrier);
            for (let after = barrier.first; after <= barrier.last; after += 1)
              expect(failsWith(cell, [...others, { ...barrier, after }]), label).toBe(false);
            expect(failsWith(cell, others), `${label}, of which one is too many`).toBe(true);
          }
          if (mend.barriers.length > 1) {
            for (const one of everyBarrier(cell.question.trace))
              expect(failsWith(cell, [one]), `${label}, where one does: ${one.after} ${one.file.path}`).toBe(true);
          }
          continue;
        }
        case 'unmendable':
          expect(failsWith(cell, everyBarrier(cell.question.trace)), label).toBe(true);
          continue;
        case 'undecided':
          expect.unreachable(label);
      }
    }
    expect(Object.fromEntries(kinds)).toMatchObject({ mended: expect.any(Number), unmendable: expect.any(Number) });
    expect(kinds.get('mended')).toBeGreaterThan(15);
  });
});

describe('planted: a mend that does not mend', () => {
  const cell = cellOf({ calls: RUNS['without any fsync'], profile: 'xfs', claim: 'atomic' });
  const verdicts = verdictsOf(cell);
  const at = (after: number, path: string) => ({ after, file: { id: -1, path, actual: path } });

  test.each<[string, ReturnType<typeof at>[], 'found' | 'none']>([
    ['none', [], 'found'],
    ['of the empty file, before the write', [at(1, 't')], 'found'],
    ['of the directory', [at(3, '.')], 'found'],
    ['after the rename', [at(4, LIVE)], 'found'],
    ['of another file', [at(3, LIVE)], 'found'],
    ['of the file, before the rename', [at(3, 't')], 'none'],
  ])('fsync %s', async (_, barriers, expected) => {
    expect((await verifyMend(cell.question, barriers, verdicts)).kind).toBe(expected);
  });

  test('a mend that takes more barriers than allowed is not reported', async () => {
    const saves = Array.from({ length: 5 }, (_, index) => index);
    const calls: Do[] = saves.flatMap((index) => [open('t', 'new'), write('t', `${OLD}${index}`), close('t'), rename('t', LIVE), resolved]);
    const values = saves.map((index) => `${OLD}${index}`);
    expect(await mendOf(cellOf({ calls, values, profile: 'xfs', claim: 'durable' }))).toEqual({ kind: 'undecided', because: 'too-many' });
  });
});
