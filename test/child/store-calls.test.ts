import { expect, test } from 'vitest';
import { callsOf } from '../../harness/child/store-calls.ts';
import type { Store, StoreCalls } from '../../harness/domain/store.ts';

/** A store that notes what is called. */
function noting(parts: (note: (text: string) => void) => object): { readonly calls: StoreCalls; readonly noted: string[] } {
  const noted: string[] = [];
  return { calls: callsOf(parts((text) => noted.push(text)) as Store), noted };
}

let opened = 0;
const handles = (note: (text: string) => void): object => ({
  open: (directory: string) => {
    opened += 1;
    note(`open ${directory}`);
    return { directory };
  },
  flush: ({ directory }: { directory: string }) => note(`flush ${directory}`),
  close: ({ directory }: { directory: string }) => note(`close ${directory}`),
  set: ({ directory }: { directory: string }, key: string, value: unknown) => note(`set ${directory} ${key} ${value}`),
  load: ({ directory }: { directory: string }) => ({ loaded: directory }),
});

test('a plain store is called as it is', () => {
  const store = { save: () => 1, load: () => 2 };
  expect(callsOf(store)).toBe(store);
});

test('a handle is opened once in a directory, and lives until it is closed', async () => {
  const { calls, noted } = noting(handles);
  await calls.set?.('a', 'k', 1);
  await calls.set?.('a', 'k', 2);
  expect(await calls.load('b')).toEqual({ loaded: 'b' });
  await calls.close?.('a');
  await calls.close?.('a');
  await calls.set?.('a', 'k', 3);
  expect(noted).toEqual(['open a', 'set a k 1', 'set a k 2', 'open b', 'close a', 'open a', 'set a k 3']);
  expect(opened).toBe(3);
});

test.each([
  ['flush', ['open a', 'set a k 1', 'flush a', 'set a k 2', 'flush a']],
  ['close', ['open a', 'set a k 1', 'close a', 'open a', 'set a k 2', 'close a']],
] as const)('where %s acknowledges, it is part of each change', async (acknowledges, expected) => {
  const { calls, noted } = noting((note) => ({ ...handles(note), acknowledges }));
  await calls.set?.('a', 'k', 1);
  await calls.set?.('a', 'k', 2);
  expect(noted).toEqual(expected);
});

test('what recovery saves next is a set or an append', async () => {
  const map = noting((note) => ({ set: (...args: unknown[]) => note(args.join(' ')), load: () => ({}) }));
  await map.calls.save('a', { next: 1 });
  expect(map.noted).toEqual(['a next 1']);
  const log = noting((note) => ({ append: (...args: unknown[]) => note(args.join(' ')), load: () => [] }));
  await log.calls.save('a', 'record');
  expect(log.noted).toEqual(['a record']);
});

test('a store with several kinds of change is held to the contract that it names', async () => {
  const parts = (note: (text: string) => void): object => ({
    save: () => note('save'),
    set: () => note('set'),
    append: () => note('append'),
    load: () => ({}),
    contract: 'log',
  });
  const { calls, noted } = noting(parts);
  await calls.save('a', 1);
  expect(noted).toEqual(['append']);
});
