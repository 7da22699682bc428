import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { forgetOwner, isAlive, type LockOwner, parseOwner } from './lock-owner.ts';
import { newTicket, placeTicket, readLock, type Ticket, writeTicket } from './lock-ticket.ts';
import { removeQuietly } from './remove-quietly.ts';

/**
 * The lock file: one process at a time; a dead process does not block the others.
 *
 * Taking      A ticket with the owner in it is linked to the lock's name. So a lock that is empty or torn can only have been
 *             left by a power cut, and is reclaimed at once, like that of a dead process.
 * Reclaiming  Two processes may find the same dead lock. Each must first take the *claim* on it, a lock whose name is derived
 *             from the dead lock's text, and then check the lock again: only then may it remove the lock. A claim whose owner
 *             has died is reclaimed in the same way.
 * Without links (FAT, some network drives) an unreadable lock may have a living owner that is about to write it, and is
 *             reclaimed only after `UNREADABLE_GRACE_MS`.
 */
export interface LockTimings {
  /** How long to wait for a living owner before giving up, in milliseconds. */
  readonly timeoutMs: number;
  /** How often to look, in milliseconds. */
  readonly pollMs: number;
}

/** `ownerDied`: the lock of a dead process had to be removed first. */
export interface HeldLock {
  readonly ownerDied: boolean;
}

type Attempt =
  | { readonly kind: 'taken'; readonly by: 'link' | 'open' }
  | { readonly kind: 'held'; readonly owner: LockOwner | undefined }
  | { readonly kind: 'released' }
  | { readonly kind: 'reclaimed' };

const UNREADABLE_GRACE_MS = 5_000;
const CLAIM = /\.[0-9a-f]{64}\.claim$/;

/**
 * Runs `task` while holding the lock file at `path` (which may be a claim), and settles as `task` does. Rejects with code
 * `ELOCKED` if a living owner keeps the lock longer than `timeoutMs`.
 */
export async function withLock<Result>(path: string, timings: LockTimings, task: (lock: HeldLock) => Promise<Result>): Promise<Result> {
  const ticket = newTicket(path.replace(CLAIM, ''));
  try {
    const lock = await take(path, ticket, timings);
    try {
      return await task(lock);
    } finally {
      // Tries twice, because others wait while this process lives. A lock that stays is reclaimed by this process or after its end.
      await fs.promises.unlink(path).catch(() => removeQuietly(path));
    }
  } finally {
    forgetOwner(ticket.owner);
  }
}

async function take(path: string, ticket: Ticket, { timeoutMs, pollMs }: LockTimings): Promise<HeldLock> {
  const start = performance.now();
  let ownerDied = false;
  try {
    await writeTicket(ticket);
    for (;;) {
      const attempt = await tryTake(path, ticket);
      if (attempt.kind === 'taken') return { ownerDied };
      if (attempt.kind === 'reclaimed') {
        ownerDied = true;
        continue;
      }
      if (performance.now() - start >= timeoutMs) throw lockedError(path, attempt.kind === 'held' ? attempt.owner : undefined, timeoutMs);
      await pause(pollMs);
    }
  } finally {
    await removeQuietly(ticket.file);
  }
}

async function tryTake(path: string, ticket: Ticket): Promise<Attempt> {
  const placed = await placeTicket(ticket, path);
  if (placed !== 'exists') return { kind: 'taken', by: placed };
  const text = await readLock(path);
  if (text === undefined) return { kind: 'released' };
  const owner = parseOwner(text);
  return owner !== undefined && isAlive(owner) ? { kind: 'held', owner } : reclaim(path, text, ticket);
}

/** Removes the lock at `path` if it still holds `text`, whose owner is dead or unreadable. */
async function reclaim(path: string, text: string, ticket: Ticket): Promise<Attempt> {
  const claim = claimPath(path, text);
  const claimed = await tryTake(claim, ticket);
  if (claimed.kind !== 'taken') return claimed;
  try {
    if ((await readLock(path)) !== text) return { kind: 'released' };
    if (parseOwner(text) === undefined && claimed.by === 'open' && !(await isOld(path))) return { kind: 'held', owner: undefined };
    await fs.promises.unlink(path);
    return { kind: 'reclaimed' };
  } finally {
    await removeQuietly(claim);
  }
}

/**
 * The path of the claim on a lock with this text. A claim on a claim is in the same directory, named in the same way. The hash
 * covers the name of the lock, because after a power cut a lock and the claim on it may both be empty.
 */
function claimPath(path: string, text: string): string {
  const hash = createHash('sha256')
    .update(`${basename(path)}\n${text}`)
    .digest('hex');
  return `${path.replace(CLAIM, '')}.${hash}.claim`;
}

async function isOld(path: string): Promise<boolean> {
  return Date.now() - (await fs.promises.stat(path)).mtimeMs > UNREADABLE_GRACE_MS;
}

function lockedError(path: string, owner: LockOwner | undefined, timeoutMs: number): Error {
  const holder = owner === undefined ? 'an unknown process' : `process ${owner.pid}`;
  const message = `${path} is held by ${holder}; gave up after ${timeoutMs} ms. If nothing uses the store, remove that file.`;
  return Object.assign(new Error(message), { code: 'ELOCKED' });
}
