/** The session store of `src/`, with one of its rotation designs, as a store under test. */
import { join } from 'node:path';
import { loadSessionStore, type SessionEntries, saveSessionStore, updateSessionStore } from '../../src/session-store.ts';
import type { Strategy } from '../../src/strategies/strategy.ts';
import type { ModuleStore } from '../domain/store.ts';

export function sessionStore(
  name: string,
  strategy: Strategy,
  itself: Pick<ModuleStore, 'claims' | 'knownBugs'>,
): ModuleStore<SessionEntries> {
  const options = { strategy, rotateBytes: 0 }; // every save over a file that is not empty rotates
  const file = (directory: string): string => join(directory, 'sessions.json');
  return {
    name,
    empty: {},
    ...itself,
    save: (directory, entries) => saveSessionStore(file(directory), entries, options),
    load: (directory) => loadSessionStore(file(directory), { strategy, skipCache: true }),
    update: (directory, change) => updateSessionStore(file(directory), change, options),
  };
}
