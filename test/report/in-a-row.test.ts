/** More than two crashes in a row, in every report. */
import { expect, test } from 'vitest';
import type { CaseResult, CellResult } from '../../harness/domain/result.ts';
import { causesOf } from '../../harness/explain/causes.ts';
import { triedWords } from '../../harness/report/page/tried-words.ts';
import { stableCase } from '../../harness/report/stable.ts';
import { terminalReport } from '../../harness/report/terminal.ts';
import { resultOf } from './fixture.ts';

const crash = (index: number): NonNullable<CaseResult['again']> => ({
  after: { index, text: `rename value.${index} -> value` },
  lost: [`op ${index} write value 0..${index}`],
});

test('the terminal has a row for each crash, in their order', () => {
  const result = resultOf([{ store: 'a', scenario: 'replace', runs: 'o*2 E*1', status: 'broken' }]);
  const cases = result.cases.map((one) => ({ ...one, again: crash(3), further: [crash(5), crash(4)] }));
  const lines = terminalReport({ ...result, cases }, { colors: false, columns: 120 }).split('\n');
  const later = lines.filter((line) => line.includes('then, in recovery'));
  expect(later.map((line) => /after op \d/.exec(line)?.[0])).toEqual(['after op 3', 'after op 5', 'after op 4']);
});

test('of the cases of a cause, one with fewer crashes is plainer, wherever the first came', () => {
  const { cells, cases } = resultOf([{ store: 'a', scenario: 'replace', runs: 'o*2 E*2 o*2', status: 'broken' }]);
  const [first, second] = cases;
  if (first === undefined || second === undefined) throw new Error('there are two cases');
  const { blame } = second;
  const crashed = [
    { ...first, again: crash(3), further: [crash(5)] },
    { ...second, again: crash(3) },
  ].map((one) => ({ ...one, ...(blame && { blame }) }));
  expect(causesOf(cells, crashed)).toMatchObject([{ shortest: second.id }]);
});

test('a committed report shows each without what varies', () => {
  const [one] = resultOf([{ store: 'a', scenario: 'replace', runs: 'o*2 E*1' }]).cases;
  if (one === undefined) throw new Error('there is a case');
  const { again, further } = stableCase({ ...one, again: crash(3), further: [crash(5)] });
  expect([again, ...(further ?? [])].map((later) => later?.lost)).toEqual([['op 3 write value'], ['op 5 write value']]);
});

test.each([
  ['nothing-new', 'nothing new came'],
  ['crashes', 'something new came to the last'],
  ['limits', 'nothing new came, as far as the limits allow'],
] as const)('the page says how it ended: %s', (end, words) => {
  const levels = [{ crashes: 3, crashed: 4, of: 5, states: 60 }];
  const recoveries = { crashed: 2, of: 2, states: 30, deeper: { levels, end, after: 3 } };
  const [cell] = resultOf([{ store: 'a', scenario: 'replace', runs: 'o*3' }]).cells;
  const tried: CellResult['tried'] = { kind: 'kills', kills: 3, folded: 0, recoveries };
  expect(triedWords({ ...(cell as CellResult), tried })).toEqual(
    expect.arrayContaining([
      '2 of 2 recoveries crashed again, 30 states judged',
      '4 of 5 recoveries crashed again (crash 3), 60 states judged',
      `3 crashes in a row: ${words}`,
    ]),
  );
});
