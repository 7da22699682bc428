import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cacheDirectory, whyUnwritable } from '../../harness/cache/place.ts';
import { freshDirectory } from '../lab/temporary.ts';

test('cells are kept below the packages of the project, else below the cache of the user', () => {
  const root = freshDirectory();
  const inner = join(root, 'project/package/src');
  mkdirSync(inner, { recursive: true });
  writeFileSync(join(root, 'project/package/package.json'), '{}');
  expect(cacheDirectory(inner, { XDG_CACHE_HOME: '/var/cache/me' })).toBe('/var/cache/me/crash-matrix');
  expect(cacheDirectory(inner, { XDG_CACHE_HOME: 'relative' })).toBe(join(homedir(), '.cache/crash-matrix'));
  expect(cacheDirectory(inner, {})).toBe(join(homedir(), '.cache/crash-matrix'));
  // A workspace: packages lie beside the package.json further up.
  writeFileSync(join(root, 'project/package.json'), '{}');
  mkdirSync(join(root, 'project/node_modules'));
  expect(cacheDirectory(inner, {})).toBe(join(root, 'project/node_modules/.cache/crash-matrix'));
  mkdirSync(join(root, 'project/package/node_modules'));
  expect(cacheDirectory(inner, {})).toBe(join(root, 'project/package/node_modules/.cache/crash-matrix'));
});

test('where nothing can be kept, that is said before anything is written', () => {
  const root = freshDirectory();
  expect(whyUnwritable(join(root, 'not/there/yet'))).toBeUndefined();
  writeFileSync(join(root, 'file'), '');
  expect(whyUnwritable(join(root, 'file/cache'))).toBe(`${join(root, 'file')} is no directory`);
  if (process.getuid?.() === 0) return; // root may write everywhere
  mkdirSync(join(root, 'closed'), { mode: 0o500 });
  expect(whyUnwritable(join(root, 'closed/cache'))).toBe(`${join(root, 'closed')} may not be written to`);
});
