import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writableDirectory, writableFile } from '../../harness/cli/writable-destination.ts';
import { UsageError } from '../../harness/domain/errors.ts';
import { freshDirectory } from '../lab/temporary.ts';

test('a directory is made, and nothing is left of the attempt to write', () => {
  const path = join(freshDirectory(), 'out/deep');
  expect(writableDirectory('--output-dir', path)).toBe(path);
  expect(readdirSync(path)).toEqual([]);
});

test('refuses a file', () => {
  const path = join(freshDirectory(), 'file');
  writeFileSync(path, '');
  expect(() => writableDirectory('--keep', path)).toThrow(new UsageError(`--keep ${path}: nothing can be written there: it is a file`));
});

// The kernel says of a directory that is there that it is not.
test.runIf(existsSync('/proc/self'))('refuses a place in /proc', () => {
  expect(() => writableDirectory('--output-dir', '/proc/self/out')).toThrow('--output-dir /proc/self/out: nothing can be written there: ');
});

test('the directory of a file is made; a directory in place of the file is refused', () => {
  const path = join(freshDirectory(), 'out/deep/report.md');
  writableFile('--reporter', path);
  expect(readdirSync(join(path, '..'))).toEqual([]);
  mkdirSync(path);
  expect(() => writableFile('--reporter', path)).toThrow(
    new UsageError(`--reporter ${path}: it is a directory, and a file is to be written there`),
  );
});
