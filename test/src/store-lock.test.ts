import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type LockOwner, processStart } from '../../src/lock-owner.ts';
import { withLock } from '../../src/store-lock.ts';
import { freshDirectory, systemError } from './fixtures.ts';

/** Above every pid that Linux, macOS or Windows hands out. */
const NO_SUCH_PID = 2 ** 31 - 1;
const AT_ONCE = { timeoutMs: 0, pollMs: 1 };
const PATIENT = { timeoutMs: 60_000, pollMs: 1 };

afterEach(() => vi.restoreAllMocks());

function lockPath(): string {
  return join(freshDirectory(), 'sessions.json.lock');
}

function ownerText(owner: Partial<LockOwner>): string {
  return `${JSON.stringify({ pid: NO_SUCH_PID, started: null, thread: 0, id: 'left-behind', ...owner })}\n`;
}

/** The parent process lives as long as the test does. */
const living = ownerText({ pid: process.ppid, started: processStart(process.ppid) ?? null });

test('holds its owner while the task runs, and is gone afterwards', async () => {
  const path = lockPath();
  const held = await withLock(path, AT_ONCE, async () => {
    expect(fs.readdirSync(dirname(path))).toEqual([basename(path)]);
    return JSON.parse(fs.readFileSync(path, 'utf8'));
  });
  expect(held).toMatchObject({ pid: process.pid, started: processStart(process.pid) ?? null });
  expect(fs.readdirSync(dirname(path))).toEqual([]);
});

test('is gone though its removal failed once', async () => {
  const path = lockPath();
  await withLock(path, AT_ONCE, async () => {
    vi.spyOn(fs.promises, 'unlink').mockRejectedValueOnce(systemError('EIO'));
  });
  expect(fs.readdirSync(dirname(path))).toEqual([]);
});

test('is gone after a task that failed, and the failure is passed on', async () => {
  const path = lockPath();
  await expect(withLock(path, AT_ONCE, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(fs.readdirSync(dirname(path))).toEqual([]);
});

describe('a lock left behind is reclaimed without a wait', () => {
  test.each([
    ['of a process that is gone', ownerText({})],
    ['of a process of another boot or start, whose pid lives again', ownerText({ pid: process.ppid, started: 'an-earlier-boot/1' })],
    [
      'of this process, which failed to remove it',
      ownerText({ pid: process.pid, started: processStart(process.pid) ?? null, thread: threadId }),
    ],
    ['of a program that notes the pid alone', JSON.stringify({ pid: NO_SUCH_PID })],
    ['that is empty', ''],
    ['that is half-written', living.slice(0, 20)],
    ['that was zeroed by a power cut', '\0'.repeat(64)],
    ['that holds no object', '7'],
    ['with a pid of no process', JSON.stringify({ pid: -1 })],
  ])('%s', async (_, text) => {
    const path = lockPath();
    fs.writeFileSync(path, text);
    expect(await withLock(path, AT_ONCE, async ({ ownerDied }) => ownerDied)).toBe(true);
    expect(fs.readdirSync(dirname(path))).toEqual([]);
  });

  test('whose reclaimer died as well, and the reclaimer of its claim', async () => {
    const path = lockPath();
    fs.writeFileSync(path, ownerText({ id: 'first' }));
    for (const id of ['second', 'third']) {
      // A reclaimer dies as soon as it holds its claim: the unlink that comes next never happens, nor does any other.
      const unlink = vi.spyOn(fs.promises, 'unlink').mockRejectedValue(systemError('EIO'));
      await expect(withLock(path, AT_ONCE, async () => {})).rejects.toThrow('EIO');
      unlink.mockRestore();
      for (const name of fs.readdirSync(dirname(path))) {
        const file = join(dirname(path), name);
        if (name.endsWith('.tmp')) fs.unlinkSync(file);
        else if (fs.readFileSync(file, 'utf8').includes(`"pid":${process.pid},`)) fs.writeFileSync(file, ownerText({ id }));
      }
    }
    expect(fs.readdirSync(dirname(path)).length).toBeGreaterThan(1);
    await withLock(path, AT_ONCE, async () => {});
    expect(fs.existsSync(path)).toBe(false);
  });
});

test('a power cut may empty a lock, the claim on it, and the claim on that: each is reclaimed', async () => {
  const path = lockPath();
  fs.writeFileSync(path, '');
  for (let cut = 1; cut <= 3; cut += 1) {
    const unlink = vi.spyOn(fs.promises, 'unlink').mockRejectedValue(systemError('EIO'));
    await expect(withLock(path, AT_ONCE, async () => {})).rejects.toThrow('EIO');
    unlink.mockRestore();
    for (const name of fs.readdirSync(dirname(path))) fs.truncateSync(join(dirname(path), name));
    expect(fs.readdirSync(dirname(path)).filter((name) => name.endsWith('.claim'))).toHaveLength(cut);
  }
  await withLock(path, AT_ONCE, async () => {});
  expect(fs.existsSync(path)).toBe(false);
});

describe('a lock that is held', () => {
  test('by a living process is respected, and the error says what to do', async () => {
    const path = lockPath();
    fs.writeFileSync(path, living);
    const failed = await withLock(path, AT_ONCE, async () => {}).catch((error) => error);
    expect(failed).toMatchObject({ code: 'ELOCKED' });
    expect(failed.message).toBe(
      `${path} is held by process ${process.ppid}; gave up after 0 ms. If nothing uses the store, remove that file.`,
    );
    expect(fs.readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  test('in this process by another caller is waited for', async () => {
    const path = lockPath();
    const seen: string[] = [];
    const task = (name: string) => async () => {
      seen.push(`${name} in`);
      await new Promise(setImmediate);
      seen.push(`${name} out`);
    };
    await Promise.all(['a', 'b', 'c'].map((name) => withLock(path, PATIENT, task(name))));
    for (let n = 0; n < seen.length; n += 2) expect(seen[n + 1]).toBe(seen[n]?.replace('in', 'out'));
    expect(seen).toHaveLength(6);
  });

  test('and cannot be read is not taken for a dead one', async () => {
    const path = lockPath();
    fs.writeFileSync(path, living);
    vi.spyOn(fs.promises, 'readFile').mockRejectedValue(systemError('EMFILE'));
    await expect(withLock(path, AT_ONCE, async () => {})).rejects.toThrow('EMFILE');
    expect(fs.readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  test('by its claimant alone: a reclaimer that comes late does not remove the new lock', async () => {
    const path = lockPath();
    fs.writeFileSync(path, ownerText({}));
    const readFile = fs.promises.readFile;
    let reads = 0;
    vi.spyOn(fs.promises, 'readFile').mockImplementation((async (...args: Parameters<typeof readFile>) => {
      const text = await readFile(...args);
      if (args[0] === path && ++reads === 1) fs.writeFileSync(path, living); // reclaimed by somebody else in between
      return text;
    }) as typeof readFile);
    await expect(withLock(path, AT_ONCE, async () => {})).rejects.toThrow(/gave up/);
    expect(fs.readFileSync(path, 'utf8')).toBe(living);
    expect(fs.readdirSync(dirname(path))).toEqual([basename(path)]);
  });
});

describe('where links are refused', () => {
  const refuseLinks = () => vi.spyOn(fs.promises, 'link').mockRejectedValue(systemError('EPERM'));

  test('the lock is created in place', async () => {
    refuseLinks();
    const path = lockPath();
    const text = await withLock(path, AT_ONCE, async () => fs.readFileSync(path, 'utf8'));
    expect(JSON.parse(text)).toMatchObject({ pid: process.pid });
    expect(fs.readdirSync(dirname(path))).toEqual([]);
  });

  test('a dead owner is still reclaimed at once', async () => {
    refuseLinks();
    const path = lockPath();
    fs.writeFileSync(path, ownerText({}));
    expect(await withLock(path, AT_ONCE, async ({ ownerDied }) => ownerDied)).toBe(true);
  });

  test('an empty lock may have an owner that is about to write it; an old one has not', async () => {
    refuseLinks();
    const path = lockPath();
    fs.writeFileSync(path, '');
    await expect(withLock(path, AT_ONCE, async () => {})).rejects.toMatchObject({ code: 'ELOCKED' });
    const before = Date.now() / 1000 - 60;
    fs.utimesSync(path, before, before);
    expect(await withLock(path, AT_ONCE, async ({ ownerDied }) => ownerDied)).toBe(true);
  });
});

test('other failures of link are passed on, and leave no ticket', async () => {
  vi.spyOn(fs.promises, 'link').mockRejectedValue(systemError('EIO'));
  const path = lockPath();
  await expect(withLock(path, AT_ONCE, async () => {})).rejects.toThrow('EIO');
  expect(fs.readdirSync(dirname(path))).toEqual([]);
});

test('a ticket that a clean-up removed is written again', async () => {
  const path = lockPath();
  const link = fs.promises.link;
  vi.spyOn(fs.promises, 'link').mockImplementationOnce(async (from, to) => {
    fs.unlinkSync(from);
    return link(from, to);
  });
  expect(await withLock(path, AT_ONCE, async () => fs.existsSync(path))).toBe(true);
});
