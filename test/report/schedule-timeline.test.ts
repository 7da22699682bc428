import { expect, test } from 'vitest';
import type { ScheduleEnd } from '../../harness/domain/schedule.ts';
import type { Task } from '../../harness/domain/trace.ts';
import { scheduleTimeline } from '../../harness/report/schedule-timeline.ts';

const tasks: readonly Task[] = [
  { name: 'saver', steps: [{ kind: 'save', value: 1 }] },
  { name: 'reader', steps: [{ kind: 'load' }, { kind: 'save-loaded' }] },
];
const end: ScheduleEnd = {
  schedule: [
    { task: 0, steps: 1 },
    { task: 1, steps: 1 },
  ],
  ops: [
    { task: 0, call: 'open', path: 'a', changed: true },
    { task: 1, call: 'open', path: 'a', changed: false },
  ],
  events: [
    { task: 0, step: 0, kind: 'began', at: 0 },
    { task: 1, step: 0, kind: 'began', at: 0 },
    { task: 1, step: 0, kind: 'rejected', at: 2, error: 'SyntaxError: torn\n  at here' },
  ],
  how: 'crashed',
  tree: new Map(),
};

test('who did what, what settled, and the crash', () => {
  expect(scheduleTimeline(end, tasks, false).split('\n')).toEqual([
    '  * 1  saver   open a',
    '    2  reader  open a',
    '  ── reader: step 1 (load) rejected: SyntaxError: torn ──',
    '  ── all of them crashed here, after op 2 ──',
  ]);
});

test('the one that was killed, and tasks that wait for each other', () => {
  const lines = (parts: Partial<ScheduleEnd>): string[] => scheduleTimeline({ ...end, how: 'ended', ...parts }, tasks, false).split('\n');
  expect(lines({ killed: 0 })[1]).toBe('  ── saver was killed here ──');
  expect(lines({ stuck: 'saver and reader wait for each other' }).at(-1)).toBe('  ── saver and reader wait for each other ──');
  expect(lines({})).toHaveLength(3);
});
