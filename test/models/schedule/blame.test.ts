/** Which op of a schedule is to blame, by what it did and not by how its text looks. */
import { expect, test } from 'vitest';
import type { ScheduleOp } from '../../../harness/domain/schedule.ts';
import { blameSchedule } from '../../../harness/models/schedule/blame.ts';
import type { ScheduleVerdict } from '../../../harness/models/schedule/schedule-case.ts';

const blameOf = (...ops: readonly ScheduleOp[]) =>
  blameSchedule({ case: { end: { ops, events: [] } }, run: { promise: {} }, outcome: 'empty' } as unknown as ScheduleVerdict);
const renamed = (task: number, path: string, to: string): ScheduleOp => ({ task, call: 'rename', path, to, changed: true });
const written = (task: number, path: string): ScheduleOp => ({ task, call: 'open', path, flags: ['write', 'create'], changed: true });

test.each(['value', 'value -> old', 'value (write)', 'value failed: EIO'])(
  'the op that moves %s away, whatever the name of the file is',
  (live) => {
    expect(blameOf(written(0, 't'), renamed(0, 't', live), renamed(1, live, 'bak'))).toEqual({
      mechanism: 'moved-away',
      op: `rename ${live} -> bak`,
    });
  },
);

test('a temporary name that two tasks share, and no op that failed', () => {
  const shared = [written(0, 't'), written(1, 't'), renamed(0, 't', 'value')];
  expect(blameOf(...shared)).toEqual({ mechanism: 'temp-shared', op: 'open t (write, create)' });
  expect(blameOf({ ...written(0, 't'), error: 'EACCES' }, ...shared.slice(1))).toEqual({
    mechanism: 'not-locked',
    op: 'rename t -> value',
  });
});

test('a save that put nothing in place, where an earlier one of the task did', () => {
  const secondPass = (...ops: readonly ScheduleOp[]) => {
    const events = [
      { task: 0, step: 0, kind: 'began', at: 0 },
      { task: 0, step: 0, kind: 'resolved', at: 2 },
      { task: 0, step: 1, kind: 'began', at: 4 },
      { task: 0, step: 1, kind: 'resolved', at: 4 + ops.length },
    ];
    const before = [written(0, 't.<uuid>'), renamed(0, 't.<uuid>', 'value'), written(1, 't.<uuid>'), renamed(1, 't.<uuid>', 'value')];
    const end = { ops: [...before, ...ops], events };
    return blameSchedule({ case: { end }, run: { promise: {} }, outcome: 'false-ack' } as unknown as ScheduleVerdict)?.mechanism;
  };
  expect(secondPass()).toBe('skipped-save');
  expect(secondPass(written(0, 'lock.<uuid>'), renamed(0, 'lock.<uuid>', 'lock'))).toBe('skipped-save');
  expect(secondPass(written(0, 't.<uuid>'), renamed(0, 't.<uuid>', 'value'))).toBe('not-locked');
});
