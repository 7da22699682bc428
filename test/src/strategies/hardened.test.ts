import fs from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { listBackupsSync } from '../../../src/backups.ts';
import { loadSessionStore, saveSessionStore, updateSessionStore } from '../../../src/session-store.ts';
import hardened from '../../../src/strategies/hardened.ts';
import { entriesOf, freshStore, namesBeside, systemError } from '../fixtures.ts';
import { callsOf } from '../fs-calls.ts';

afterEach(() => vi.restoreAllMocks());

const past = { rotateBytes: 0 };

describe('order', () => {
  test('file before rename, directory after, and nothing else is synced', async () => {
    const store = freshStore();
    expect(await callsOf(() => saveSessionStore(store, entriesOf('a')))).toEqual(['fsync file', 'rename temp live', 'fsync directory']);
  });

  test('the backup is linked when the new text is safe, and old backups go when the save is', async () => {
    const store = freshStore();
    for (const letter of 'abcd') await saveSessionStore(store, entriesOf(letter), past);
    expect(await callsOf(() => saveSessionStore(store, entriesOf('e'), past))).toEqual([
      'fsync file',
      'link live backup',
      'rename temp live',
      'fsync directory',
      'unlink backup',
    ]);
  });

  test('an unchanged save touches nothing, even past the threshold', async () => {
    const store = freshStore();
    const entries = entriesOf('a');
    await saveSessionStore(store, entries, past);
    expect(await callsOf(() => saveSessionStore(store, entries, past))).toEqual([]);
    expect(namesBeside(store)).toEqual(['sessions.json']);
  });

  test.each<[string, (store: string) => void]>([
    ['has changed', (store) => fs.writeFileSync(store, '{}')],
    ['is gone', (store) => fs.unlinkSync(store)],
    ['is another one with the same text', (store) => fs.writeFileSync(store, fs.readFileSync(store))],
  ])('an unchanged save is written when the file %s', async (_, meddle) => {
    const store = freshStore();
    const entries = entriesOf('a');
    await saveSessionStore(store, entries);
    meddle(store);
    expect(await callsOf(() => saveSessionStore(store, entries))).toContain('rename temp live');
    expect(loadSessionStore(store)).toEqual(entries);
  });
});

describe('load', () => {
  test.each([
    ['0 bytes', ''],
    ['truncated', '{"agent:main'],
    ['an array', '[]'],
    ['null', 'null'],
  ])('throws for a store that is %s', (_, text) => {
    const store = freshStore();
    fs.writeFileSync(store, text);
    expect(() => loadSessionStore(store)).toThrow(`${store} cannot be read as a session store`);
  });

  test('throws for a store that is no file, with the reason as cause', () => {
    const store = freshStore();
    fs.symlinkSync(store, store);
    expect(() => loadSessionStore(store)).toThrow(expect.objectContaining({ cause: expect.objectContaining({ code: 'ELOOP' }) }));
  });

  test('never reads a backup', () => {
    const store = freshStore();
    fs.writeFileSync(`${store}.bak.1700000000000`, '{ "old": {} }');
    expect(loadSessionStore(store)).toEqual({});
  });
});

describe('an update that cannot read the store rejects, and changes nothing', () => {
  test.each(['EMFILE', 'EIO', 'EACCES'])('%s', async (code) => {
    const store = freshStore();
    const entries = entriesOf('a');
    await saveSessionStore(store, entries);
    const read = fs.readFileSync;
    vi.spyOn(fs, 'readFileSync').mockImplementation(((path: string, ...rest: []) => {
      if (path === store) throw systemError(code);
      return read(path, ...rest);
    }) as typeof read);
    await expect(updateSessionStore(store, (old) => ({ ...old, added: { sessionId: 'b', updatedAt: 1 } }))).rejects.toThrow(code);
    vi.restoreAllMocks();
    expect(loadSessionStore(store)).toEqual(entries);
    expect(namesBeside(store)).toEqual(['sessions.json']);
  });
});

test('a reset stays a reset', async () => {
  const store = freshStore();
  for (const entries of [entriesOf('a'), entriesOf('b'), {}]) await saveSessionStore(store, entries, past);
  expect(loadSessionStore(store)).toEqual({});
  expect(listBackupsSync(store)).toHaveLength(2);
});

describe('a failed save', () => {
  test('makes no backup when the new text cannot be written', async () => {
    const store = freshStore();
    await saveSessionStore(store, entriesOf('a'));
    const open = fs.promises.open;
    vi.spyOn(fs.promises, 'open').mockImplementation((async (path: string, ...rest: []) => {
      if (path.endsWith('.tmp') && !path.includes('.lock.')) throw systemError('ENOSPC');
      return open(path, ...rest);
    }) as typeof open);
    await expect(saveSessionStore(store, entriesOf('b'), past)).rejects.toThrow('ENOSPC');
    expect(namesBeside(store)).toEqual(['sessions.json']);
  });

  test('whose directory was not synced is written in full when it is tried again', async () => {
    const store = freshStore();
    const entries = entriesOf('a');
    await saveSessionStore(store, {});
    const open = fs.promises.open;
    vi.spyOn(fs.promises, 'open').mockImplementation((async (path: string, ...rest: []) => {
      if (path === store.slice(0, -'/sessions.json'.length)) throw systemError('EIO');
      return open(path, ...rest);
    }) as typeof open);
    await expect(saveSessionStore(store, entries)).rejects.toThrow('EIO');
    vi.restoreAllMocks();
    expect(await callsOf(() => saveSessionStore(store, entries))).toEqual(['fsync file', 'rename temp live', 'fsync directory']);
  });

  test('of the backup does not fail the save', async () => {
    const store = freshStore();
    await saveSessionStore(store, entriesOf('a'));
    const link = fs.promises.link;
    vi.spyOn(fs.promises, 'link').mockImplementation(async (from, to) => {
      if (String(to).includes('.bak.')) throw systemError('EIO');
      return link(from, to);
    });
    const b = entriesOf('b');
    await saveSessionStore(store, b, past);
    expect(loadSessionStore(store)).toEqual(b);
    expect(namesBeside(store)).toEqual(['sessions.json']);
  });
});

describe('backups', () => {
  test('are the very file that was live', async () => {
    const store = freshStore();
    await saveSessionStore(store, entriesOf('a'));
    const { ino } = fs.statSync(store);
    await saveSessionStore(store, entriesOf('b'), past);
    expect(listBackupsSync(store).map((path) => fs.statSync(path).ino)).toEqual([ino]);
  });

  test('are copied, synced and renamed where links are refused', async () => {
    const store = freshStore();
    const a = entriesOf('a');
    await saveSessionStore(store, a);
    vi.spyOn(fs.promises, 'link').mockRejectedValue(systemError('EPERM'));
    expect(await hardened.rotate(store, 0)).toBe(true);
    vi.restoreAllMocks();
    const [backup = ''] = listBackupsSync(store);
    expect(JSON.parse(fs.readFileSync(backup, 'utf8'))).toEqual(a);
    expect(fs.statSync(backup).ino).not.toBe(fs.statSync(store).ino);
    expect(fs.statSync(backup).mode & 0o777).toBe(0o600);
    expect(namesBeside(store)).toHaveLength(2);
  });

  test('made after the clock was set back are still the newest', async () => {
    const store = freshStore();
    for (const time of [5, 6, 7]) fs.writeFileSync(`${store}.bak.400000000000${time}`, '{}');
    await saveSessionStore(store, entriesOf('a'));
    await saveSessionStore(store, entriesOf('b'), past);
    const [newest = '', ...older] = listBackupsSync(store);
    expect(Number(newest.split('.').at(-1))).toBeGreaterThan(4000000000007); // by one, unless another file of tests has made backups before
    expect(older).toHaveLength(2);
  });
});
