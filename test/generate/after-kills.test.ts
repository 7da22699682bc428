import { expect, test } from 'vitest';
import type { Tree } from '../../harness/domain/trace.ts';
import { historiesAfterKills } from '../../harness/generate/after-kills.ts';
import type { Execution } from '../../harness/generate/executions.ts';
import { encodeHistory } from '../../harness/generate/history.ts';

const [before, first, second, after]: readonly Tree[] = Array.from({ length: 4 }, () => new Map());

/** The second save begins after op 2, and changes the directory by its ops 2, 4 and 5. */
const execution = {
  trace: { trees: [before, before, before, before, first, first, second, after] },
  calls: [
    { from: 0, until: 2 },
    { from: 2, until: 7 },
  ],
} as unknown as Execution;

test('a process is killed where its save has changed the directory, and the next one saves the same or another value', () => {
  expect(historiesAfterKills(execution, 9).map(encodeHistory)).toEqual(['s1.s2.c2.s2', 's1.s2.c2.s3', 's1.s2.c4.s2', 's1.s2.c4.s3']);
  expect(historiesAfterKills(execution, 1).map(encodeHistory)).toEqual(['s1.s2.c2.s2', 's1.s2.c2.s3']);
  expect(historiesAfterKills({ ...execution, calls: [] }, 9)).toEqual([]);
});
