/** Which op of a schedule is to blame, by what it did and not by how its text looks; and its line of source. */
import { expect, test } from 'vitest';
import { treeOf } from '../../../harness/calibrate/tree-sketch.ts';
import type { ScheduleEnd, ScheduleOp } from '../../../harness/domain/schedule.ts';
import type { Outcome } from '../../../harness/domain/store.ts';
import type { Op } from '../../../harness/domain/trace.ts';
import { scheduleOpText } from '../../../harness/explain/op-text.ts';
import { blameSchedule, culpritOf } from '../../../harness/models/schedule/blame.ts';
import type { ScheduleVerdict } from '../../../harness/models/schedule/schedule-case.ts';

interface Planted {
  readonly outcome?: Outcome;
  /** The task whose load was wrong, after all of the ops. */
  readonly reader?: number;
  /** Or after so many. */
  readonly until?: number;
  readonly end?: Partial<ScheduleEnd>;
  readonly own?: readonly Op[];
}

const verdictOf = (
  ops: readonly ScheduleOp[],
  { outcome = 'empty', reader, until = ops.length, end = {}, own = [] }: Planted = {},
): ScheduleVerdict =>
  ({
    case: { end: { ops, events: [], how: 'ended', tree: new Map(), ...end }, subject: { ops: async () => own } },
    run: { promise: { ...(reader !== undefined && { badLoad: { event: { task: reader, at: until } } }) } },
    outcome,
  }) as unknown as ScheduleVerdict;

function blameOf(ops: readonly ScheduleOp[], planted?: Planted): string | undefined {
  const found = culpritOf(verdictOf(ops, planted));
  return found && `${found.mechanism}: ${scheduleOpText(found.op)}`;
}

const renamed = (task: number, path: string, to: string): ScheduleOp => ({ task, call: 'rename', path, to, changed: true });
const written = (task: number, path: string): ScheduleOp => ({ task, call: 'open', path, flags: ['write', 'create'], changed: true });
const appended = (task: number, path: string): ScheduleOp => ({ ...written(task, path), flags: ['write', 'create', 'append'] });
const removed = (task: number, path: string): ScheduleOp => ({ task, call: 'unlink', path, changed: true });
const missed = (task: number, path: string): ScheduleOp => ({ task, call: 'open', path, flags: ['read'], changed: false, error: 'ENOENT' });

test.each(['value', 'value -> old', 'value (write)', 'value failed: EIO'])(
  'the op that moves %s away, whatever the name of the file is',
  (live) => {
    expect(blameOf([written(0, 't'), renamed(0, 't', live), renamed(1, live, 'bak')])).toBe(`moved-away: rename ${live} -> bak`);
  },
);

test('a temporary name that two tasks share, and no op that failed', () => {
  const shared = [written(0, 't'), written(1, 't'), renamed(0, 't', 'value')];
  expect(blameOf(shared)).toBe('temp-shared: open t (write, create)');
  expect(blameOf([{ ...written(0, 't'), error: 'EACCES' }, ...shared.slice(1)])).toBe('not-locked: rename t -> value');
});

test('the last op that changed anything, where no name shows who took what away', () => {
  const ops = [0, 1].flatMap((task): ScheduleOp[] => [
    { task, call: 'write', path: 'log', changed: true },
    { task, call: 'close', path: 'log', changed: false },
  ]);
  expect(blameOf(ops, { outcome: 'lost' })).toBe('not-locked: write log');
  expect(blameOf(ops, { outcome: 'blocked' })).toBe('blocks: write log');
});

test('a temporary name is not to blame where no task used it while it was in use', () => {
  const inTurn = [written(0, 't'), renamed(0, 't', 'value'), written(1, 't'), renamed(1, 't', 'value')];
  expect(blameOf(inTurn, { outcome: 'stale' })).toBe('not-locked: rename t -> value');
  expect(blameOf([written(0, 't'), removed(0, 't'), written(1, 't'), renamed(1, 't', 'value')], { outcome: 'stale' })).toBe(
    'not-locked: rename t -> value',
  );
});

test.for(['stale', 'lost', 'false-ack'] as const)('%s, with nobody crashed: a task saved over another one, also in place', (outcome) => {
  const ops = [written(0, 'log'), written(1, 'log')];
  expect(blameOf(ops, { outcome })).toBe('not-locked: open log (write, create)');
  expect(blameOf(ops, { outcome, end: { how: 'crashed' } })).toBe('written-in-place: open log (write, create)');
  expect(blameOf(ops, { outcome, end: { killed: 0 } })).toBe('written-in-place: open log (write, create)');
  expect(blameOf(ops, { outcome, reader: 1 })).toBe('written-in-place: open log (write, create)');
});

test.for([
  ['blocked', 'blocks'],
  ['hung', 'waits-forever'],
] as const)('%s: the lock that is left is to blame', ([outcome, mechanism]) => {
  const lock: ScheduleOp = { ...written(0, 'lock'), flags: ['write', 'create', 'exclusive'] };
  const ops = [lock, written(0, 't'), { ...written(1, 'u'), call: 'stat' } as const];
  const left = (sketch: Parameters<typeof treeOf>[0]) => ({ outcome, end: { tree: treeOf(sketch) } });
  expect(blameOf(ops, left({ lock: '' }))).toBe(`${mechanism}: open lock (write, create, exclusive)`);
  expect(blameOf(ops, left({ t: '' }))).toBe(`${mechanism}: stat u (write, create)`);
  const directory: ScheduleOp = { task: 0, call: 'mkdir', path: 'd', changed: true };
  expect(blameOf([directory, ...ops], left({ d: { directory: 0o700 } }))).toBe(`${mechanism}: mkdir d`);
});

test('what is appended is not written over', () => {
  expect(blameOf([appended(0, 'log'), appended(1, 'log')], { outcome: 'torn' })).toBe('appended: open log (write, create, append)');
});

test('a file that was removed while a load wanted it', () => {
  const ops = [written(0, 'v2.json'), removed(0, 'v1.json'), missed(1, 'v1.json')];
  expect(blameOf(ops, { outcome: 'unreadable', reader: 1 })).toBe('removed-while-read: unlink v1.json');
  expect(blameOf(ops, { outcome: 'unreadable', reader: 0 })).toBe('written-in-place: open v2.json (write, create)');
  const directory: ScheduleOp = { task: 0, call: 'rmdir', path: 'v1', changed: true };
  const emptied = removed(0, 'v1/a');
  const listing: ScheduleOp = { task: 1, call: 'readdir', path: 'v1', changed: false };
  expect(blameOf([emptied, directory, missed(1, 'v1/a')], { outcome: 'unreadable', reader: 1 })).toBe('removed-while-read: rmdir v1');
  expect(blameOf([emptied, directory, missed(1, 'v1')], { outcome: 'unreadable', reader: 1 })).toBe('removed-while-read: rmdir v1');
  expect(blameOf([emptied, listing], { reader: 1 })).toBe('removed-while-read: unlink v1/a');
  // Where the name comes back by a rename, the only copy was gone for a while.
  const gap = [removed(0, 'value'), missed(1, 'value'), renamed(0, 't', 'value')];
  expect(blameOf(gap, { reader: 1 })).toBe('removed: unlink value');
  expect(blameOf(gap, { reader: 1, until: 2 })).toBe('removed: unlink value');
});

test('a save that put nothing in place, where an earlier one of the task did', () => {
  const secondPass = (...ops: readonly ScheduleOp[]): string | undefined => {
    const events = [
      { task: 0, step: 0, kind: 'began', at: 0 },
      { task: 0, step: 0, kind: 'resolved', at: 2 },
      { task: 0, step: 1, kind: 'began', at: 4 },
      { task: 0, step: 1, kind: 'resolved', at: 4 + ops.length },
    ] as const;
    const before = [written(0, 't.<uuid>'), renamed(0, 't.<uuid>', 'value'), written(1, 't.<uuid>'), renamed(1, 't.<uuid>', 'value')];
    return culpritOf(verdictOf([...before, ...ops], { outcome: 'false-ack', end: { events } }))?.mechanism;
  };
  expect(secondPass()).toBe('skipped-save');
  expect(secondPass(written(0, 'lock.<uuid>'), renamed(0, 'lock.<uuid>', 'lock'))).toBe('skipped-save');
  expect(secondPass(written(0, 't.<uuid>'), renamed(0, 't.<uuid>', 'value'))).toBe('not-locked');
});

test('the line is that of the same op where one process does all steps, whatever its names are', async () => {
  const site = { file: 'notes.ts', line: 4, column: 2 };
  const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
  const own = [
    { call: 'open', file: { actual: 'value' }, flags: ['read'], site: { ...site, line: 1 } },
    { call: 'rename', file: { actual: `t.${id}` }, to: { actual: 'value' }, site },
  ] as unknown as readonly Op[];
  const ops = [renamed(0, 't.<uuid>', 'value'), renamed(1, 't.<uuid>', 'value')];
  expect(await blameSchedule(verdictOf(ops, { outcome: 'stale', own }))).toEqual({
    mechanism: 'not-locked',
    op: 'rename t.<uuid> -> value',
    site,
  });
  expect(await blameSchedule(verdictOf(ops, { outcome: 'stale' }))).not.toHaveProperty('site');
});
