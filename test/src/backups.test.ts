import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterEach, expect, vi } from 'vitest';
import { listBackups, newBackupPath, pruneBackups } from '../../src/backups.ts';
import { increasingTime } from '../../src/increasing-time.ts';
import { freshStore, namesBeside } from './fixtures.ts';

afterEach(() => vi.restoreAllMocks());

test.prop([fc.array(fc.integer({ min: 0, max: 2_000_000_000_000 }), { minLength: 1 })])(
  'times increase, whatever the clock does',
  (clock) => {
    const now = vi.spyOn(Date, 'now');
    const times = clock.map((time) => {
      now.mockReturnValue(time);
      return increasingTime();
    });
    now.mockRestore();
    expect(times.every((time, n) => n === 0 || time > (times[n - 1] ?? 0))).toBe(true);
  },
);

test('a backup is named later than the one that it is given', () => {
  const store = freshStore();
  expect(newBackupPath(store, 5_000_000_000_000)).toBe(`${store}.bak.5000000000001`);
});

test('the 3 newest in lexical order stay, and files of other names', async () => {
  const store = freshStore();
  const names = ['1', '3', '2', '5', '4', 'mine', '5.tmp', ''].map((end) => `sessions.json.bak.${end}`);
  for (const name of [...names, 'other.json.bak.9']) fs.writeFileSync(join(dirname(store), name), '');
  await pruneBackups(store);
  expect((await listBackups(store)).map((path) => basename(path))).toEqual(['5', '4', '3'].map((end) => `sessions.json.bak.${end}`));
  expect(namesBeside(store)).toHaveLength(names.length + 1 - 2);
});
