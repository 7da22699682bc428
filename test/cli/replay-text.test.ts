/** The command that replays a case works where it is pasted. */
import { expect, test } from 'vitest';
import { type ReplayOf, replayText } from '../../harness/cli/replay-text.ts';

const nothing: ReplayOf = { file: undefined, recorder: undefined, seed: 0, states: 100 };

test.each<[string, string, Partial<ReplayOf>, string]>([
  ['a built-in store', 'a/b/process-kill@1', {}, 'a/b/process-kill@1'],
  ['a file', 'a/b/process-kill@1', { file: './a.cjs' }, 'a/b/process-kill@1 --store ./a.cjs'],
  ['a file with a space in its name', 'a/b/process-kill@1', { file: './my notes.cjs' }, `a/b/process-kill@1 --store './my notes.cjs'`],
  ['a file with a quote in its name', 'a/b/process-kill@1', { file: `it's.cjs` }, `a/b/process-kill@1 --store 'it'\\''s.cjs'`],
  ['a recorder that was asked for', 'a/b/process-kill@1', { recorder: 'binding' }, 'a/b/process-kill@1 --recorder binding'],
  ['what a tree was drawn by', 'a/b/power-loss:xfs@1~tree=0123456789abcdef', { seed: 7 }, expect.stringMatching(/ --seed 7 --states 100$/)],
])('it names %s', (_, id, more, expected) => {
  const found = replayText(id, { ...nothing, ...more });
  expect(found).toMatch(/^crash-matrix replay /);
  expect(found.replace('crash-matrix replay ', '')).toEqual(expected);
});
