/** The files that a scenario brings are read, or it is said why not. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UsageError } from '../../harness/domain/errors.ts';
import { withFiles } from '../../harness/store/fixture.ts';
import { freshDirectory } from '../lab/temporary.ts';

const planned = (directory: string) => ({ name: 'migrate', catches: 'x', before: [], steps: [], next: {}, files: { directory } });

function refusal(directory: string, base: string): { readonly message: string; readonly detail: string | undefined } {
  try {
    withFiles(planned(directory), base);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { message: error.message.replaceAll(base, '<base>'), detail: error.detail };
  }
  throw new Error('it was read');
}

test('files, directories and symlinks are read, relative to the file of the store', () => {
  const base = freshDirectory();
  mkdirSync(join(base, 'v1/deep'), { recursive: true });
  writeFileSync(join(base, 'v1/deep/notes'), 'old');
  symlinkSync('deep/notes', join(base, 'v1/link'));
  const { files } = withFiles(planned('./v1'), base);
  expect([...(files?.tree ?? [])].map(([path, { kind }]) => `${path} ${kind}`)).toEqual([
    'deep directory',
    'deep/notes file',
    'link symlink',
  ]);
  expect(withFiles({ name: 'x', catches: 'x', before: [], steps: [], next: {} }, base).files).toBeUndefined();
});

test('what cannot be copied is named, with what to do', async () => {
  const base = freshDirectory();
  mkdirSync(join(base, 'empty'));
  writeFileSync(join(base, 'file'), '');
  expect(refusal('./nowhere', base)).toEqual({
    message: 'scenario migrate: the directory of its files, <base>/nowhere, does not exist',
    detail: 'Name a directory that does, relative to the file of the store.',
  });
  expect(refusal('./file', base).message).toBe('scenario migrate: the directory of its files, <base>/file, is no directory');
  expect(refusal('./empty', base).message).toBe('scenario migrate: the directory of its files, <base>/empty, holds no file');
  const server = createServer().listen(join(base, 'empty/socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  expect(refusal('./empty', base)).toEqual({
    message: 'scenario migrate: the directory of its files, <base>/empty, holds socket, which is a device, a socket or a pipe',
    detail: 'Take it out: files, directories and symlinks can be copied.',
  });
  await new Promise((resolve) => server.close(resolve));
});
