/** What becomes of each op of a run, given its faults. */
import { describe, expect, test } from 'vitest';
import { type Fault, Faults, firstFaultyOp, type Intent, type Look } from '../../harness/record/fault.ts';

const look: Look = (path) => (path === 'dir' ? 'directory' : ['live', 'temp'].includes(path) ? 'other' : undefined);

/** What becomes of each of these ops, the first being op 1. */
const fate = (faults: readonly Fault[], ...ops: readonly Intent[]): string[] => {
  const asked = new Faults(faults, { look, keep: () => undefined });
  return ops.map((op, index) => {
    if (op === SETTLED) asked.settled();
    const injection = op === SETTLED ? undefined : asked.at(index + 1, op, `${op.call} ${op.path}`);
    return injection === undefined ? '-' : injection.kind === 'fail' ? injection.errno : `${injection.bytes}`;
  });
};
/** Stands between ops where a step settles. */
const SETTLED: Intent = { call: 'stat', path: 'settled' };
const write: Intent = { call: 'write', path: 'live' };
const over: Intent = { call: 'rename', path: 'temp', to: { path: 'live' } };
const fsync = (path: string): Intent => ({ call: 'fsync', path });

test('what was written is kept in mind from before the first write, and taken back under the name that the file has by then', () => {
  const done: string[] = [];
  const keep = (path: string): ((now: string) => void) => {
    done.push(`keep ${path}`);
    return (now) => void done.push(`take back ${now}`);
  };
  const asked = new Faults([{ kind: 'lost', op: 3, since: 2, errno: 'EDQUOT' }], { look, keep });
  const close = (path: string): Intent => ({ call: 'close', path });
  const injected = [close('other'), write, close('renamed'), close('live')].map((op, index) => asked.at(index + 1, op, ''));
  expect(injected.map((one) => (one?.kind === 'fail' ? one.errno : '-'))).toEqual(['-', '-', 'EDQUOT', '-']);
  const [, , lost] = injected;
  if (lost?.kind === 'fail') lost.takeBack?.();
  expect(done).toEqual(['keep live', 'take back renamed']);
});

test('an errno comes once, at its op', () => {
  expect(fate([{ kind: 'errno', op: 2, errno: 'EIO' }], write, write, write)).toEqual(['-', 'EIO', '-']);
  expect(
    firstFaultyOp([{ kind: 'errno', op: 5, errno: 'EIO' }, { kind: 'no-directory-sync' }, { kind: 'errno', op: 3, errno: 'EIO' }]),
  ).toBe(3);
  expect(firstFaultyOp([{ kind: 'no-directory-sync' }])).toBe(0);
});

describe('a full disk lasts, for what needs space', () => {
  test.each<[Intent, string]>([
    [write, 'ENOSPC'],
    [{ call: 'copy', path: 'live' }, 'ENOSPC'],
    [{ call: 'open', path: 'new', flags: ['write', 'create'] }, 'ENOSPC'],
    [{ call: 'open', path: 'live', flags: ['write', 'create', 'truncate'] }, '-'],
    [{ call: 'open', path: 'new', flags: ['read'] }, '-'],
    [{ call: 'mkdir', path: 'new' }, 'ENOSPC'],
    [{ call: 'mkdir', path: 'dir' }, '-'],
    [{ call: 'link', path: 'live', to: { path: 'new' } }, 'ENOSPC'],
    [{ call: 'rename', path: 'live', to: { path: 'new' } }, 'ENOSPC'],
    [over, '-'],
    [{ call: 'rename', path: 'missing', to: { path: 'new' } }, '-'],
    [{ call: 'symlink', path: 'text', to: { path: 'new' } }, 'ENOSPC'],
    [{ call: 'unlink', path: 'live' }, '-'],
    [{ call: 'truncate', path: 'live' }, '-'],
    [fsync('live'), '-'],
    [{ call: 'read', path: 'live' }, '-'],
  ])('%o %s', (op, expected) => {
    expect(fate([{ kind: 'full', op: 2 }], op, op, op)).toEqual(['-', expected, expected]);
  });

  test('with room for the first bytes of its op', () => {
    expect(fate([{ kind: 'full', op: 1, room: 7 }], write, write, over)).toEqual(['7', 'ENOSPC', '-']);
  });
});

test('a call fails as often as was asked for, and calls of other names do not', () => {
  const fsyncs = [fsync('live'), fsync('temp'), fsync('live'), fsync('live'), fsync('live')];
  expect(fate([{ kind: 'errno', op: 1, errno: 'EBUSY', times: 3 }], ...fsyncs)).toEqual(['EBUSY', '-', 'EBUSY', 'EBUSY', '-']);
  const settling = [fsync('live'), fsync('live'), SETTLED, fsync('live')];
  expect(fate([{ kind: 'errno', op: 1, errno: 'EBUSY', times: 4 }], ...settling)).toEqual(['EBUSY', 'EBUSY', '-', '-']);
});

test('a disk has room again when the step has settled', () => {
  expect(fate([{ kind: 'full', op: 1, until: 'settled' }], write, write, SETTLED, write)).toEqual(['ENOSPC', 'ENOSPC', '-', '-']);
  expect(fate([{ kind: 'full', op: 1 }], write, SETTLED, write)).toEqual(['ENOSPC', '-', 'ENOSPC']);
});

test('a file system that is read-only refuses changes and what forces them, and lets files be looked at and closed', () => {
  const open = (...flags: NonNullable<Intent['flags']>): Intent => ({ call: 'open', path: 'live', flags });
  const ops: readonly [Intent, string][] = [
    [over, 'EROFS'],
    [write, 'EROFS'],
    [fsync('live'), 'EROFS'],
    [{ call: 'unlink', path: 'live' }, 'EROFS'],
    [{ call: 'utimes', path: 'live' }, 'EROFS'],
    [open('read', 'write'), 'EROFS'],
    [open('read'), '-'],
    [open('read', 'directory'), '-'],
    [{ call: 'read', path: 'live' }, '-'],
    [{ call: 'close', path: 'live' }, '-'],
    [{ call: 'lock', path: 'live' }, '-'],
    [SETTLED, '-'],
    [write, 'EROFS'],
  ];
  expect(fate([{ kind: 'read-only', op: 2 }], write, ...ops.map(([op]) => op))).toEqual(['-', ...ops.map(([, expected]) => expected)]);
});

describe('on Windows', () => {
  const unlink: Intent = { call: 'unlink', path: 'live' };
  test('a file that is in use can be neither replaced nor removed: once, or for good', () => {
    expect(fate([{ kind: 'in-use', op: 1, lasts: false }], over, over, unlink)).toEqual(['EPERM', '-', '-']);
    expect(fate([{ kind: 'in-use', op: 1, lasts: true }], over, write, unlink, { call: 'unlink', path: 'temp' })).toEqual([
      'EPERM',
      '-',
      'EPERM',
      '-',
    ]);
  });

  test('directories cannot be synced, and files can', () => {
    expect(fate([{ kind: 'no-directory-sync' }], fsync('dir'), fsync('.'), fsync('live'))).toEqual(['EPERM', 'EPERM', '-']);
  });
});
