import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { storeArgument } from '../../harness/api/store-place.ts';

const PLACES = { from: '/project/test', cwd: '/project' };

test.each<[string, unknown, string]>([
  ['a relative path begins at the test', './notes.ts', './test/notes.ts'],
  ['without a dot too', 'notes.ts', './test/notes.ts'],
  ['upwards', '../src/notes.ts', './src/notes.ts'],
  ['an absolute path', '/project/src/notes.ts', './src/notes.ts'],
  ['elsewhere it stays absolute', '/elsewhere/notes.ts', '/elsewhere/notes.ts'],
  ['a directory that begins like two dots', '/project/..notes/a.ts', './..notes/a.ts'],
  ['a URL', pathToFileURL('/project/src/my notes.ts'), './src/my notes.ts'],
  ['a URL as text', 'file:///project/src/notes.ts', './src/notes.ts'],
  ['a built-in store', 'rename-away', 'rename-away'],
])('%s', (_, place, argument) => {
  expect(storeArgument(place, PLACES)).toBe(argument);
});

test.each<[string, unknown, string]>([
  ['a store itself', { save: () => {}, load: () => {} }, 'not as an object (with save, load)'],
  ['an empty object', {}, 'not as an object'],
  ['nothing', undefined, 'not as undefined'],
  ['a function', () => {}, 'not as a function'],
  ['an address', new URL('https://example.com/notes.ts'), 'a store is a file, and https://example.com/notes.ts is the address of none'],
])('%s is refused, with what to pass', (_, place, message) => {
  const refused = (): string => storeArgument(place, PLACES);
  expect(refused).toThrow(message);
  expect(refused).toThrow("Pass its path, as in './notes.ts'");
});
