/** Which kills after a switch are tried: of equal ones one, and those that meet the other task first. */
import { expect, test } from 'vitest';
import type { RawOp } from '../../../harness/domain/events.ts';
import { RunTimes } from '../../../harness/domain/tree-times.ts';
import { crashesOf } from '../../../harness/models/race/crashes.ts';
import { type KillAfterSwitch, killsAfterSwitch, mostTellingFirst } from '../../../harness/models/race/kills.ts';
import { parseRaceDetail, raceDetail } from '../../../harness/models/race/race-id.ts';
import type { Raced } from '../../../harness/models/race/raced.ts';
import type { RaceEvent } from '../../../harness/record/race.ts';

const CREATE = ['write', 'create', 'truncate'] as const;

/** `a open temp 1` creates file 1, `a look temp 1` opens it to read, `a rename temp 1` puts it in the place of `live`; `a waits`, `a ends`. */
function eventOf(line: string): RaceEvent[] {
  const [letter = '', what = '', path = '', id = ''] = line.split(' ');
  const task = 'ab'.indexOf(letter);
  const op = (call: RawOp['call'], more: Partial<RawOp> = {}): RaceEvent[] => [
    { kind: 'op', task, op: { kind: 'op', call, via: call, path, id: Number(id), process: 0, ...more } },
  ];
  switch (what) {
    case 'open':
      return op('open', { flags: CREATE });
    case 'look':
      return op('open', { flags: ['read'] });
    case 'rename':
      return op('rename', { to: { path: 'live', id: 9 } });
    case 'write':
      return op('write');
    case 'waits':
      return [{ kind: 'waits', task }];
    case 'began':
      return [{ kind: 'began', task, step: 0 }];
    case 'settles':
      return [{ kind: 'resolved', task, step: 0 }];
    case 'ends':
      return [
        { kind: 'resolved', task, step: 0 },
        { kind: 'finished', task },
      ];
    default:
      throw new Error(line);
  }
}

function racedAs(...lines: string[]): Raced {
  const events = lines.flatMap(eventOf);
  const ops = events.flatMap((event) =>
    event.kind === 'op' ? [{ task: event.task, call: event.op.call, path: event.op.path, changed: true }] : [],
  );
  const steps = events.flatMap((event) =>
    event.kind === 'began' || event.kind === 'resolved' ? [{ kind: event.kind, task: event.task, step: event.step, at: 0 }] : [],
  );
  const end = { schedule: [], ops, events: steps, how: 'ended', tree: new Map() } as const;
  return { end, events, trees: [], times: () => new RunTimes([], new Map()), lines, watched: false, unmeasured: [] };
}

/** After the switch from the task that went first to the other one. */
function killsIn(raced: Raced): { readonly kills: readonly string[]; readonly leftOut: number } {
  const task = raced.events[0]?.task ?? 0;
  const until = raced.events.findIndex((event) => event.task !== task);
  const alone = raced.events.slice(0, until);
  const ops = alone.flatMap((event) => (event.kind === 'op' ? [event.op] : []));
  const op = ops.at(-1);
  if (op === undefined) throw new Error('the first task does no op');
  const settled = alone.at(-1)?.kind === 'resolved';
  const point = { ops: ops.length, task, op, settled, waits: false, others: [1 - task] };
  const { kills, leftOut } = killsAfterSwitch(raced, point, 1 - task);
  return { kills: kills.map(inWords), leftOut };
}

const inWords = ({ planned, meets }: KillAfterSwitch): string => `${raceDetail(planned)}${meets ? ' meets' : ''}`;

test('the second task is killed after each op that changes something, unless it has ended', () => {
  const shared = racedAs(
    ...['a open temp 1', 'a write temp 1'],
    ...['b look other 5', 'b open temp 1', 'b write temp 1', 'b rename temp 1', 'b ends'],
    ...['a rename temp 1', 'a ends'],
  );
  expect(killsIn(shared)).toEqual({ kills: ['a2.b2~kill=b meets', 'a2.b3~kill=b meets'], leftOut: 1 });
});

test('not where the last op of the first task changes places with all that the second did', () => {
  const own = racedAs(
    ...['a open one 1', 'a write one 1'],
    ...['b open two 2', 'b write two 2', 'b rename two 2', 'b ends'],
    ...['a rename one 1', 'a ends'],
  );
  expect(killsIn(own)).toEqual({ kills: [], leftOut: 2 });
});

test('though the ops change places, if a step settled between them, or the directory is watched', () => {
  const settles = racedAs('a write one 1', 'a settles', 'b open two 2', 'b write two 2', 'b ends', 'a write one 1', 'a ends');
  expect(killsIn(settles).kills).toEqual(['a1.b1~kill=b']);
  const unsettled = racedAs('a write one 1', 'b open two 2', 'b write two 2', 'b ends', 'a write one 1', 'a ends');
  expect(killsIn(unsettled).kills).toEqual([]);
  expect(killsIn({ ...unsettled, watched: true }).kills).toEqual(['a1.b1~kill=b']);
});

test('the first task is killed where the second waits for it', () => {
  const waits = racedAs('a open lock 1', 'b look lock 1', 'b waits', 'a write live 9', 'a ends', 'b look lock 1', 'b ends');
  expect(killsIn(waits)).toEqual({ kills: ['a1.b1~kill=a meets'], leftOut: 1 });
  const changedNothing = racedAs('a look lock 1', 'b look lock 1', 'b waits', 'a write live 9', 'a ends', 'b ends');
  expect(killsIn(changedNothing).kills).toEqual([]);
});

test('those that meet come first, of each kind in turn', () => {
  const kill = (steps: number, kind: string, meets: boolean): KillAfterSwitch => ({
    planned: {
      schedule: [
        { task: 0, steps },
        { task: 1, steps: 1 },
      ],
      kill: 1,
    },
    kind,
    meets,
  });
  const all = [kill(3, 'no', false), kill(1, 'open', true), kill(2, 'open', true), kill(1, 'write', true)];
  expect(mostTellingFirst(all).map(({ planned, kind }) => `${planned.schedule[0]?.steps} ${kind}`)).toEqual([
    '2 open',
    '1 write',
    '1 open',
    '3 no',
  ]);
});

test('all tasks crash after each op that changed something or settled a step, each order once', () => {
  const lines = ['a began', 'a open one 1', 'a look one 1', 'a look one 1', 'a settles', 'b began', 'b open two 2', 'a ends', 'b ends'];
  const { ends, beyond } = crashesOf([racedAs(...lines), racedAs(...lines)], 5);
  expect(beyond).toBe(0);
  expect(ends.map(({ ops, events, schedule, how }) => [how, raceDetail({ schedule, kill: 'all' }), ops.length, events.length])).toEqual([
    ['crashed', 'a1~kill=all', 1, 1],
    ['crashed', 'a3~kill=all', 3, 2], // what had settled is promised; what began later did not begin
  ]);
  const one = crashesOf([racedAs(...lines)], 1);
  expect([one.ends.length, one.beyond]).toEqual([1, 1]);
  const killed = racedAs(...lines);
  expect(crashesOf([{ ...killed, end: { ...killed.end, killed: 1 } }], 5).ends).toEqual([]);
});

test.each(['a5.b2', 'a5.b2~kill=a', 'a5.b2~kill=b', 'a5.b2.a1~kill=all', 'twice=a~a5.b1', 'history=s1+l.x~a5.b2~kill=all'])(
  '%s is read as it is written',
  (detail) => {
    const named = parseRaceDetail(detail);
    expect(named && raceDetail(named)).toBe(detail);
  },
);
test.each(['history=s1+l~twice=a~a5.b2', 'twice=i~a5.b2', 'a5.b2~kill=', 'a5.b2~kill=ab', 'a5.b2~kill=i'])('%s names no race', (detail) => {
  expect(parseRaceDetail(detail)).toBeUndefined();
});
