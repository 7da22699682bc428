/** What is said of a result or a baseline that cannot be read: which file, what is wrong and where, and what to do. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BASELINE, RESULT, readJsonFile } from '../../harness/cli/json-file.ts';
import { UsageError } from '../../harness/domain/errors.ts';
import { jsonReport } from '../../harness/report/json.ts';
import { freshDirectory } from '../lab/temporary.ts';
import { failing } from '../report/fixture.ts';

const text = jsonReport(failing);
const AGAIN = 'A run writes one: crash-matrix run --reporter json=crash-matrix.json';

function fileWith(content: string | Buffer): string {
  const path = join(freshDirectory(), 'file.json');
  writeFileSync(path, content);
  return path;
}

/** The message without the path, and the detail. */
function refused(path: string, kind: typeof RESULT | typeof BASELINE = RESULT): readonly [message: string, detail: string | undefined] {
  try {
    readJsonFile<typeof kind.schema>('merge', path, kind);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [error.message.replace(`merge ${path}: `, ''), error.detail];
  }
  throw new Error('it was read');
}

test('a result is read', () => {
  expect(readJsonFile('merge', fileWith(text), RESULT)).toEqual(failing);
});

test.each<[string, string, string | RegExp, string]>([
  ['nothing', '', 'it is empty', AGAIN],
  ['a result that is cut off', text.slice(0, 400), /^it is cut off in line \d+: /, AGAIN],
  ['another text', '<html></html>', /^it is no JSON, and so not a result of crash-matrix: /, AGAIN],
  ['one that something was written over', text.replace('"cells"', 'cells'), /^it is no JSON, and so not a result of crash-matrix: /, AGAIN],
  ['a list', '[1, 2]', 'it is JSON, but not a result of crash-matrix: it has no schema', AGAIN],
  ['null', 'null', 'it is JSON, but not a result of crash-matrix: it has no schema', AGAIN],
  ['other JSON', '{"schema": "other/1"}', 'it is JSON, but not a result of crash-matrix: its schema is "other/1"', AGAIN],
  [
    'a baseline',
    '{"schema": "crash-matrix-baseline/1", "causes": []}',
    'it is JSON, but not a result of crash-matrix: its schema is "crash-matrix-baseline/1"',
    AGAIN,
  ],
  [
    'a result of another version',
    text.replace('crash-matrix/1', 'crash-matrix/2').replace('"version": "0.1.0"', '"version": "3.0.0"'),
    'its schema is "crash-matrix/2", and this crash-matrix reads crash-matrix/1',
    'Read it with the crash-matrix that wrote it, 3.0.0, or make it again with this one.',
  ],
  ['a bad cell', text.replace('"grade": "durable"', '"grade": "good"'), /^at cells\[0\]\.grade: Invalid option/, AGAIN],
  ['a member that is missing', text.replace('"cells": [', '"cellars": ['), /^at causes\[0\]\.cells: Invalid input/, AGAIN],
])('%s is refused', (_, content, what, next) => {
  const [message, detail] = refused(fileWith(content));
  if (typeof what === 'string') expect(message).toBe(what);
  else expect(message).toMatch(what);
  expect(detail).toBe(next);
});

test('so is what cannot be read, and a baseline is told from a result', () => {
  expect(refused(join(freshDirectory(), 'none.json'))[0]).toMatch(/^it cannot be read: ENOENT/);
  expect(refused(freshDirectory())[0]).toMatch(/^it cannot be read: EISDIR/);
  expect(refused(fileWith(text), BASELINE)).toEqual([
    'it is JSON, but not a baseline of crash-matrix: its schema is "crash-matrix/1"',
    'Take it back from version control; or move it away, and --update-baseline makes a new one.',
  ]);
});
