/** The harness's own writer, call by call. Crashes and failing calls are for the matrix: it is the store `result-writer`. */
import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { replaceFile, WriteError } from '../../harness/machine/replace-file.ts';
import { freshDirectory } from '../lab/temporary.ts';
import { systemError } from '../src/fixtures.ts';
import { callsOf, fileHandlePrototype } from '../src/fs-calls.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = freshDirectory();
  path = join(directory, 'sessions.json');
  fs.writeFileSync(path, 'old', { mode: 0o600 });
});
afterEach(() => vi.restoreAllMocks());

const left = (): { names: string[]; text: string } => ({ names: fs.readdirSync(directory), text: fs.readFileSync(path, 'utf8') });
const NEW = { names: ['sessions.json'], text: 'naïve 🜁' };
const OLD = { names: ['sessions.json'], text: 'old' };

async function sabotage<K extends 'write' | 'sync' | 'close'>(method: K, as: fs.promises.FileHandle[K]): Promise<void> {
  vi.spyOn(await fileHandlePrototype(), method).mockImplementation(as as never);
}

test('replaces a file, with its own permissions, and leaves what has it open alone', async () => {
  const reader = fs.openSync(path, 'r');
  await replaceFile(path, NEW.text);
  expect(left()).toEqual(NEW);
  expect(fs.statSync(path).mode & 0o777).toBe(0o644 & ~process.umask());
  expect(fs.readFileSync(reader, 'utf8')).toBe('old');
  fs.closeSync(reader);
});

test.each([
  ['no file', undefined, 'text'],
  ['a file, by nothing', 'old', ''],
  ['a short text, by a long one', 'old', 'x'.repeat(100_000)],
])('replaces %s', async (_, before, text) => {
  fs.rmSync(path);
  if (before !== undefined) fs.writeFileSync(path, before);
  await replaceFile(path, text);
  expect(left()).toEqual({ names: ['sessions.json'], text });
});

test('forces the file before its name, and the name before it resolves', async () => {
  expect(await callsOf(() => replaceFile(path, 'new'))).toEqual(['fsync file', 'rename temp live', 'fsync directory']);
});

test('goes on after a write that took only a part', async () => {
  const { write } = await fileHandlePrototype();
  await sabotage('write', function (this: fs.promises.FileHandle, bytes: Uint8Array, offset: number, length: number) {
    return (write as (...args: unknown[]) => unknown).call(this, bytes, offset, Math.min(3, length));
  } as never);
  await replaceFile(path, NEW.text);
  expect(left()).toEqual(NEW);
});

describe('rejects, keeps the old text and removes its temporary file when', () => {
  const refuse = (code: string) => () => Promise.reject(systemError(code));
  test.each<[string, string, () => unknown]>([
    ['writes take nothing', 'and then none', () => sabotage('write', (async () => ({ bytesWritten: 0 })) as never)],
    ['a write fails', 'ENOSPC', () => sabotage('write', refuse('ENOSPC') as never)],
    ['fsync fails', 'EIO', () => sabotage('sync', refuse('EIO'))],
    ['the rename fails', 'EPERM', () => vi.spyOn(fs.promises, 'rename').mockImplementation(refuse('EPERM'))],
  ])('%s', async (_, message, spoil) => {
    await spoil();
    const error: WriteError = await replaceFile(path, 'new').catch((reason) => reason);
    expect(error).toBeInstanceOf(WriteError);
    expect(error.message).toMatch(new RegExp(`^${path} could not be written: .*${message}`));
    expect(error.cause).toBeInstanceOf(Error);
    vi.restoreAllMocks();
    expect(left()).toEqual(OLD);
  });
});

test('rejects when the name cannot be forced to disk, and says that the file is there', async () => {
  const { sync } = await fileHandlePrototype();
  await sabotage('sync', async function (this: fs.promises.FileHandle) {
    if ((await this.stat()).isDirectory()) throw systemError('EIO');
    return sync.call(this);
  });
  await expect(replaceFile(path, NEW.text)).rejects.toThrow(/sessions\.json was written, but a power cut may take it back: .*EIO/);
  expect(left()).toEqual(NEW);
});

test('does not make a directory', async () => {
  await expect(replaceFile(join(directory, 'none/file'), 'new')).rejects.toThrow(/none\/file could not be written: ENOENT/);
});
