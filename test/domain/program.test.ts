import { expect, test } from 'vitest';
import { nameIn } from '../../harness/domain/program.ts';

test.each([
  ['ack a', 'a'],
  ['ack  a b ', 'a b'],
  ['ack\ta\r', 'a'],
  ['ack', undefined],
  ['ack ', undefined],
  ['acknowledged a', undefined],
  [' ack a', undefined],
  ['say ack a', undefined],
])('the line %j', (line, name) => {
  expect(nameIn(line)).toBe(name);
});
