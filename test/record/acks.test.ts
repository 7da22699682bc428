import { expect, test } from 'vitest';
import { Acks } from '../../harness/record/acks.ts';

const names = (texts: readonly string[]): (string | undefined)[][] => {
  const acks = new Acks();
  return texts.map((text) => acks.take(text).map(({ name }) => name));
};

test('a line acknowledges at the write that completes it, wherever it is cut', () => {
  const text = 'begin\nack one\n  ack no\nack two\nacks no\nack\tthree\n';
  for (let at = 0; at <= text.length; at += 1) expect(names([text.slice(0, at), text.slice(at)]).flat()).toEqual(['one', 'two', 'three']);
  expect(names(['ack o', 'ne', '\nac', 'k two\n'])).toEqual([[], [], ['one'], ['two']]);
});

test('of a line that can be no acknowledgement only its beginning is kept', () => {
  const acks = new Acks();
  // All of it would be longer than a string can be.
  for (let count = 0; count < 520; count += 1) expect(acks.take('x'.repeat(1 << 20))).toEqual([]);
  expect(acks.take('ack late\nack next\n').map(({ name }) => name)).toEqual(['next']);
});
