import { dirname, resolve } from 'node:path';
import { makeDirectory } from './directory.ts';
import { assertEntries, type SessionEntries } from './entries.ts';
import { loadCached } from './load-cache.ts';
import { DEFAULT_LIMITS, type MaintenanceLimits, maintain } from './maintenance.ts';
import { type HeldLock, type LockTimings, withLock } from './store-lock.ts';
import { inTurn } from './store-queue.ts';
import hardened from './strategies/hardened.ts';
import type { Strategy } from './strategies/strategy.ts';

/**
 * The session store of a chat gateway: one JSON file (`sessions.json`) that maps session keys to transcripts.
 *
 * Saves of one store happen one at a time: a queue within the process, the lock file `sessions.json.lock` between processes.
 * Past `rotateBytes` every save first keeps the live file as `sessions.json.bak.<time>`; rotation does not shrink the store.
 * The strategy decides how the file is replaced, rotated and read; the default is `hardened`.
 */
export type { SessionEntries } from './entries.ts';

/** A store larger than this is rotated by every save: 10 MiB. */
const DEFAULT_ROTATE_BYTES = 10 * 1024 * 1024;

const DEFAULT_LOCK: LockTimings = { timeoutMs: 10_000, pollMs: 25 };

export interface LoadOptions {
  /** Read the file even if it looks like the one that was loaded last. */
  readonly skipCache?: boolean;
  readonly strategy?: Strategy;
}

export interface LockOptions {
  readonly strategy?: Strategy;
  /** How long to wait for a living process that holds the lock, in milliseconds. Default: 10,000. */
  readonly lockTimeoutMs?: number;
  /** Interval at which the lock is polled, in milliseconds. Default: 25. */
  readonly lockPollMs?: number;
}

export interface SaveOptions extends LockOptions, Partial<MaintenanceLimits> {
  /** Rotate when the file is larger than this; 0 rotates with every save but the first. Default: 10 MiB. */
  readonly rotateBytes?: number;
  /** The time that maintenance takes for now, in milliseconds since the epoch. Default: now. */
  readonly now?: number;
}

/**
 * The entries stored at `storePath`; `{}` if there is no such file. Callers may modify the result.
 * Throws, with the reason as `cause`, if the file cannot be read or is not a store (the historical strategies return `{}`).
 */
export function loadSessionStore(storePath: string, { skipCache = false, strategy = hardened }: LoadOptions = {}): SessionEntries {
  const path = resolve(storePath);
  const load = () => strategy.load(path);
  return skipCache ? load() : loadCached(`${strategy.name} ${path}`, path, load);
}

/**
 * Replaces all entries. Maintenance removes those that are 30 days old, or more than 500. Callers must not modify the entries
 * before it settles. Once it resolves they are on disk; if it rejects, the store holds the old entries or the new ones.
 * Rejects with a TypeError if `entries` is not an object, with code `ELOCKED` if another process keeps the lock, or with the
 * system's error.
 */
export async function saveSessionStore(storePath: string, entries: SessionEntries, options: SaveOptions = {}): Promise<void> {
  assertEntries(entries);
  await whileLocked(resolve(storePath), options, (path, lock) => replaceEntries(path, entries, lock, options));
}

/**
 * Reads the store, applies `change`, and saves the result, with no other save in between. Resolves to the saved entries.
 * Rejects as `saveSessionStore` and `loadSessionStore` do, or with the error of `change`; then nothing is saved.
 */
export async function updateSessionStore(
  storePath: string,
  change: (entries: SessionEntries) => SessionEntries | Promise<SessionEntries>,
  options: SaveOptions = {},
): Promise<SessionEntries> {
  return whileLocked(resolve(storePath), options, async (path, lock) => {
    const entries = await change(loadSessionStore(path, { ...options, skipCache: true }));
    assertEntries(entries);
    return replaceEntries(path, entries, lock, options);
  });
}

/** Keeps the file as a backup if it is larger than `rotateBytes`. Resolves to whether it did. */
export async function rotateSessionFile(
  storePath: string,
  rotateBytes: number = DEFAULT_ROTATE_BYTES,
  options: LockOptions = {},
): Promise<boolean> {
  const { strategy = hardened } = options;
  return whileLocked(resolve(storePath), options, (path) => strategy.rotate(path, rotateBytes));
}

async function replaceEntries(
  storePath: string,
  entries: SessionEntries,
  { ownerDied }: HeldLock,
  options: SaveOptions,
): Promise<SessionEntries> {
  const { strategy = hardened, rotateBytes = DEFAULT_ROTATE_BYTES, now = Date.now() } = options;
  const { maxAgeMs = DEFAULT_LIMITS.maxAgeMs, maxEntries = DEFAULT_LIMITS.maxEntries } = options;
  const { kept, removed } = maintain(entries, { maxAgeMs, maxEntries }, now);
  await strategy.replace({
    storePath,
    entries: kept,
    removed,
    rotateBytes,
    lockPath: lockPathOf(storePath),
    lastOwnerDied: ownerDied,
  });
  return kept;
}

function whileLocked<Result>(
  storePath: string,
  { lockTimeoutMs = DEFAULT_LOCK.timeoutMs, lockPollMs = DEFAULT_LOCK.pollMs }: LockOptions,
  task: (storePath: string, lock: HeldLock) => Promise<Result>,
): Promise<Result> {
  return inTurn(storePath, async () => {
    await makeDirectory(dirname(storePath));
    const timings: LockTimings = { timeoutMs: lockTimeoutMs, pollMs: lockPollMs };
    return withLock(lockPathOf(storePath), timings, (lock) => task(storePath, lock));
  });
}

function lockPathOf(storePath: string): string {
  return `${storePath}.lock`;
}
