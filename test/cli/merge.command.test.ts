/** A run that is shared out among three, and the report of all. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openPlace, TEN_LINES } from '../lab/command.ts';

const place = openPlace();
afterAll(() => place.close());

const CELLS = [
  '--store',
  './ten.cjs',
  '--scenario',
  'first-save,replace,save-twice',
  '--model',
  'process-kill,power-loss:xfs',
  '--depth',
  '1',
];
const read = (path: string): string => readFileSync(join(place.root, path), 'utf8');

test('three shards, merged, are the whole run, to the byte', async () => {
  place.write({ 'ten.cjs': TEN_LINES });
  const whole = await place.run(['run', ...CELLS, '--reporter', 'markdown=whole.md']);
  for (const shard of ['1/3', '2/3', '3/3'])
    await place.run(['run', ...CELLS, '--shard', shard, '--reporter', 'json', '--output-dir', `shard-${shard[0]}`]);
  const merged = await place.run(['merge', 'shard-3', 'shard-1', 'shard-2/crash-matrix.json', '--reporter', 'markdown=merged.md']);
  expect(merged).toMatchObject({ exitCode: 1, stderr: 'wrote merged.md' });
  expect(read('merged.md')).toBe(read('whole.md'));
  expect(whole.exitCode).toBe(1);

  const missing = await place.run(['merge', 'shard-3', 'shard-1']);
  expect(missing).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('not every shard is there: 2/3') });
});

test.each([
  ['no shard', ['run', ...CELLS, '--shard', '4/3'], 'It must be like 1/3, 2/3 or 3/3.'],
  ['a result that is cut off', ['merge', 'cut.json'], 'merge cut.json: it is cut off in line 1: '],
  ['JSON of another kind', ['merge', 'foreign.json'], 'merge foreign.json: it is JSON, but not a result of crash-matrix: it has no schema'],
  ['a directory without a result', ['merge', 'empty'], 'merge empty: there is no result in it'],
  ['what is not there', ['merge', 'none.json'], 'merge none.json: it cannot be read: ENOENT'],
])('%s is usage', async (_, args, message) => {
  place.write({ 'cut.json': '{"schema": "crash', 'foreign.json': '{"cells": []}' });
  mkdirSync(join(place.root, 'empty'), { recursive: true });
  const { exitCode, stderr } = await place.run(args);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});
