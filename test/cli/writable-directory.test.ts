import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writableDirectory } from '../../harness/cli/writable-directory.ts';
import { UsageError } from '../../harness/domain/errors.ts';
import { freshDirectory } from '../lab/temporary.ts';

test('a directory is made, and nothing is left of the attempt to write', () => {
  const path = join(freshDirectory(), 'out/deep');
  expect(writableDirectory('--output-dir', path)).toBe(path);
  expect(readdirSync(path)).toEqual([]);
});

test('a file is none', () => {
  const path = join(freshDirectory(), 'file');
  writeFileSync(path, '');
  expect(() => writableDirectory('--keep', path)).toThrow(new UsageError(`--keep ${path}: nothing can be written there: it is a file`));
});

// The kernel says of a directory that is there that it is not.
test.runIf(existsSync('/proc/self'))('nor is a place in /proc', () => {
  expect(() => writableDirectory('--output-dir', '/proc/self/out')).toThrow('--output-dir /proc/self/out: nothing can be written there: ');
});
