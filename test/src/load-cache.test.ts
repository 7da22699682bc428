import fs from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { loadSessionStore, saveSessionStore } from '../../src/session-store.ts';
import { entriesOf, freshStore } from './fixtures.ts';

afterEach(() => vi.restoreAllMocks());

function age(path: string): void {
  const before = Date.now() / 1000 - 60;
  fs.utimesSync(path, before, before);
}

test('a file that did not change is parsed once, and callers get copies', async () => {
  const store = freshStore();
  const entries = entriesOf('a');
  await saveSessionStore(store, entries);
  age(store);
  const read = vi.spyOn(fs, 'readFileSync');
  for (let n = 0; n < 3; n++) {
    const loaded = loadSessionStore(store) as Record<string, unknown>;
    expect(loaded).toEqual(entries);
    loaded.added = {};
  }
  expect(read).toHaveBeenCalledTimes(1);
  loadSessionStore(store, { skipCache: true });
  expect(read).toHaveBeenCalledTimes(2);
});

test('a file that was written a moment ago is read every time: it may change within the same clock tick', async () => {
  const store = freshStore();
  await saveSessionStore(store, entriesOf('a'));
  const { atime, mtime } = fs.statSync(store);
  expect(loadSessionStore(store)).toHaveProperty(['agent:main:main', 'sessionId'], 'a-1');
  fs.writeFileSync(store, fs.readFileSync(store, 'utf8').replaceAll('a-1', 'b-1'));
  fs.utimesSync(store, atime, mtime);
  expect(loadSessionStore(store)).toHaveProperty(['agent:main:main', 'sessionId'], 'b-1');
});

test('a file that was replaced, or removed, is not taken for the old one', async () => {
  const store = freshStore();
  await saveSessionStore(store, entriesOf('a'));
  age(store);
  loadSessionStore(store);
  const b = entriesOf('b');
  await saveSessionStore(store, b);
  expect(loadSessionStore(store)).toEqual(b);
  fs.unlinkSync(store);
  expect(loadSessionStore(store)).toEqual({});
});
