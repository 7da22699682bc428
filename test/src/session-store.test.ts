import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { fc, test as lawTest } from '@fast-check/vitest';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { loadSessionStore, rotateSessionFile, type SessionEntries, saveSessionStore, updateSessionStore } from '../../src/session-store.ts';
import { draws } from '../lab/depth.ts';
import { entriesOf, freshDirectory, freshStore, namesBeside, strategies } from './fixtures.ts';

afterEach(() => vi.restoreAllMocks());

describe.each(strategies)('$name', (strategy) => {
  test('a store that was never saved is empty', () => {
    expect(loadSessionStore(freshStore(), { strategy })).toEqual({});
  });

  test('what was saved is loaded, whether it is first, larger, smaller or past the threshold', async () => {
    const store = freshStore();
    for (const letter of ['a', 'bb'.repeat(3_000), 'c']) {
      const entries = entriesOf(letter);
      await saveSessionStore(store, entries, { strategy, rotateBytes: 0 });
      expect(loadSessionStore(store, { strategy })).toEqual(entries);
    }
  });

  test('leaves nothing behind but the store, readable by its owner alone', async () => {
    const store = freshStore();
    await saveSessionStore(store, entriesOf('a'), { strategy });
    await saveSessionStore(store, entriesOf('b'), { strategy });
    expect(namesBeside(store)).toEqual(['sessions.json']);
    expect(fs.statSync(store).mode & 0o777).toBe(0o600);
  });

  test('updates asked for at once are made one after the other', async () => {
    const store = freshStore();
    await saveSessionStore(store, entriesOf('a'), { strategy });
    const keys = Array.from({ length: 10 }, (_, n) => `agent:main:${n}`);
    const add = (key: string) => (entries: SessionEntries) => ({ ...entries, [key]: { sessionId: key, updatedAt: Date.now() } });
    await Promise.all(keys.map((key) => updateSessionStore(store, add(key), { strategy })));
    expect(Object.keys(loadSessionStore(store, { strategy }))).toEqual([...Object.keys(entriesOf('a')), ...keys]);
  });

  test('sets aside the transcripts of entries that are too old', async () => {
    const store = freshStore();
    const directory = dirname(store);
    for (const name of ['old.jsonl', 'shared.jsonl', 'new.jsonl']) fs.writeFileSync(join(directory, name), name);
    const now = Date.now();
    const entries = {
      old: { sessionId: 'old', updatedAt: now - 31 * 24 * 3_600_000 },
      oldToo: { sessionId: 'x', sessionFile: 'shared.jsonl', updatedAt: 0 },
      new: { sessionId: 'new', updatedAt: now },
      sharing: { sessionId: 'shared', updatedAt: now },
    };
    await saveSessionStore(store, entries, { strategy, now });
    expect(Object.keys(loadSessionStore(store, { strategy }))).toEqual(['new', 'sharing']);
    expect(namesBeside(store)).toEqual([
      'new.jsonl',
      expect.stringMatching(/^old\.jsonl\.deleted\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/),
      'sessions.json',
      'shared.jsonl',
    ]);
  });

  test('a save that fails rejects, and the next one is not held up', async () => {
    const directory = freshDirectory();
    const store = join(directory, 'sessions.json');
    fs.mkdirSync(store); // no file can take its place
    await expect(saveSessionStore(store, entriesOf('a'), { strategy })).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    expect(fs.readdirSync(directory)).toEqual(['sessions.json']);
    fs.rmdirSync(store);
    await saveSessionStore(store, entriesOf('b'), { strategy });
    expect(Object.keys(loadSessionStore(store, { strategy }))).toHaveLength(2);
  });

  lawTest.prop([fc.array(fc.dictionary(fc.string(), fc.record({ sessionId: fc.string() })), { minLength: 1, maxLength: 3 })], {
    numRuns: draws(10),
  })('any history without a crash ends in its last value', async (history) => {
    const store = freshStore();
    for (const [n, value] of history.entries()) {
      const entries = { ...value, [`key ${n}`]: { sessionId: `${n}`, updatedAt: Date.now() } } as SessionEntries;
      await saveSessionStore(store, entries, { strategy, rotateBytes: 0 });
      expect(loadSessionStore(store, { strategy })).toEqual(entries);
    }
  });
});

describe('rotation', () => {
  test.each(strategies.filter(({ name }) => name !== 'in-place'))('$name keeps the 3 newest backups', async (strategy) => {
    const store = freshStore();
    for (const letter of 'abcdef') await saveSessionStore(store, entriesOf(letter), { strategy, rotateBytes: 0 });
    const backups = namesBeside(store).filter((name) => name.startsWith('sessions.json.bak.'));
    expect(backups).toHaveLength(3);
    if (strategy.name === 'placeholder-first') return; // its backups are placeholders
    const contents = backups.map((name) => fs.readFileSync(join(dirname(store), name), 'utf8'));
    expect(contents.map((text) => text.match(/"(.)-1"/)?.[1])).toEqual(['c', 'd', 'e']);
  });

  test.each(strategies)('$name leaves a store alone that is not larger than the threshold', async (strategy) => {
    const store = freshStore();
    await saveSessionStore(store, entriesOf('a'), { strategy });
    const { size } = fs.statSync(store);
    await saveSessionStore(store, entriesOf('b'), { strategy, rotateBytes: size });
    expect(namesBeside(store)).toEqual(['sessions.json']);
  });

  test('rotateSessionFile returns whether it rotated', async () => {
    const store = freshStore();
    expect(await rotateSessionFile(store, 0)).toBe(false);
    await saveSessionStore(store, entriesOf('a'));
    expect(await rotateSessionFile(store)).toBe(false);
    expect(await rotateSessionFile(store, 0)).toBe(true);
    expect(namesBeside(store)).toEqual(['sessions.json', expect.stringMatching(/^sessions\.json\.bak\.\d{13}$/)]);
  });
});

describe('what callers may do', () => {
  test.each([
    ['an array', []],
    ['null', null],
    ['a string', '{}'],
    ['undefined', undefined],
  ])('saving %s is a TypeError and changes nothing', async (_, value) => {
    const store = freshStore();
    await saveSessionStore(store, entriesOf('a'));
    await expect(saveSessionStore(store, value as never)).rejects.toThrow(TypeError);
    await expect(updateSessionStore(store, () => value as never)).rejects.toThrow(TypeError);
    expect(Object.keys(loadSessionStore(store))).toHaveLength(2);
  });

  test('a change that throws saves nothing and frees the lock', async () => {
    const store = freshStore();
    const change = () => Promise.reject(new Error('no'));
    await expect(updateSessionStore(store, change)).rejects.toThrow('no');
    expect(namesBeside(store)).toEqual([]);
  });

  test('an update resolves to what was saved', async () => {
    const store = freshStore();
    const entries = entriesOf('a');
    expect(await updateSessionStore(store, () => ({ ...entries, old: { sessionId: 'old', updatedAt: 0 } }))).toEqual(entries);
  });

  test('the directory is made', async () => {
    const store = join(freshDirectory(), 'agents', 'main', 'sessions.json');
    await saveSessionStore(store, entriesOf('a'));
    expect(Object.keys(loadSessionStore(store))).toHaveLength(2);
  });

  test('limits that are given as undefined are the default ones', async () => {
    const store = freshStore();
    await saveSessionStore(store, entriesOf('a'), { maxAgeMs: undefined, maxEntries: undefined } as object);
    expect(Object.keys(loadSessionStore(store))).toHaveLength(2);
  });
});
