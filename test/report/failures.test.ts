import { expect, test } from 'vitest';
import { failureText } from '../../harness/report/failures.ts';
import { asExpected, failing, resultOf } from './fixture.ts';

test('what is as it should be has no text', () => {
  expect(failureText(asExpected)).toBeUndefined();
});

test('a broken claim has its cause, its shortest case and its replay, and nothing of known bugs', () => {
  const text = failureText(failing) ?? '';
  for (const cause of failing.causes) {
    if (cause.status === 'broken') expect(text.replace(/\s+/g, ' ')).toContain(cause.says);
    else expect(text).not.toContain(cause.says);
  }
  expect(text).toMatch(/^ {2}replay +crash-matrix replay /m);
  expect(text).not.toContain('known bugs, found as expected');
});

test('one cell has no line of counts', () => {
  const cell = { store: 'mine', scenario: 'replace', runs: 'o*2 E*1', status: 'broken' } as const;
  expect(failureText(resultOf([cell, { ...cell, scenario: 'update' }]))).toMatch(/^\d+ causes?, 2 cells\n/);
  expect(failureText(resultOf([cell]))).toMatch(/^1 {2}mine: /);
});

test('a cell that could not be shown says why', () => {
  const result = resultOf([
    { store: 'mine', scenario: 'replace', runs: 'o*2', status: 'broken', grade: 'inconclusive', reason: 'it differs from run to run' },
  ]);
  expect(failureText(result)).toContain('it differs from run to run');
});
