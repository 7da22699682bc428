import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SessionEntries } from '../../src/entries.ts';
import copyThenReplace from '../../src/strategies/copy-then-replace.ts';
import copyThenReplaceUnsynced from '../../src/strategies/copy-then-replace-unsynced.ts';
import hardened from '../../src/strategies/hardened.ts';
import inPlace from '../../src/strategies/in-place.ts';
import placeholderAfterRename from '../../src/strategies/placeholder-after-rename.ts';
import placeholderFirst from '../../src/strategies/placeholder-first.ts';
import recoverWhenEmpty from '../../src/strategies/recover-when-empty.ts';
import recoverWhenMissing from '../../src/strategies/recover-when-missing.ts';
import renameAway from '../../src/strategies/rename-away.ts';

export const historical = [
  renameAway,
  placeholderFirst,
  placeholderAfterRename,
  recoverWhenMissing,
  recoverWhenEmpty,
  copyThenReplace,
  copyThenReplaceUnsynced,
  inPlace,
];

export const strategies = [...historical, hardened];

/** A fresh directory, removed when the test ends. */
export function freshDirectory(): string {
  const directory = fs.mkdtempSync(join(tmpdir(), 'session-store-'));
  onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The path of a store that does not exist yet, in a directory of its own. */
export function freshStore(): string {
  return join(freshDirectory(), 'sessions.json');
}

/** Two sessions that differ by `letter`, updated just now. */
export function entriesOf(letter: string): SessionEntries {
  const updatedAt = Date.now();
  return {
    'agent:main:main': { sessionId: `${letter}-1`, updatedAt, channel: 'web' },
    'agent:main:telegram:group:-100123:topic:1': { sessionId: `${letter}-2`, updatedAt, lastTo: letter },
  };
}

/** Names in the store's directory, sorted. */
export function namesBeside(storePath: string): string[] {
  return fs.readdirSync(join(storePath, '..')).sort();
}

export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made by a test`), { code });
}

/** Runs the rest of the test as if on another platform. */
export function pretendPlatform(platform: NodeJS.Platform): void {
  const real = Object.getOwnPropertyDescriptor(process, 'platform');
  Object.defineProperty(process, 'platform', { ...real, value: platform });
  onTestFinished(() => {
    if (real !== undefined) Object.defineProperty(process, 'platform', real);
  });
}
