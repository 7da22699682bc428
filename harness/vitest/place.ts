/** Where a store stands that a test names. */
import { dirname } from 'node:path';
import { expect } from 'vitest';
import { storeArgument } from '../api/store-place.ts';

/** Relative paths begin at the test file; the answer is relative to the working directory, as `crash-matrix replay` takes it there. */
export function storeFromTest(place: unknown): string {
  const cwd = process.cwd();
  const { testPath } = expect.getState();
  return storeArgument(place, { from: testPath === undefined ? cwd : dirname(testPath), cwd });
}
