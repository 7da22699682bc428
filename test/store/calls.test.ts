/** Calls on a store, whose results are data that no later call changes. */
import { expect, test } from 'vitest';
import { load, loadAfterSave } from '../../harness/store/calls.ts';

test('the value that load returned stays, when the store changes its own object', async () => {
  const kept: { [key: string]: number } = { a: 1 };
  const loaded = await load({ load: () => kept, save: () => {} }, 'dir');
  kept.b = 2;
  expect(loaded).toEqual({ kind: 'loaded', value: { a: 1 } });
});

test.each([
  ['the same', 1, 1, false],
  ['something else', 1, 2, true],
])('after a save the store that is evaluated anew counts; it finds %s', async (_, own, anew, differs) => {
  const closed: string[] = [];
  const store = (value: number, name: string) => ({
    load: () => value,
    save: () => {},
    close: () => void closed.push(name),
    release: () => void closed.push(name),
  });
  const found = await loadAfterSave(store(own, 'own'), 'dir', async () => store(anew, 'anew'));
  expect(found).toEqual({ found: { kind: 'loaded', value: anew }, differs });
  expect(closed).toEqual(['own', 'anew']);
});
