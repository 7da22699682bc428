import { expect, test } from 'vitest';
import { exitCodeOf } from '../../harness/cli/exit-code.ts';
import { HarnessError, InterruptedError, UnavailableError, UsageError } from '../../harness/domain/errors.ts';
import { WriteError } from '../../harness/machine/replace-file.ts';

test.each([
  [2, new UsageError('a mistake', 'what to do')],
  [3, new UnavailableError('not here')],
  [3, new WriteError('notes.ts could not be written: EROFS')],
  [4, new HarnessError('a contradiction')],
  [4, new TypeError('a bug')],
  [130, new InterruptedError('interrupted')],
])('exit code %i: %s', (code, error) => {
  const notes: string[] = [];
  const output = { columns: 80, colors: false, print: () => {}, note: (text: string) => void notes.push(text) };
  expect(exitCodeOf(error, output)).toBe(code);
  expect(notes[0]).toContain(error.message);
  expect(notes.join('\n').includes('    at ')).toBe(error instanceof TypeError); // a stack is for bugs
});
