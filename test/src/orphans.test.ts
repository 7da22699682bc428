import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { processStart } from '../../src/lock-owner.ts';
import { saveSessionStore } from '../../src/session-store.ts';
import hardened from '../../src/strategies/hardened.ts';
import { entriesOf, freshStore, historical, namesBeside } from './fixtures.ts';

const dead = JSON.stringify({ pid: 2 ** 31 - 1 });
const living = JSON.stringify({ pid: process.ppid, started: processStart(process.ppid) ?? null });

function leaveBehind(store: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(join(dirname(store), name), text);
}

const claim = `sessions.json.lock.${'0'.repeat(64)}.claim`;

test.each([
  ['a temp file of the store', `sessions.json.${randomUUID()}.tmp`, '{', 'removed'],
  ['the ticket of a dead process', `sessions.json.lock.${randomUUID()}.tmp`, dead, 'removed'],
  ['a ticket that was never written', `sessions.json.lock.${randomUUID()}.tmp`, '', 'removed'],
  ['the ticket of a living process', `sessions.json.lock.${randomUUID()}.tmp`, living, 'kept'],
  ['the claim of a dead process', claim, dead, 'removed'],
  ['the claim of a living process', claim, living, 'kept'],
  ['a temp file of another store', `sessions.json5.${randomUUID()}.tmp`, '{', 'kept'],
  ['a file with a name like one', 'sessions.json.mine.tmp', '{', 'kept'],
  ['a backup', 'sessions.json.bak.1700000000000', '{', 'kept'],
])('hardened: %s', async (_, name, text, fate) => {
  const store = freshStore();
  leaveBehind(store, { [name]: text });
  await saveSessionStore(store, entriesOf('a'));
  expect(namesBeside(store)).toEqual(fate === 'kept' ? ['sessions.json', name].sort() : ['sessions.json']);
});

test('hardened looks again after a process died, not at every save', async () => {
  const store = freshStore();
  await saveSessionStore(store, entriesOf('a'));
  const orphan = `sessions.json.${randomUUID()}.tmp`;
  leaveBehind(store, { [orphan]: '{' });
  await saveSessionStore(store, entriesOf('b'));
  expect(namesBeside(store)).toContain(orphan);
  leaveBehind(store, { 'sessions.json.lock': dead });
  await saveSessionStore(store, entriesOf('c'), { strategy: hardened });
  expect(namesBeside(store)).toEqual(['sessions.json']);
});

test.each(historical)('$name lets them pile up', async (strategy) => {
  const store = freshStore();
  const orphan = `sessions.json.${randomUUID()}.tmp`;
  leaveBehind(store, { [orphan]: '{' });
  await saveSessionStore(store, entriesOf('a'), { strategy });
  expect(namesBeside(store)).toContain(orphan);
});
