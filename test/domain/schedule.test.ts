import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { parseSchedule, scheduleId, scheduleOf } from '../../harness/domain/schedule.ts';

property.prop([fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 40 })])('a schedule is read back from its id', (tasks) => {
  const schedule = scheduleOf(tasks);
  expect(parseSchedule(scheduleId(schedule))).toEqual(schedule);
  expect(schedule.flatMap(({ task, steps }) => Array.from({ length: steps }, () => task))).toEqual(tasks);
});

test('turns are named by letters', () => {
  expect(scheduleId(scheduleOf([0, 0, 1, 0]))).toBe('a2.b1.a1');
});

test.each(['', 'a', 'a01', 'b2.', 'z1', '5', 'a1,b1', 'a99999999'])('"%s" names no schedule', (text) => {
  expect(parseSchedule(text)).toBeUndefined();
});
