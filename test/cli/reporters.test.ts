/** Which reports are made of what was asked for, in which order. */
import { expect, test } from 'vitest';
import { chosenReporters, NAMES_WITH_FILE, REPORTER_NAMES } from '../../harness/cli/reporters.ts';
import { REPORTERS } from '../../harness/report/all.ts';
import { failing } from '../report/fixture.ts';

const chosen = (...[reporter, outputDir]: [string[], string?]): string[] =>
  chosenReporters({ reporter, ...(outputDir !== undefined && { outputDir }) }).map(({ reporter: { name }, path }) =>
    path === undefined ? name : `${name} in ${path}`,
  );

test.each<[string, string[], string | undefined, string[]]>([
  ['nothing: the default', [], undefined, ['terminal']],
  ['one that prints its file', ['json'], undefined, ['json']],
  [
    'several: in the order of the list',
    ['markdown', 'json', 'terminal'],
    'out',
    ['terminal', 'json in out/crash-matrix.json', 'markdown in out/crash-matrix.md'],
  ],
  ['one twice: once', ['json', 'json'], 'out', ['json in out/crash-matrix.json']],
  ['a file by its name', ['terminal', 'markdown=reports/deep.md'], undefined, ['terminal', 'markdown in reports/deep.md']],
  ['and the others beside it', ['json', 'markdown=deep.md'], 'out', ['json in out/crash-matrix.json', 'markdown in deep.md']],
  ['a file with = in its name', ['json=a=b.json'], undefined, ['json in a=b.json']],
])('%s', (_, names, outputDir, expected) => {
  expect(chosen(names, outputDir)).toEqual(expected);
});

test('a reporter that only prints has no file', () => {
  expect(() => chosen(['terminal=out.txt'])).toThrow('the reporter terminal prints, and writes no file');
  expect(() => chosen(['json', 'markdown'])).toThrow('several reporters need --output-dir');
});

test('what can only print comes before every file', () => {
  const files = REPORTERS.map(({ file }) => file !== undefined);
  expect(files).toEqual(files.toSorted((one, other) => Number(one) - Number(other)));
  expect(NAMES_WITH_FILE).toEqual(REPORTER_NAMES.slice(-NAMES_WITH_FILE.length));
});

test('each has a name, a file and a text of its own', () => {
  const texts = REPORTERS.map(({ render }) => render(failing, { columns: 100, colors: false }));
  expect(new Set(texts).size).toBe(REPORTERS.length);
  expect(new Set(REPORTER_NAMES).size).toBe(REPORTERS.length);
  expect(new Set(REPORTERS.flatMap(({ file = [] }) => file)).size).toBe(NAMES_WITH_FILE.length);
});
