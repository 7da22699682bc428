import fs from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { listBackupsSync } from '../../../src/backups.ts';
import { loadSessionStore, saveSessionStore, updateSessionStore } from '../../../src/session-store.ts';
import copyThenReplace from '../../../src/strategies/copy-then-replace.ts';
import copyThenReplaceUnsynced from '../../../src/strategies/copy-then-replace-unsynced.ts';
import placeholderAfterRename from '../../../src/strategies/placeholder-after-rename.ts';
import placeholderFirst from '../../../src/strategies/placeholder-first.ts';
import recoverWhenEmpty from '../../../src/strategies/recover-when-empty.ts';
import recoverWhenMissing from '../../../src/strategies/recover-when-missing.ts';
import renameAway from '../../../src/strategies/rename-away.ts';
import { entriesOf, freshStore, historical, strategies, systemError } from '../fixtures.ts';
import { callsOf } from '../fs-calls.ts';

afterEach(() => vi.restoreAllMocks());

const past = { rotateBytes: 0 };

const synced = ['fsync file', 'rename temp live', 'fsync directory'];

test.each([
  ['rename-away', ['rename live backup', ...synced]],
  ['placeholder-first', ['writeFile live', 'rename live backup', ...synced]],
  ['placeholder-after-rename', ['rename live backup', 'writeFile live', ...synced]],
  ['recover-when-missing', ['rename live backup', 'writeFile live', ...synced]],
  ['recover-when-empty', ['rename live backup', 'writeFile live', ...synced]],
  ['copy-then-replace', ['copyFile live backup', ...synced]],
  ['copy-then-replace-unsynced', ['copyFile live backup', 'rename temp live']],
  ['in-place', ['writeFile live']],
])('%s past the threshold does this, in this order: %j', async (name, calls) => {
  const store = freshStore();
  const options = { strategy: strategies.find((each) => each.name === name) ?? renameAway, rotateBytes: 0 };
  await saveSessionStore(store, entriesOf('a'), options);
  expect(await callsOf(() => saveSessionStore(store, entriesOf('b'), options))).toEqual(calls);
});

describe('killed between the rotation and the write', () => {
  test.each([
    ['rename-away', 'nothing', 'the entries'],
    ['placeholder-first', 'nothing', '{}'],
    ['placeholder-after-rename', 'nothing', 'the entries'],
    ['recover-when-missing', 'nothing', 'the entries'],
    ['recover-when-empty', 'the entries', 'the entries'],
    ['copy-then-replace', 'the entries', 'the entries'],
    ['copy-then-replace-unsynced', 'the entries', 'the entries'],
    ['in-place', 'the entries', 'no backup'],
    ['hardened', 'the entries', 'the entries'],
  ])('%s loads %s, and its backup holds %s', async (name, loaded, backup) => {
    const store = freshStore();
    const strategy = strategies.find((each) => each.name === name) ?? renameAway;
    const entries = entriesOf('a');
    await saveSessionStore(store, entries, { strategy });
    const rotated = await strategy.rotate(store, 0);
    expect(rotated).toBe(backup !== 'no backup');
    expect(loadSessionStore(store, { strategy })).toEqual(loaded === 'nothing' ? {} : entries);
    const contents = listBackupsSync(store).map((path) => JSON.parse(fs.readFileSync(path, 'utf8')));
    expect(contents).toEqual(backup === 'no backup' ? [] : [backup === '{}' ? {} : entries]);
  });
});

describe('a save of unchanged entries past the threshold', () => {
  test.each([
    ['rename-away', 'lost'],
    ['placeholder-first', 'lost'],
    ['placeholder-after-rename', 'lost'],
    ['recover-when-missing', 'lost'],
    ['recover-when-empty', 'kept'],
    ['copy-then-replace', 'kept'],
    ['copy-then-replace-unsynced', 'kept'],
    ['in-place', 'kept'],
    ['hardened', 'kept'],
  ])('%s: the store is %s, with no crash', async (name, fate) => {
    const store = freshStore();
    const strategy = strategies.find((each) => each.name === name) ?? renameAway;
    const entries = entriesOf('a');
    for (let n = 0; n < 2; n++) await saveSessionStore(store, entries, { strategy, ...past });
    expect(loadSessionStore(store, { strategy })).toEqual(fate === 'kept' ? entries : {});
  });
});

test.each(historical.filter(({ name }) => !name.startsWith('recover-')))('$name takes a broken store for an empty one', (strategy) => {
  const store = freshStore();
  for (const text of ['', '{"agent:main', '[]', 'null']) {
    fs.writeFileSync(store, text);
    expect(loadSessionStore(store, { strategy })).toEqual({});
  }
});

test.each(historical)('$name skips an unchanged save though another process changed the file', async (strategy) => {
  const store = freshStore();
  const entries = entriesOf('a');
  await saveSessionStore(store, entries, { strategy });
  fs.writeFileSync(store, '{ "theirs": {} }');
  await saveSessionStore(store, entries, { strategy });
  expect(loadSessionStore(store, { strategy })).toEqual({ theirs: {} });
});

test.each([placeholderAfterRename, recoverWhenMissing, recoverWhenEmpty])(
  '$name says "no rotation" when the placeholder cannot be written, though the store was moved',
  async (strategy) => {
    const store = freshStore();
    await saveSessionStore(store, entriesOf('a'), { strategy });
    vi.spyOn(fs.promises, 'writeFile').mockRejectedValue(systemError('ENOSPC'));
    expect(await strategy.rotate(store, 0)).toBe(false);
    expect(fs.existsSync(store)).toBe(false);
    expect(listBackupsSync(store)).toHaveLength(1);
  },
);

test.each([placeholderFirst, placeholderAfterRename])('$name writes a placeholder that only its owner can read', async (strategy) => {
  const store = freshStore();
  fs.writeFileSync(store, '{ "legacy": {} }', { mode: 0o600 });
  await strategy.rotate(store, 0);
  const [placeholder = store] = strategy === placeholderFirst ? listBackupsSync(store) : [store];
  expect(fs.readFileSync(placeholder, 'utf8')).toBe('{}');
  expect(fs.statSync(placeholder).mode & 0o777).toBe(0o600);
});

describe('loading the newest backup', () => {
  const older = { older: { sessionId: 'older', updatedAt: 1 } };
  const newer = { newer: { sessionId: 'newer', updatedAt: 2 } };
  const live = { live: { sessionId: 'live', updatedAt: 3 } };

  test.each([
    [recoverWhenMissing, 'missing', undefined, newer],
    [recoverWhenMissing, 'torn', '{"li', newer],
    [recoverWhenMissing, '0 bytes', '', newer],
    [recoverWhenMissing, '{}', '{}', {}],
    [recoverWhenMissing, 'there', JSON.stringify(live), live],
    [recoverWhenEmpty, 'missing', undefined, newer],
    [recoverWhenEmpty, 'torn', '{"li', newer],
    [recoverWhenEmpty, '{}', '{}', newer],
    [recoverWhenEmpty, 'there', JSON.stringify(live), live],
    [copyThenReplace, 'missing', undefined, {}],
    [renameAway, 'missing', undefined, {}],
  ])('$name when the live file is %s', (strategy, _, text, expected) => {
    const store = freshStore();
    if (text !== undefined) fs.writeFileSync(store, text);
    fs.writeFileSync(`${store}.bak.1700000000001`, JSON.stringify(older));
    fs.writeFileSync(`${store}.bak.1700000000002`, JSON.stringify(newer));
    expect(loadSessionStore(store, { strategy })).toEqual(expected);
  });

  test('recover-when-empty brings back what a reset deleted, and an update saves it again', async () => {
    const store = freshStore();
    const options = { strategy: recoverWhenEmpty, ...past };
    const b = entriesOf('b');
    await saveSessionStore(store, entriesOf('a'), options);
    await saveSessionStore(store, b, options);
    await saveSessionStore(store, {}, options);
    expect(loadSessionStore(store, options)).toEqual(b);
    await updateSessionStore(store, (entries) => ({ ...entries, added: { sessionId: 'c', updatedAt: Date.now() } }), options);
    expect(Object.keys(JSON.parse(fs.readFileSync(store, 'utf8')))).toEqual([...Object.keys(b), 'added']);
  });
});

test.each([copyThenReplace, copyThenReplaceUnsynced])(
  '$name takes a failed read inside an update for an empty store, and saves the change alone',
  async (strategy) => {
    const store = freshStore();
    await saveSessionStore(store, entriesOf('a'), { strategy });
    const read = fs.readFileSync;
    vi.spyOn(fs, 'readFileSync').mockImplementation(((path: string, ...rest: []) => {
      if (path === store) throw systemError('EMFILE');
      return read(path, ...rest);
    }) as typeof read);
    const added = { sessionId: 'added', updatedAt: Date.now() };
    await updateSessionStore(store, (entries) => ({ ...entries, added }), { strategy });
    vi.restoreAllMocks();
    expect(loadSessionStore(store, { strategy })).toEqual({ added });
  },
);

test('in-place writes into the live file: what has it open sees the change', async () => {
  const store = freshStore();
  const strategy = historical.find(({ name }) => name === 'in-place') ?? renameAway;
  await saveSessionStore(store, entriesOf('a'), { strategy });
  const { ino } = fs.statSync(store);
  await saveSessionStore(store, entriesOf('b'), { strategy });
  expect(fs.statSync(store).ino).toBe(ino);
});
