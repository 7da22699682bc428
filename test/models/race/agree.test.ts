import { expect, test } from 'vitest';
import type { ScheduleOp } from '../../../harness/domain/schedule.ts';
import { agreement, realSteps, type Seen } from '../../../harness/models/race/agree.ts';
import { scheduleOp } from '../../lab/schedule-op.ts';

const op = (task: number, text: string): ScheduleOp => scheduleOp(task, text, /^(?:rename|write)/.test(text));
const seen = (outcome: Seen['outcome'], ...ops: readonly [task: number, text: string][]): Seen => ({
  outcome,
  end: { ops: ops.map(([task, text]) => op(task, text)) },
});
const one = seen('empty', [0, 'rename a -> b'], [1, 'open a failed: ENOENT'], [1, 'open b (create)'], [1, 'read b'], [1, 'read b']);

test.each<[string, Seen, readonly string[]]>([
  ['the same', one, []],
  [
    'what is written differently and is the same',
    seen(
      'empty',
      [0, 'mkdir . failed: EEXIST'],
      [0, 'rename a -> b'],
      [1, 'open a failed: ENOENT'],
      [1, 'open b (create)'],
      [1, 'stat b'],
      [1, 'read b'],
      [1, 'open ../c'],
      [1, 'open /c'],
      [1, 'readdir .'],
    ),
    [],
  ],
  [
    'another outcome of the same ops',
    { ...one, outcome: 'new' },
    ['fake and real disagree on a1.b1: new on the fake, empty in real processes'],
  ],
  [
    'another op',
    seen('empty', [0, 'rename a -> b'], [1, 'open a']),
    ['fake and real disagree on a1.b1: op 2 is "b: open a" on the fake, "b: open a failed: ENOENT" in real processes'],
  ],
  [
    'an op that is not there',
    seen('empty', [0, 'rename a -> b'], [1, 'open a failed: ENOENT']),
    ['fake and real disagree on a1.b1: op 3 is "none" on the fake, "b: open b (create)" in real processes'],
  ],
])('the fake is held against real processes: %s', (_, fake, notes) => {
  const real = new Map([
    ['a1.b1', one],
    ['a2.b1', one],
  ]);
  expect(agreement(real, new Map([['a1.b1', fake]]))).toEqual({ compared: 1, notes });
});

test.each<[string, readonly string[], number | undefined]>([
  ['fewer ops on the fake', ['rename a -> b', 'write c'], 4],
  ['an op that changes something, twice', ['rename a -> b', 'write c', 'write c'], 5],
  ['nothing', [], 0],
  ['something else', ['rename a -> b', 'write d'], undefined],
  ['more than it does', ['rename a -> b', 'write c', 'write c', 'write c'], undefined],
])('a schedule of the fake in real steps: %s', (_, onFake, expected) => {
  const alone = ['mkdir . failed: EEXIST', 'rename a -> b', 'open .', 'write c', 'write c'].map((text) => op(0, text));
  expect(
    realSteps(
      onFake.map((text) => op(0, text)),
      alone,
    ),
  ).toBe(expected);
});
