/** Who did what until another task continued, as reports show it. */
import { expect, test } from 'vitest';
import type { ScheduleEnd, ScheduleOp, TaskEvent } from '../../../harness/domain/schedule.ts';
import type { Task } from '../../../harness/domain/trace.ts';
import { blocksOf } from '../../../harness/models/schedule/describe.ts';
import { scheduleOp } from '../../lab/schedule-op.ts';

const TASKS: readonly Task[] = [
  { name: 'saver', steps: [{ kind: 'save', value: { B: 1 } }] },
  { name: 'reader', steps: [{ kind: 'load' }, { kind: 'save-loaded' }] },
];
const UPDATERS: readonly Task[] = ['one', 'other'].map((name) => ({ name, steps: [{ kind: 'update', add: { [name]: 1 } }] }));

const op = (task: number, text: string, changed = true): ScheduleOp => scheduleOp(task, text, changed);
const began = (task: number, at: number, step = 0): TaskEvent => ({ task, step, at, kind: 'began', saved: {} });
const inShort = (end: Pick<ScheduleEnd, 'ops' | 'events'> & Partial<ScheduleEnd>, tasks = TASKS): string =>
  blocksOf({ schedule: [], how: 'ended', tree: new Map(), ...end }, tasks)
    .map(({ task, ops }) => `${task}: ${ops.join(', ')}`)
    .join(' · ');

test('of a load what it returned, of a save what changed something', () => {
  const ops = [
    op(0, 'stat a', false),
    op(0, 'rename a -> b'),
    op(1, 'open a failed: ENOENT', false),
    op(1, 'open a (write, create)'),
    op(1, 'write a'),
    op(0, 'unlink b'),
  ];
  const events: TaskEvent[] = [
    began(0, 0),
    began(1, 2),
    { task: 1, step: 0, kind: 'resolved', at: 3, loaded: { kind: 'loaded', value: {} } },
    began(1, 3, 1),
  ];
  expect(inShort({ ops, events })).toBe('saver: rename a -> b · reader: load -> {}, save {}, open, write a · saver: unlink b');
});

test('a save that resolved and changed nothing', () => {
  const settled: TaskEvent = { task: 0, step: 0, kind: 'resolved', at: 1 };
  expect(inShort({ ops: [op(0, 'open a', false)], events: [began(0, 0), settled] })).toBe('saver: save resolved, and changed nothing');
  expect(inShort({ ops: [op(0, 'write a')], events: [began(0, 0), settled] })).toBe('saver: write a');
});

test('of an update also what it read, and when', () => {
  const ops = [op(0, 'open a', false), op(1, 'open a', false), op(1, 'read a', false), op(1, 'rename t -> a'), op(0, 'read a', false)];
  expect(inShort({ ops, events: [began(0, 0), began(1, 1)] }, UPDATERS)).toBe(
    'one: open a · other: open, read a, rename t -> a · one: read a',
  );
});

test('a long block without its middle, and what a rejected save said', () => {
  const ops = Array.from({ length: 10 }, (_, index) => op(0, `unlink ${index}`));
  const events: TaskEvent[] = [began(0, 0), { task: 0, step: 0, kind: 'rejected', at: 10, error: 'Error: full' }];
  expect(inShort({ ops, events })).toBe('saver: unlink 0, unlink 1, … 5 more, unlink 7, unlink 8, unlink 9, save failed: Error: full');
});

test('of a run that never ends all ops, and of a kill whose it was, and when', () => {
  expect(inShort({ ops: [op(0, 'open a', false)], events: [began(0, 0)], stuck: 'saver waits for what never comes' })).toBe(
    'saver: open a',
  );
  const killed: Pick<ScheduleEnd, 'schedule' | 'killed'> = { schedule: [{ task: 0, steps: 1 }], killed: 0 };
  expect(inShort({ ops: [op(0, 'unlink a')], events: [began(0, 0)], ...killed })).toBe('saver: unlink a, killed');
  expect(inShort({ ops: [op(0, 'unlink a'), op(1, 'write b')], events: [began(0, 0)], ...killed }, UPDATERS)).toBe(
    'one: unlink a, killed · other: write b',
  );
});
