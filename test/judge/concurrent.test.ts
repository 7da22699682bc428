import { describe, expect, test } from 'vitest';
import type { Recovery } from '../../harness/domain/recovery.ts';
import type { TaskEvent } from '../../harness/domain/schedule.ts';
import type { Json, Task } from '../../harness/domain/trace.ts';
import { judgeConcurrent, promisedBy } from '../../harness/judge/concurrent.ts';

const A = { a: 1 };
const B = { b: 1 };
const C = { c: 1 };
const NEXT = { next: 1 };
const options = { empty: {}, next: NEXT, throwsWhenFresh: false };

const saver = (name: string, value: Json): Task => ({ name, steps: [{ kind: 'save', value }] });
const updater = (name: string, add: { [key: string]: Json }): Task => ({ name, steps: [{ kind: 'update', add }] });
const reader: Task = { name: 'reader', steps: [{ kind: 'load' }, { kind: 'save-loaded' }] };

const began = (task: number, step = 0, saved?: Json): TaskEvent => ({
  task,
  step,
  kind: 'began',
  at: 0,
  ...(saved !== undefined && { saved }),
});
const resolved = (task: number, step = 0, value?: Json): TaskEvent => ({
  task,
  step,
  kind: 'resolved',
  at: 0,
  ...(value !== undefined && { loaded: { kind: 'loaded', value } }),
});
const rejected = (task: number, step = 0): TaskEvent => ({ task, step, kind: 'rejected', at: 0, error: 'no' });
const threw = (task: number, step = 0): TaskEvent => ({ ...rejected(task, step), loaded: { kind: 'threw', error: 'Error: torn' } });

const finds = (value: Json): Recovery => ({
  load: { kind: 'loaded', value },
  save: { kind: 'saved' },
  secondLoad: { kind: 'loaded', value: NEXT },
});

function outcome(tasks: readonly Task[], events: readonly TaskEvent[], found: Json, how: 'ended' | 'crashed' = 'ended'): string {
  return judgeConcurrent(promisedBy(A, tasks, events, options), { how }, finds(found), options);
}

describe('two savers', () => {
  const tasks = [saver('a', B), saver('b', C)];
  const both = [began(0), began(1), resolved(0), resolved(1)];
  test.each([
    ['either may be the last while they overlap', both, B, 'new'],
    ['either may be the last while they overlap', both, C, 'new'],
    ['neither may be lost', both, A, 'false-ack'],
    ['nothing at all is left', both, {}, 'empty'],
    ['what nobody saved', both, { a: 1, b: 1 }, 'mixed'],
    ['the one that began later is the last', [began(0), resolved(0), began(1), resolved(1)], B, 'false-ack'],
    ['the one that began later is the last', [began(0), resolved(0), began(1), resolved(1)], C, 'new'],
    ['one that rejected may have saved', [began(0), resolved(0), began(1), rejected(1)], C, 'new'],
    ['one that rejected may not have saved', [began(0), resolved(0), began(1), rejected(1)], B, 'new'],
    ['one that had rejected takes no effect later', [began(1), rejected(1), began(0), resolved(0)], C, 'false-ack'],
  ] as const)('%s', (_, events, found, expected) => {
    expect(outcome(tasks, events, found)).toBe(expected);
  });

  test.each([
    ['nothing was promised yet', [began(0), began(1)], A, 'original'],
    ['in flight', [began(0), began(1)], B, 'new'],
    ['acknowledged, and gone', [began(0), resolved(0), began(1)], A, 'stale'],
    ['acknowledged, or the one in flight', [began(0), resolved(0), began(1)], C, 'new'],
  ] as const)('after a crash: %s', (_, events, found, expected) => {
    expect(outcome(tasks, events, found, 'crashed')).toBe(expected);
  });
});

describe('two updaters', () => {
  const tasks = [updater('a', { b: 1 }), updater('b', { c: 1 })];
  const both = [began(0), began(1), resolved(0), resolved(1)];
  test.each([
    ['both are there', { a: 1, b: 1, c: 1 }, 'new'],
    ['one was lost', { a: 1, c: 1 }, 'false-ack'],
    ['one was saved over an empty store', { b: 1 }, 'mixed'],
  ] as const)('%s', (_, found, expected) => {
    expect(outcome(tasks, both, found)).toBe(expected);
  });
});

describe('a reader that saves what it loaded', () => {
  const tasks = [saver('a', B), reader];
  const loads = (value: Json, saved = value): TaskEvent[] => [began(1), resolved(1, 0, value), began(1, 1, saved)];
  test.each([
    ['it read the old value, and saves it over the new one', [began(0), ...loads(A), resolved(0), resolved(1, 1)], A, 'original'],
    ['it read the new value', [began(0), ...loads(B), resolved(0), resolved(1, 1)], B, 'new'],
    ['it read the new value, so that is what must be there', [began(0), ...loads(B), resolved(0), resolved(1, 1)], A, 'false-ack'],
    ['it read nothing in the window', [began(0), ...loads({})], {}, 'empty'],
    ['it read nothing, even if the end is well', [began(0), ...loads({}), resolved(0), rejected(1, 1)], B, 'empty'],
    ['it read what nobody saved', [began(0), ...loads({ x: 1 })], A, 'mixed'],
    ['it read a value that had been replaced', [began(0), resolved(0), ...loads(A)], B, 'stale'],
    ['it could not read', [began(0), began(1), threw(1)], B, 'unreadable'],
  ] as const)('%s', (_, events, found, expected) => {
    expect(outcome(tasks, events, found)).toBe(expected);
  });

  test('two loads must agree on one order', () => {
    const twice: Task = { name: 'reader', steps: [{ kind: 'load' }, { kind: 'load' }] };
    const during = (first: Json, second: Json): string =>
      outcome([saver('a', B), twice], [began(0), began(1), resolved(1, 0, first), began(1, 1), resolved(1, 1, second), resolved(0)], B);
    expect(during(A, B)).toBe('new');
    expect(during(B, B)).toBe('new');
    expect(during(B, A)).toBe('stale');
  });
});

test('the load that no order explains is named', () => {
  const events = [began(0), began(1), resolved(1, 0, {}), resolved(0)];
  expect(promisedBy(A, [saver('a', B), reader], events, options).badLoad?.event).toBe(events[2]);
});

test('tasks that wait for each other hang, and a store that takes no more saves is blocked', () => {
  const promise = promisedBy(A, [saver('a', B)], [began(0), resolved(0)], options);
  expect(judgeConcurrent(promise, { how: 'ended', stuck: 'both wait' }, finds(B), options)).toBe('hung');
  expect(judgeConcurrent(promise, { how: 'ended' }, { ...finds(B), secondLoad: { kind: 'loaded', value: B } }, options)).toBe('blocked');
});
