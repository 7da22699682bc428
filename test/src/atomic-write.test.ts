import fs from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { writeTextAtomic } from '../../src/atomic-write.ts';
import { replaceDurably } from '../../src/durable-write.ts';
import { freshStore, namesBeside, pretendPlatform, systemError } from './fixtures.ts';
import { fileHandlePrototype } from './fs-calls.ts';

afterEach(() => vi.restoreAllMocks());

const writers = [
  { name: 'writeTextAtomic', write: writeTextAtomic },
  { name: 'replaceDurably', write: replaceDurably },
];

/** Makes fsync fail for directories, or for files. */
async function failSync(of: 'directory' | 'file', code: string): Promise<void> {
  const prototype = await fileHandlePrototype();
  const sync = prototype.sync;
  vi.spyOn(prototype, 'sync').mockImplementation(async function (this: fs.promises.FileHandle) {
    if ((await this.stat()).isDirectory() === (of === 'directory')) throw systemError(code);
    return sync.call(this);
  });
}

describe.each(writers)('$name', ({ write }) => {
  test.each([
    ['a new file', undefined],
    ['an empty file', ''],
    ['a longer text', 'x'.repeat(100_000)],
  ])('replaces %s and leaves no temp file', async (_, before) => {
    const path = freshStore();
    if (before !== undefined) fs.writeFileSync(path, before);
    await write(path, 'naïve 🜁');
    expect(fs.readFileSync(path, 'utf8')).toBe('naïve 🜁');
    expect(namesBeside(path)).toEqual(['sessions.json']);
  });

  test.each([
    ['by default', {}, 0o600],
    ['as asked', { mode: 0o640 }, 0o640],
  ])('sets the permissions %s, whatever they were', async (_, options, mode) => {
    const path = freshStore();
    fs.writeFileSync(path, 'old', { mode: 0o644 });
    await write(path, 'new', options);
    expect(fs.statSync(path).mode & 0o777).toBe(mode);
  });

  test('never writes into the live file: what has it open keeps the old text', async () => {
    const path = freshStore();
    fs.writeFileSync(path, 'old');
    const reader = fs.openSync(path, 'r');
    await write(path, 'new');
    expect(fs.readFileSync(reader, 'utf8')).toBe('old');
    fs.closeSync(reader);
  });

  test('rejects, keeps the old text and removes its temp file when the file cannot be synced', async () => {
    const path = freshStore();
    fs.writeFileSync(path, 'old');
    await failSync('file', 'EIO');
    await expect(write(path, 'new')).rejects.toThrow('EIO');
    expect(fs.readFileSync(path, 'utf8')).toBe('old');
    expect(namesBeside(path)).toEqual(['sessions.json']);
  });

  test('rejects, keeps the old text and removes its temp file when the rename fails', async () => {
    const path = freshStore();
    fs.writeFileSync(path, 'old');
    vi.spyOn(fs.promises, 'rename').mockRejectedValue(systemError('EPERM'));
    await expect(write(path, 'new')).rejects.toThrow('EPERM');
    expect(fs.readFileSync(path, 'utf8')).toBe('old');
    expect(namesBeside(path)).toEqual(['sessions.json']);
  });

  test('rejects when the directory is missing', async () => {
    const path = freshStore();
    fs.rmdirSync(dirname(path));
    await expect(write(path, 'new')).rejects.toThrow('ENOENT');
  });
});

describe('a directory that cannot be synced', () => {
  test.each([
    { name: 'writeTextAtomic', write: writeTextAtomic, platform: 'linux', code: 'EIO', outcome: 'resolves' },
    { name: 'replaceDurably', write: replaceDurably, platform: 'linux', code: 'EIO', outcome: 'rejects' },
    { name: 'replaceDurably', write: replaceDurably, platform: 'linux', code: 'EPERM', outcome: 'rejects' },
    { name: 'replaceDurably', write: replaceDurably, platform: 'win32', code: 'EPERM', outcome: 'resolves' },
    { name: 'replaceDurably', write: replaceDurably, platform: 'win32', code: 'EINVAL', outcome: 'resolves' },
    { name: 'replaceDurably', write: replaceDurably, platform: 'win32', code: 'EIO', outcome: 'rejects' },
  ] as const)('$name on $platform with $code: $outcome', async ({ write, platform, code, outcome }) => {
    const path = freshStore();
    pretendPlatform(platform);
    await failSync('directory', code);
    const settled = write(path, 'new').then(
      () => 'resolves',
      () => 'rejects',
    );
    expect(await settled).toBe(outcome);
  });

  test('is not tried by a write that syncs nothing', async () => {
    await failSync('directory', 'EIO');
    await failSync('file', 'EIO');
    await expect(writeTextAtomic(freshStore(), 'new', { sync: false })).resolves.toBeUndefined();
  });
});

describe('on Windows, a target that is open refuses the rename', () => {
  const refuse = (refusals: number) => {
    pretendPlatform('win32');
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((resume: () => void) => setImmediate(resume)) as never);
    const rename = vi.spyOn(fs.promises, 'rename');
    for (let n = 0; n < refusals; n++) rename.mockRejectedValueOnce(systemError('EPERM'));
    return rename;
  };

  test('writeTextAtomic copies over the live file', async () => {
    const path = freshStore();
    fs.writeFileSync(path, 'old');
    const { ino } = fs.statSync(path);
    refuse(1);
    await writeTextAtomic(path, 'new');
    expect(fs.readFileSync(path, 'utf8')).toBe('new');
    expect(fs.statSync(path).ino).toBe(ino);
    expect(namesBeside(path)).toEqual(['sessions.json']);
  });

  test('writeTextAtomic, if that is refused too, warns after 5 attempts and resolves: the save is lost', async () => {
    const path = freshStore();
    fs.writeFileSync(path, 'old');
    const rename = refuse(99);
    const copy = vi.spyOn(fs.promises, 'copyFile').mockRejectedValue(systemError('EBUSY'));
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await writeTextAtomic(path, 'new');
    expect(fs.readFileSync(path, 'utf8')).toBe('old');
    expect([rename.mock.calls.length, copy.mock.calls.length]).toEqual([5, 5]);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(`${path} was not saved`));
  });

  test.each([
    [4, 'resolves'],
    [5, 'rejects'],
  ])('replaceDurably after %i refusals %s, and never copies', async (refusals, outcome) => {
    const path = freshStore();
    fs.writeFileSync(path, 'old');
    refuse(refusals);
    const copy = vi.spyOn(fs.promises, 'copyFile');
    const settled = await replaceDurably(path, 'new').then(
      () => 'resolves',
      () => 'rejects',
    );
    expect(settled).toBe(outcome);
    expect(fs.readFileSync(path, 'utf8')).toBe(outcome === 'resolves' ? 'new' : 'old');
    expect(copy).not.toHaveBeenCalled();
  });
});
