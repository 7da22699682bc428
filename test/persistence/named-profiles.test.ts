/** What the profiles that run only when they are named leave of a few sequences, and what tells each from its neighbours. */
import { describe, expect, test } from 'vitest';
import { fsyncDir, open, rename, traceOfRun, unrelatedFsync, write, writeFile, writeSynced } from '../../harness/calibrate/run.ts';
import { statesAt } from '../../harness/persistence/power-loss.ts';
import type { Profile } from '../../harness/persistence/profile.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { inWords } from './sequences.ts';

const replace = rename('temp', 'live');
const UNFORCED = [...writeFile('temp', 'new'), replace, ...unrelatedFsync];
const FORCED = [...writeSynced('temp', 'new'), replace];
const FORCED_DIRECTORY = [...FORCED, fsyncDir()];
const APPENDED = [open('live', 'append'), write('live', '+')];
const PAGES = [open('live', 'write'), write('live', 'a'.repeat(4096)), write('live', 'b'.repeat(4096), 4096)];
/** An older write to one file, and a younger file that is forced. */
const TWO_FILES = [open('live', 'write'), write('live', 'NEW'), ...writeSynced('other', 'x')];

const left = (profile: Profile, ops: Parameters<typeof traceOfRun>[1], paths = ['live']): string => {
  const trace = traceOfRun({ live: 'old' }, ops);
  const trees = [...statesAt(trace, profile, trace.ops.length)].map((state) => state.toTree());
  return [...new Set(trees.map((tree) => paths.map((path) => inWords(tree, path)).join('/')))].sort().join(' ');
};
const { ext4, btrfs, f2fs, apfs, ntfs, 'ext4-journal': journal } = PROFILES;

describe.each([
  [journal, { unforced: 'new', directory: 'new', appended: 'old old+', twoFiles: 'NEW' }],
  [f2fs, { unforced: 'empty new old', directory: 'new', appended: 'old old+', twoFiles: 'NEW old' }],
  [apfs, { unforced: 'empty new', directory: 'new', appended: 'old old+', twoFiles: 'NEW old' }],
  [ntfs, { unforced: '000 empty new', directory: 'new old', appended: 'old old+ old0', twoFiles: 'NEW old' }],
] as const)('$name', (profile, { unforced, directory, appended, twoFiles }) => {
  test('a temp file renamed over the live one, and something else is forced', () => expect(left(profile, UNFORCED)).toBe(unforced));
  test('a forced one is the old or the new value', () => expect(left(profile, FORCED)).toBe('new old'));
  test('a forced directory', () => expect(left(profile, FORCED_DIRECTORY)).toBe(directory));
  test('a byte appended', () => expect(left(profile, APPENDED)).toBe(appended));
  test('what was written before a file that is forced', () => expect(left(profile, TWO_FILES)).toBe(twoFiles));
});

test('journalled data is in order: no page without the one before it', () => {
  const [old, a, both] = ['old', `[a4096]`, `[a4096][b4096]`];
  expect(left(journal, PAGES)).toBe([a, both, old].join(' '));
  expect(left(ext4, PAGES).split(' ').length).toBeGreaterThan(3);
});

test('f2fs flushes no rename over a file, which btrfs does', () => {
  expect(left(btrfs, UNFORCED)).toBe('new old');
  expect(left(f2fs, UNFORCED)).toContain('empty');
});
