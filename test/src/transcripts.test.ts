import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { setAsideTranscripts } from '../../src/transcripts.ts';
import { freshDirectory } from './fixtures.ts';

test.each([
  ['its id', { sessionId: 'a' }, true],
  ['a relative file', { sessionId: 'x', sessionFile: 'a.jsonl' }, true],
  ['an id that is a path', { sessionId: '../a' }, false],
  ['a file outside the directory', { sessionId: 'x', sessionFile: '../outside.jsonl' }, false],
  ['a file that is no transcript', { sessionId: 'a', sessionFile: 'sessions.json' }, false],
  ['no id', {}, false],
])('the transcript named by %s', async (_, entry, moved) => {
  const directory = join(freshDirectory(), 'inner');
  fs.mkdirSync(directory);
  const files = [join(directory, 'a.jsonl'), join(directory, 'sessions.json'), join(dirname(directory), 'outside.jsonl')];
  for (const file of files) fs.writeFileSync(file, '');
  await setAsideTranscripts(join(directory, 'sessions.json'), [entry as never, null as never], {});
  expect(files.map((file) => fs.existsSync(file))).toEqual([!moved, true, true]);
});

test('one that is missing is passed over', async () => {
  const store = join(freshDirectory(), 'sessions.json');
  await expect(setAsideTranscripts(store, [{ sessionId: 'a', updatedAt: 0 }], {})).resolves.toBeUndefined();
});
