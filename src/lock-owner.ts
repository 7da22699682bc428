import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { threadId } from 'node:worker_threads';

/**
 * Who holds a lock file, and whether that process is still alive.
 *
 * A pid alone is not enough: the kernel reuses pids, often at once in a container that restarts. So on Linux the owner
 * also records its boot and its start time (clock ticks since boot, /proc/<pid>/stat). Elsewhere a reused pid looks like
 * a living owner: a save then waits and fails, but never breaks a lock that is held.
 * All processes that share a store must see each other's pids (one pid namespace).
 */
export interface LockOwner {
  readonly pid: number;
  /** `<boot id>/<start in ticks>`, or null where the system does not report it. */
  readonly started: string | null;
  /** Worker threads share a pid, but not the set of held locks. */
  readonly thread: number;
  /** Unique for every request for the lock. */
  readonly id: string;
}

// On globalThis, so that two copies of this module in one process share it.
const HELD = Symbol.for('session-store.held-locks');
const shared = globalThis as typeof globalThis & { [HELD]?: Set<string> };
shared[HELD] ??= new Set<string>();
const held: Set<string> = shared[HELD];

let startedHere: string | null | undefined;

/** A new owner in this process. It counts as alive until `forgetOwner`. */
export function newOwner(): LockOwner {
  startedHere ??= processStart(process.pid) ?? null;
  const owner: LockOwner = { pid: process.pid, started: startedHere, thread: threadId, id: randomUUID() };
  held.add(owner.id);
  return owner;
}

export function forgetOwner(owner: LockOwner): void {
  held.delete(owner.id);
}

/** Undefined if the text does not name an owner: it is empty, half-written or foreign. */
export function parseOwner(text: string): LockOwner | undefined {
  try {
    const { pid, started, thread, id } = JSON.parse(text);
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return {
      pid,
      started: typeof started === 'string' ? started : null,
      thread: typeof thread === 'number' ? thread : 0,
      id: typeof id === 'string' ? id : '',
    };
  } catch {
    return undefined;
  }
}

/** False only if the owner cannot act any more; true in doubt. */
export function isAlive(owner: LockOwner): boolean {
  if (!processExists(owner.pid)) return false;
  const start = processStart(owner.pid);
  if (start === 'exited') return false;
  if (start !== undefined && owner.started !== null && owner.started !== start) return false;
  // This process: a lock that it does not hold was not removed by it, or by an earlier process with its pid.
  if (owner.pid === process.pid && owner.thread === threadId) return held.has(owner.id);
  return true;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'; // EPERM: it exists, and belongs to another user
  }
}

/**
 * When the process started; `exited` for a zombie; undefined where the system does not report it.
 * @internal
 */
export function processStart(pid: number): string | 'exited' | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything; the third is the state, the 22nd the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return 'exited';
    return `${boot}/${fields[19]}`;
  } catch {
    return undefined;
  }
}
