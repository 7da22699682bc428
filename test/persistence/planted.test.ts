/** Wrong profiles: each is caught by an assertion of the tables, and every answer of every profile is held by some row. */
import { describe, expect, test } from 'vitest';
import type { Profile } from '../../harness/persistence/profile.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { exhaustive } from '../lab/depth.ts';
import { expectedOf, leavesExactly, leftOf } from './leaves.ts';
import { IN_TABLES, type Row, SEQUENCES } from './sequences.ts';

const rows = Object.values(SEQUENCES).flat();

function rowOf(sequence: string): Row {
  const row = rows.find((other) => other.sequence === sequence);
  if (row === undefined) throw new Error(`there is no row "${sequence}"`);
  return row;
}

const { posix, ext4, xfs, btrfs } = PROFILES;

describe('a wrong profile is caught', () => {
  test.each<[string, Profile, Profile, string]>([
    ['forgets fsync of a directory', posix, { ...posix, fsyncDirectory: 'nothing' }, 'unlink, fsync dir'],
    ['forgets fsync of a directory', ext4, { ...ext4, fsyncDirectory: 'nothing' }, 'write temp, fsync, rename, fsync dir'],
    ['forgets the directory that a name stands in', btrfs, { ...btrfs, fsyncFile: 'file' }, 'a directory with a file that is forced'],
    ['lets names come out of order', ext4, { ...ext4, metadata: 'free' }, 'two files made in order'],
    ['orders names that have no order', posix, { ...posix, metadata: 'logged' }, 'two files made in order'],
    ['takes an fsync for one of its file only', xfs, { ...xfs, fsyncFile: 'file' }, 'the second of two files forced'],
    ['takes an fsync for one of the names too', posix, { ...posix, fsyncFile: 'file-and-names' }, 'a new file, fsync, no fsync dir'],
    ['forgets the flush at rename', ext4, { ...ext4, renameOver: 'not-flushed' }, 'write temp, rename'],
    ['flushes at rename', xfs, { ...xfs, renameOver: 'flushed' }, 'write temp, rename'],
    ['forgets the flush at close', ext4, { ...ext4, close: 'not-flushed' }, 'O_TRUNC, write, close, and something else is forced'],
    ['lets a size come without its data', xfs, { ...xfs, growth: 'with-new-blocks' }, 'a byte appended'],
    ['tears what is written elsewhere', btrfs, { ...btrfs, overwrite: 'in-place' }, 'two sectors of a page, torn'],
  ])('%s', (_, right, wrong, sequence) => {
    expect(() => leavesExactly(rowOf(sequence), right)).not.toThrow();
    expect(() => leavesExactly(rowOf(sequence), wrong)).toThrow();
  });

  test.each([posix, ext4, xfs])('tears without regard to the unit: $name', (profile) => {
    const torn = rowOf('two sectors of a page, torn');
    expect(() => leavesExactly({ ...torn, unit: 4096 }, profile)).toThrow();
    const whole = rowOf('two sectors of a page, whole');
    expect(() => leavesExactly({ ...whole, unit: 512 }, profile)).toThrow();
  });
});

/** Every answer to every question that a profile can give. */
const ANSWERS: { readonly [question in keyof Profile]: readonly Profile[question][] } = {
  name: [],
  metadata: ['free', 'logged'],
  growth: ['free', 'with-data', 'with-new-blocks'],
  overwrite: ['in-place', 'copied'],
  samePage: ['free', 'in-order'],
  data: ['written-back'], // what journalled data does is in `named-profiles.test.ts`
  resize: ['at-once', 'waits'],
  renameOver: ['not-flushed', 'flushed', 'flushed-if-not-empty'],
  close: ['not-flushed', 'flushed-if-emptied', 'flushed-if-shortened'],
  fsyncFile: ['file', 'log', 'file-and-names'],
  fsyncDirectory: ['nothing', 'entries', 'log', 'entries-and-path'],
};

/** Single edits of a profile. */
const mutants = IN_TABLES.map((name) => PROFILES[name]).flatMap((profile) =>
  Object.entries(ANSWERS).flatMap(([question, answers]) =>
    answers
      .filter((answer) => answer !== profile[question as keyof Profile])
      .map((answer) => [`${profile.name} with ${question}: ${answer}`, { ...profile, [question]: answer } as Profile] as const),
  ),
);

/** Edits that change nothing. */
const EQUIVALENT: readonly string[] = [
  // Without a log, no place in it waits for data, and an fsync of the log is one of the file; a size brings no data to wait for.
  'posix with overwrite: copied',
  'posix with resize: waits',
  'posix with renameOver: flushed',
  'posix with renameOver: flushed-if-not-empty',
  'posix with close: flushed-if-emptied',
  'posix with close: flushed-if-shortened',
  'posix with fsyncFile: log',
  // Data that always gets a new place brings the size with it.
  'btrfs with growth: with-new-blocks',
];

exhaustive('every single edit of a profile is caught by some row, or changes nothing', () => {
  const survivors = mutants.filter(([, profile]) => rows.every((row) => leftOf(row, profile) === expectedOf(row, profile)));
  expect(survivors.map(([name]) => name)).toEqual(EQUIVALENT);
});
