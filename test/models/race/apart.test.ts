/** Which ops can change places: where they can not, nothing may be left out. */
import { expect, test } from 'vitest';
import type { RawOp } from '../../../harness/domain/events.ts';
import { isApart } from '../../../harness/models/race/apart.ts';

const op = (call: RawOp['call'], path: string, id: number, more: Partial<RawOp> = {}): RawOp => ({
  kind: 'op',
  call,
  via: call,
  path,
  id,
  process: 0,
  ...more,
});
const created = (path: string, id: number): RawOp => op('open', path, id, { flags: ['write', 'create', 'truncate'] });
const renamed = (path: string, id: number, to: string, toId: number): RawOp => op('rename', path, id, { to: { path: to, id: toId } });

test.each<[string, boolean, RawOp, RawOp]>([
  ['files of their own', true, op('write', 'a', 1), op('write', 'b', 2)],
  ['a write and a read of one file', false, op('write', 'a', 1), op('read', 'b', 1)],
  ['a file that is read after its name was given to another', true, op('read', 'a', 1), op('write', 'a', 2)],
  ['a new name and a listing', false, created('a', 1), op('readdir', '.', 9)],
  ['a new name and a listing elsewhere', true, created('a', 1), op('readdir', 'sub', 9)],
  ['two new names in one directory', false, created('a', 1), created('b', 2)],
  ['a name that is looked up, and taken', false, op('open', 'a', 1), renamed('temp', 2, 'a', 1)],
  ['a name that was not there, and comes', false, op('open', 'a', 1, { error: 'ENOENT' }), renamed('temp', 2, 'a', 1)],
  ['a name that is made anew and one that is taken away', false, created('a', 1), op('unlink', 'a', 2)],
  ['two that only looked', true, op('stat', 'a', 1), op('open', 'a', 1)],
  ['one that failed to make a name that is there', true, op('mkdir', '.', 1, { error: 'EEXIST' }), created('a', 2)],
  ['a directory that is asked for its times', false, op('stat', '.', 1), created('a', 2)],
  ['what lies below a name goes with it', false, op('open', 'sub/a', 1), renamed('sub', 2, 'other', 3)],
  ['a copy may come from anywhere', false, op('copy', 'a', 1), op('write', 'b', 2)],
  ['a link changes what a stat of the file says', false, op('stat', 'a', 1), op('link', 'a', 1, { to: { path: 'b', id: 1 } })],
  ['a file that is closed lets go of its lock', false, op('close', 'a', 1), op('lock', 'a', 1)],
  ['a sync', true, op('fsync', 'a', 1), op('write', 'a', 1)],
  ['a map', true, op('mmap', 'a', 1), op('stat', 'b', 2)],
  ['what was stored through a map, and anything', false, op('mapwrite', 'a', 1), op('stat', 'b', 2)],
])('%s', (_, expected, one, other) => {
  expect(isApart(one, [other])).toBe(expected);
  expect(isApart(other, [one])).toBe(expected);
  expect(isApart(one, [])).toBe(true);
});
