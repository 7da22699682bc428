import { expect, test } from 'vitest';
import { below } from '../../harness/domain/below.ts';

test.each([
  ['/data', '/data/sessions.json', 'sessions.json'],
  ['/data', '/data/a/b', 'a/b'],
  ['/data', '/data', ''],
  ['/data', '/data/..sessions.json', '..sessions.json'],
  ['/data', '/data/...', '...'],
  ['/data', '/', undefined],
  ['/data', '/database', undefined],
  ['/data', '/data/../else', undefined],
])('from %s, %s is %s', (directory, path, seen) => {
  expect(below(directory, path)).toBe(seen);
});
