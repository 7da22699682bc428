/** Sequences that stores are made of, and exactly what each profile leaves of them. */

import {
  chmod,
  close,
  type Do,
  fdatasync,
  fsync,
  fsyncDir,
  link,
  mkdir,
  open,
  rename,
  sync,
  type traceOfRun,
  truncate,
  unlink,
  unrelatedFsync,
  write,
  writeFile,
  writeSynced,
} from '../../harness/calibrate/run.ts';
import type { Tree } from '../../harness/domain/trace.ts';
import type { Unit } from '../../harness/persistence/micro-op.ts';
import type { ProfileName } from '../../harness/persistence/profile.ts';

/** A file in words: a run of 8 equal bytes or more as its letter and length, and zeros as 0. */
export function inWords(tree: Tree, path: string): string {
  const entry = tree.get(path);
  if (entry === undefined) return 'missing';
  if (entry.kind !== 'file') return entry.kind;
  const text = Buffer.from(entry.bytes).toString('latin1');
  return text === '' ? 'empty' : text.replaceAll('\0', '0').replaceAll(/(.)\1{7,}/gs, (run, letter: string) => `[${letter}${run.length}]`);
}

const modeOf = (tree: Tree, path: string): string => {
  const entry = tree.get(path);
  return entry !== undefined && 'mode' in entry ? entry.mode.toString(8) : 'missing';
};

/** The profiles that the rows are about. The others are in `named-profiles.test.ts`. */
export const IN_TABLES = ['posix', 'ext4', 'ext4-noauto', 'xfs', 'btrfs'] as const satisfies readonly ProfileName[];

/** The states in words, separated by spaces; `rest` is for the profiles that are not named. */
type Expected = { readonly [name in ProfileName]?: string } & { readonly rest?: string };

export interface Row {
  readonly sequence: string;
  readonly ops: readonly Do[];
  /** What of a state is compared: these files, with a slash in between. Default: `live`. */
  readonly files?: readonly string[];
  readonly shown?: (tree: Tree, path: string) => string;
  readonly unit?: Unit;
  readonly before?: Parameters<typeof traceOfRun>[0];
  readonly leaves: Expected;
}

const SECTORS = { live: 'o'.repeat(1024) };
const openLive = open('live', 'write');
const temp = writeFile('temp', 'new');
const syncedTemp = writeSynced('temp', 'new');
const replace = rename('temp', 'live');

const away = rename('live', 'bak');
const files = ['live', 'bak'];

export const SEQUENCES: { readonly [about: string]: readonly Row[] } = {
  'a temp file renamed over the live one': [
    {
      sequence: 'write temp, rename',
      ops: [...temp, replace],
      leaves: { posix: 'old new empty 000', ext4: 'old new', 'ext4-noauto': 'old new empty', xfs: 'old new empty', btrfs: 'old new' },
    },
    {
      sequence: 'write temp, rename, and something else is forced',
      ops: [...temp, replace, ...unrelatedFsync],
      leaves: { posix: 'old new empty 000', ext4: 'new', 'ext4-noauto': 'new empty', xfs: 'new empty', btrfs: 'old new' },
    },
    { sequence: 'write temp, fsync, rename', ops: [...syncedTemp, replace], leaves: { rest: 'old new' } },
    {
      sequence: 'write temp, fsync, rename, and something else is forced',
      ops: [...syncedTemp, replace, ...unrelatedFsync],
      leaves: { posix: 'old new', btrfs: 'old new', rest: 'new' },
    },
    {
      sequence: 'write temp, fdatasync, rename',
      ops: [open('temp', 'new'), write('temp', 'new'), fdatasync('temp'), close('temp'), replace],
      leaves: { rest: 'old new' },
    },
    { sequence: 'write temp, fsync, rename, fsync dir', ops: [...syncedTemp, replace, fsyncDir()], leaves: { rest: 'new' } },
    {
      sequence: 'write temp, rename, fsync dir', // btrfs was seen to do so: the log takes the name and not the data
      ops: [...temp, replace, fsyncDir()],
      leaves: { posix: 'new empty 000', ext4: 'new', rest: 'new empty' },
    },
    { sequence: 'write temp, rename, sync', ops: [...temp, replace, sync], leaves: { rest: 'new' } },

    {
      sequence: 'write temp, rename over an empty file', // compared with modes, which set the two empty files apart
      ops: [...temp, replace],
      before: { live: { text: '', mode: 0o644 } },
      shown: (tree, path) => `${inWords(tree, path)}:${modeOf(tree, path)}`,
      leaves: { posix: 'empty:644 new:600 empty:600 000:600', ext4: 'empty:644 new:600', rest: 'empty:644 new:600 empty:600' },
    },
  ],
  'the live file renamed away first': [
    {
      sequence: 'rename away, write temp, rename',
      ops: [away, ...temp, replace],
      files,
      leaves: {
        posix: 'old/missing missing/old new/old empty/old 000/old new/missing empty/missing 000/missing',
        rest: 'old/missing missing/old new/old empty/old',
      },
    },
    {
      sequence: 'rename away, write temp, rename, and something else is forced',
      ops: [away, ...temp, replace, ...unrelatedFsync],
      files,
      leaves: {
        posix: 'old/missing missing/old new/old empty/old 000/old new/missing empty/missing 000/missing',
        btrfs: 'old/missing missing/old new/old empty/old',
        rest: 'new/old empty/old',
      },
    },
    {
      sequence: 'rename away, write temp, fsync, rename',
      ops: [away, ...syncedTemp, replace],
      files,
      leaves: {
        posix: 'old/missing missing/old new/old new/missing',
        btrfs: 'old/missing missing/old new/old',
        rest: 'missing/old new/old', // the fsync of temp brings the names before it
      },
    },
  ],
  'the live file written in place': [
    { sequence: 'as many bytes', ops: [open('live', 'write'), write('live', 'new')], leaves: { rest: 'old new' } },
    {
      sequence: 'O_TRUNC, write, close', // the flush at close orders what comes later, and nothing came
      ops: writeFile('live', 'new', 'truncate'),
      leaves: { posix: 'old new empty 000', rest: 'old new empty' },
    },
    {
      sequence: 'O_TRUNC, write, close, and something else is forced',
      ops: [...writeFile('live', 'new', 'truncate'), ...unrelatedFsync],
      leaves: { posix: 'old new empty 000', ext4: 'new', 'ext4-noauto': 'new empty', xfs: 'new', btrfs: 'old new empty' },
    },
    {
      sequence: 'O_TRUNC, write, and something else is forced before the close',
      ops: [open('live', 'truncate'), write('live', 'new'), ...unrelatedFsync],
      leaves: { posix: 'old new empty 000', btrfs: 'old new empty', rest: 'new empty' },
    },
    {
      sequence: 'ftruncate 0 of a new file, write, close, and something else is forced', // as copyFile does
      ops: [open('bak', 'new'), truncate('bak', 0), write('bak', 'new'), close('bak'), ...unrelatedFsync],
      files: ['bak'],
      leaves: {
        posix: 'missing new empty 000',
        ext4: 'new',
        'ext4-noauto': 'new empty',
        xfs: 'new empty',
        btrfs: 'missing new empty',
      },
    },
    { sequence: 'O_TRUNC, write, fsync', ops: writeSynced('live', 'new', 'truncate'), leaves: { rest: 'new' } },
    {
      sequence: 'O_TRUNC, fewer bytes', // stale bytes of the old contents, where a truncation can be lost alone
      ops: writeFile('live', 'N', 'truncate'),
      leaves: { posix: 'old Nld empty N 0', rest: 'old empty N' },
    },
    {
      sequence: 'shortened, appended to, closed, and something else is forced',
      ops: [open('live', 'append'), truncate('live', 1), write('live', 'NEW'), close('live'), ...unrelatedFsync],
      leaves: {
        posix: 'old o oNE oNEW o000 old0',
        ext4: 'o oNEW o000',
        'ext4-noauto': 'o oNEW o000',
        xfs: 'o oNEW',
        btrfs: 'old o oNEW',
      },
    },

    {
      sequence: 'O_TRUNC, write, close, and a name after that',
      ops: [...writeFile('live', 'new', 'truncate'), ...writeFile('after', '')],
      files: ['live', 'after'],
      leaves: {
        posix: 'old/missing new/missing empty/missing 000/missing old/empty new/empty empty/empty 000/empty',
        ext4: 'old/missing new/missing empty/missing new/empty',
        xfs: 'old/missing new/missing empty/missing new/empty',
        rest: 'old/missing new/missing empty/missing new/empty empty/empty',
      },
    },
    {
      sequence: 'shortened, appended to, closed, and a name after that',
      ops: [openLive, truncate('live', 1), write('live', 'N', 4096), close('live'), ...writeFile('after', '')],
      files: ['live', 'after'],
      leaves: {
        posix:
          'old/missing o/missing old[04093]N/missing o[04095]N/missing old[04094]/missing o[04096]/missing old/empty o/empty old[04093]N/empty o[04095]N/empty old[04094]/empty o[04096]/empty',
        xfs: 'old/missing o/missing o[04095]N/missing o[04095]N/empty',
        rest: 'old/missing o/missing o[04095]N/missing o[04095]N/empty o/empty',
      },
    },
    {
      sequence: 'two writes to one page',
      ops: [openLive, write('live', 'AAA'), write('live', 'b', 1)],
      leaves: { posix: 'old AAA AbA obd', rest: 'old AAA AbA' },
    },
  ],
  'a file that grows': [
    {
      sequence: 'a byte appended', // on ext4 the page has its place, so that the size may come first
      ops: [open('live', 'append'), write('live', '+')],
      leaves: { xfs: 'old old+', btrfs: 'old old+', rest: 'old old+ old0' },
    },
    {
      sequence: 'a byte appended, fdatasync',
      ops: [open('live', 'append'), write('live', '+'), fdatasync('live')],
      leaves: { rest: 'old+' },
    },
    {
      sequence: 'two pages of a new file',
      ops: [open('live', 'new'), write('live', 'x'.repeat(8192))],
      before: {},
      leaves: {
        posix: 'missing empty [x4096] [x8192] [04096] [08192] [x4096][04096] [04096][x4096]',
        rest: 'missing empty [x4096] [x8192]',
      },
    },
    {
      sequence: 'a hole and a page',
      ops: [open('live', 'new'), write('live', 'x'.repeat(4096), 8192), fdatasync('live')],
      before: {},
      leaves: { posix: 'missing [08192][x4096]', rest: '[08192][x4096]' },
    },
    {
      sequence: 'a hole and a page, not forced',
      ops: [open('live', 'write'), write('live', 'x'.repeat(4096), 8192)],
      leaves: { posix: 'old old[08189][x4096] old[012285]', rest: 'old old[08189][x4096]' },
    },
    {
      sequence: 'made larger by truncate',
      ops: [open('live', 'write'), truncate('live', 6)],
      leaves: { rest: 'old old000' },
    },

    {
      sequence: 'written, then cut shorter',
      ops: [open('new', 'new'), write('new', 'x'.repeat(20)), truncate('new', 10)],
      files: ['new'],
      leaves: {
        posix: 'missing empty [x10] [x20] [010] [020]',
        xfs: 'missing empty [x10] [x20]',
        rest: 'missing empty [x10] [x20] [010]',
      },
    },
    {
      sequence: 'written, then cut shorter, and something else is forced', // on xfs, truncate waited for the data
      ops: [open('new', 'new'), write('new', 'x'.repeat(20)), truncate('new', 10), ...unrelatedFsync],
      files: ['new'],
      leaves: {
        posix: 'missing empty [x10] [x20] [010] [020]',
        xfs: '[x10]',
        btrfs: 'missing empty [x10] [x20] [010]',
        rest: '[x10] [010]',
      },
    },
  ],
  names: [
    {
      sequence: 'a new file, fsync, no fsync dir',
      ops: syncedTemp,
      files: ['temp'],
      leaves: { posix: 'missing new', rest: 'new' },
    },
    {
      sequence: 'a new file, fsync dir',
      ops: [...temp, fsyncDir()],
      files: ['temp'],
      leaves: { posix: 'new empty 000', rest: 'new empty' },
    },
    {
      sequence: 'a backup by link, then replaced',
      ops: [link('live', 'bak'), ...syncedTemp, replace],
      files: ['live', 'bak'],
      leaves: {
        posix: 'old/old new/old old/missing new/missing',
        btrfs: 'old/old new/old old/missing',
        rest: 'old/old new/old', // the fsync of temp brings the link, which came before
      },
    },
    {
      sequence: 'a backup by link, then replaced, without fsync',
      ops: [link('live', 'bak'), ...temp, replace],
      files: ['live', 'bak'],
      leaves: {
        posix: 'old/old new/old empty/old 000/old old/missing new/missing empty/missing 000/missing',
        ext4: 'old/old new/old old/missing',
        btrfs: 'old/old new/old old/missing',
        rest: 'old/old new/old empty/old old/missing',
      },
    },
    { sequence: 'unlink', ops: [unlink('live')], leaves: { rest: 'old missing' } },
    { sequence: 'unlink, fsync dir', ops: [unlink('live'), fsyncDir()], leaves: { rest: 'missing' } },
    {
      sequence: 'unlink, then made anew',
      ops: [unlink('live'), ...temp, replace],
      leaves: { posix: 'old missing new empty 000', rest: 'old missing new empty' },
    },
    {
      sequence: 'two files made in order',
      ops: [...writeFile('one', ''), ...writeFile('two', '')],
      files: ['one', 'two'],
      leaves: { posix: 'missing/missing empty/missing missing/empty empty/empty', rest: 'missing/missing empty/missing empty/empty' },
    },
    {
      sequence: 'the second of two files forced',
      ops: [...writeFile('one', ''), ...writeSynced('two', '2')],
      files: ['one', 'two'],
      leaves: { posix: 'missing/missing empty/missing missing/2 empty/2', btrfs: 'missing/2 empty/2', rest: 'empty/2' },
    },
    {
      sequence: 'a directory with a file',
      ops: [mkdir('d'), ...writeFile('d/f', 'new')],
      files: ['d', 'd/f'],
      leaves: {
        posix: 'missing/missing directory/missing directory/new directory/empty directory/000',
        rest: 'missing/missing directory/missing directory/new directory/empty',
      },
    },
    {
      sequence: 'a directory with a file that is forced',
      ops: [mkdir('d'), ...writeSynced('d/f', 'new')],
      files: ['d', 'd/f'],
      leaves: { posix: 'missing/missing directory/missing directory/new', rest: 'directory/new' },
    },
    {
      sequence: 'a directory that is forced with its file, not its parent',
      ops: [mkdir('d'), ...writeSynced('d/f', 'new'), fsyncDir('d')],
      files: ['d', 'd/f'],
      leaves: { posix: 'missing/missing directory/new', rest: 'directory/new' },
    },

    {
      sequence: 'a new directory, forced itself, not its parent',
      ops: [mkdir('d'), fsyncDir('d')],
      files: ['d'],
      leaves: { posix: 'missing directory', rest: 'directory' },
    },
    {
      sequence: 'a name elsewhere before a directory is forced',
      ops: [...writeFile('d/one', ''), ...writeFile('two', ''), fsyncDir('.')],
      before: { d: { directory: 0o755 } },
      files: ['d/one', 'two'],
      leaves: { posix: 'missing/empty empty/empty', btrfs: 'missing/empty empty/empty', rest: 'empty/empty' },
    },
  ],
  modes: [
    { sequence: 'chmod', ops: [chmod('live', 0o644)], shown: modeOf, leaves: { rest: '600 644' } },
    { sequence: 'chmod, fsync', ops: [openLive, chmod('live', 0o644), fsync('live')], shown: modeOf, leaves: { rest: '644' } },
    {
      sequence: 'chmod, fdatasync',
      ops: [openLive, chmod('live', 0o644), fdatasync('live')],
      shown: modeOf,
      leaves: { btrfs: '600 644', rest: '600 644' },
    },
  ],
  'torn writes': [
    {
      sequence: 'two sectors of a page, whole',
      ops: [openLive, write('live', 'n'.repeat(1024))],
      before: SECTORS,
      leaves: { rest: '[o1024] [n1024]' },
    },
    {
      sequence: 'two sectors of a page, torn',
      ops: [openLive, write('live', 'n'.repeat(1024))],
      before: SECTORS,
      unit: 512,
      leaves: { btrfs: '[o1024] [n1024]', rest: '[o1024] [n1024] [n512][o512] [o512][n512]' }, // btrfs writes elsewhere
    },
    {
      sequence: 'two sectors of a new file, torn', // the place comes with the whole page
      ops: [open('new', 'new'), write('new', 'n'.repeat(1024))],
      unit: 512,
      files: ['new'],
      leaves: {
        posix: 'missing empty [n1024] [01024] [n512][0512] [0512][n512]',
        rest: 'missing empty [n1024]',
      },
    },
    {
      sequence: 'two pages in place',
      ops: [openLive, write('live', 'n'.repeat(8192))],
      before: { live: 'o'.repeat(8192) },
      leaves: { rest: '[o8192] [n8192] [n4096][o4096] [o4096][n4096]' },
    },
  ],
};
