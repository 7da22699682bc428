/** What btrfs was seen to leave, on images, after these calls and the fsync of another file: the log as it is followed here has each. */
import { describe, expect, test } from 'vitest';
import { allows, allowsWithNames } from '../../harness/calibrate/allows.ts';
import { namesAfter } from '../../harness/calibrate/btrfs-log.ts';
import {
  type Do,
  fsync,
  fsyncDir,
  link,
  open,
  rename,
  sync,
  traceOfRun,
  unlink,
  write,
  writeFile,
  writeSynced,
} from '../../harness/calibrate/run.ts';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import { historyOf } from '../../harness/persistence/micro-op-history.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';

type Files = Parameters<typeof treeOf>[0];

function leaves(before: Files, calls: readonly Do[], left: Files): { readonly log: boolean; readonly profile: boolean } {
  const trace = traceOfRun(before, calls);
  const end = trace.ops.length;
  const [tree, { btrfs }] = [treeOf(left), PROFILES];
  return {
    log: allowsWithNames(trace, btrfs, end, tree, namesAfter(historyOf(trace), end)),
    profile: allows(trace, btrfs, end, tree),
  };
}

const OLD = { x: 'old' };
const TWO = { d: { directory: 0o755 }, e: { directory: 0o755 } } as const;
const replaced = [...writeFile('t', 'new'), rename('t', 'x')];
const replacedSynced = [...writeSynced('t', 'one'), rename('t', 'x')];

describe('seen, and not in the profile', () => {
  test.each<[string, Files, Do[], Files]>([
    ['a new file that was forced is gone where another, not forced, replaced it', {}, [...writeSynced('x', 'old'), ...replaced], {}],
    ['so is the old one where its first replacement was', OLD, [...replacedSynced, ...replaced], OLD],
    ['and where the first had the name from nothing, both', {}, [...replacedSynced, ...replaced], {}],
    [
      'with the directory forced in between, the name is there, and empty',
      {},
      [...writeSynced('x', 'old'), fsyncDir('.'), ...replaced],
      { x: '' },
    ],
    ['so too over an old file', OLD, [...replacedSynced, fsyncDir('.'), ...replaced], { x: '' }],
    ['an unlink comes before what is older', {}, [...writeFile('o', 'o'), ...writeSynced('x', 'old'), unlink('x')], {}],
    ['a rename of a forced file comes before what is older', OLD, [...writeFile('o', 'o'), ...replacedSynced], { x: 'one' }],
    ['a link too', OLD, [...writeFile('o', 'o'), ...writeSynced('t', 'new'), link('t', 'y')], { ...OLD, t: 'new', y: 'new' }],
    [
      'a file that moved is in both directories',
      { ...TWO, 'd/t': 'old' },
      [rename('d/t', 'e/x'), fsyncDir('e')],
      { ...TWO, 'd/t': 'old', 'e/x': 'old' },
    ],
  ])('%s', (_, before, calls, left) => {
    expect(leaves(before, calls, left)).toEqual({ log: true, profile: false });
  });
});

describe('seen, and in the profile', () => {
  test.each<[string, Files, Do[], Files]>([
    [
      'a file of the last commit, forced, stays where another replaced it',
      OLD,
      [open('x', 'append'), write('x', '+'), fsync('x'), ...replaced],
      { x: 'old+' },
    ],
    ['two that were forced, one after the other', OLD, [...replacedSynced, ...writeSynced('t', 'two'), rename('t', 'x')], { x: 'two' }],
    ['a move, its source forced', { ...TWO, 'd/t': 'old' }, [rename('d/t', 'e/x'), fsyncDir('d')], { ...TWO, 'e/x': 'old' }],
    ['a new file moved, its target forced', TWO, [...writeFile('d/t', 'new'), rename('d/t', 'e/x'), fsyncDir('e')], { ...TWO, 'e/x': '' }],
  ])('%s', (_, before, calls, left) => {
    expect(leaves(before, calls, left)).toEqual({ log: true, profile: true });
  });
});

describe('left neither by the log nor by the profile', () => {
  const hardened = [...replacedSynced, fsyncDir('.'), ...writeSynced('t', 'two'), rename('t', 'x')];
  test.each<[string, Files, Do[], Files]>([
    ['nothing, between two saves that force file and directory', OLD, hardened, {}],
    ['an empty file there', OLD, hardened, { x: '' }],
    ['the value before them', OLD, hardened, OLD],
    ['the value before the last, after all of it', OLD, [...hardened, fsyncDir('.')], { x: 'one' }],
    ['a forced file gone after a sync', {}, [...writeSynced('x', 'old'), sync, ...replaced], {}],
    ['names out of order where nothing was forced', OLD, [...writeFile('o', 'o'), ...replaced], { x: 'new' }],
  ])('%s', (_, before, calls, left) => {
    expect(leaves(before, calls, left)).toEqual({ log: false, profile: false });
  });
});
