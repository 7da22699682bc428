import { expect, test } from 'vitest';
import { EventQueue } from '../../harness/api/event-queue.ts';

const iterable = (queue: EventQueue<number>, onLeft = async (): Promise<void> => {}): AsyncIterable<number> => {
  const iterator = queue.iterate(onLeft);
  return { [Symbol.asyncIterator]: () => iterator };
};

async function collect(events: AsyncIterable<number>): Promise<number[]> {
  const collected: number[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

test('a reader gets what comes after it began, in order, and then the end', async () => {
  const queue = new EventQueue<number>();
  queue.add(0);
  const early = iterable(queue);
  queue.add(1);
  const collected = collect(early);
  queue.add(2);
  const late = collect(iterable(queue));
  queue.add(3);
  queue.end();
  expect(await collected).toEqual([1, 2, 3]);
  expect(await late).toEqual([3]);
  expect(await collect(iterable(queue))).toEqual([]);
});

test('events that came before a failure are read before it is thrown', async () => {
  const queue = new EventQueue<number>();
  const iterator = iterable(queue)[Symbol.asyncIterator]();
  queue.add(1);
  queue.fail(new Error('too late'));
  expect(await iterator.next()).toEqual({ done: false, value: 1 });
  await expect(iterator.next()).rejects.toThrow('too late');
});

test('who leaves before the end says so, and afterwards not', async () => {
  const queue = new EventQueue<number>();
  const left: string[] = [];
  const early = iterable(queue, async () => void left.push('early'));
  const late = iterable(queue, async () => void left.push('late'));
  queue.add(1);
  for await (const _ of early) break;
  queue.end();
  for await (const _ of late) break;
  expect(left).toEqual(['early']);
});
