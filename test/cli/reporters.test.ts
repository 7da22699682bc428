/** Which reports are made of what was asked for, in which order. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { chosenReporters, report } from '../../harness/cli/reporters.ts';
import { UnavailableError } from '../../harness/domain/errors.ts';
import type { Result } from '../../harness/domain/result.ts';
import { REPORTERS } from '../../harness/report/all.ts';
import { freshDirectory } from '../lab/temporary.ts';
import { asExpected, failing } from '../report/fixture.ts';
import { fileHandlePrototype } from '../src/fs-calls.ts';

const NAMES = REPORTERS.map(({ name }) => name);

const chosen = (...[reporter, outputDir]: [string[], string?]): string[] =>
  chosenReporters({ reporter, ...(outputDir !== undefined && { outputDir }) }).map(({ reporter: { name }, path }) =>
    path === undefined ? name : `${name} in ${path}`,
  );

test.each<[string, string[], string | undefined, string[]]>([
  ['nothing: the default', [], undefined, ['terminal']],
  ['one that prints its file', ['json'], undefined, ['json']],
  ['several that have no file', ['agent', 'terminal'], undefined, ['terminal', 'agent']],
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
  expect(() => chosen(['terminal', 'json'])).toThrow('several reporters need --output-dir');
});

test('a file is named, and so is what --output-dir holds', () => {
  expect(() => chosen(['json='])).toThrow('--reporter json= names no file');
  expect(() => chosen(['json=a.json', 'markdown=b.md'], 'out')).toThrow('--output-dir has nothing to hold');
  expect(() => chosen(['terminal'], 'out')).toThrow('--output-dir has nothing to hold');
});

test('what can only print comes before every file', () => {
  const files = REPORTERS.map(({ file }) => file !== undefined);
  expect(files).toEqual(files.toSorted((one, other) => Number(one) - Number(other)));
});

test('each has a name, a file and a text of its own', () => {
  const texts = REPORTERS.map(({ render }) => render(failing, { columns: 100, colors: false }));
  expect(new Set(texts).size).toBe(REPORTERS.length);
  expect(new Set(NAMES).size).toBe(REPORTERS.length);
  const files = REPORTERS.flatMap(({ file = [] }) => file);
  expect(new Set(files).size).toBe(files.length);
});

/** Makes reports, and returns what was printed and noted. */
async function reported(
  reporter: readonly string[],
  outputDir?: string,
  { result = failing, jobSummary }: { result?: Result; jobSummary?: string } = {},
): Promise<{ readonly printed: string; readonly noted: string }> {
  const [printed, noted]: [string[], string[]] = [[], []];
  const output = { columns: 100, colors: false, print: (text: string) => printed.push(text), note: (text: string) => noted.push(text) };
  for (const one of chosenReporters({ reporter, ...(outputDir !== undefined && { outputDir }) }))
    await report(one, result, output, jobSummary);
  return { printed: printed.join('\n'), noted: noted.join('\n') };
}

test('files are written beside each other, and named; what has no file is printed', async () => {
  const outputDir = freshDirectory();
  const { printed, noted } = await reported(NAMES, outputDir);
  const files = REPORTERS.flatMap(({ file }) => file ?? []);
  expect(readdirSync(outputDir).sort()).toEqual(files.toSorted());
  expect(noted.split('\n')).toEqual(files.map((file) => `wrote ${join(outputDir, file)}`));
  expect(printed).toContain('claims broken');
});

test('a file that cannot be written is an error with its name', async () => {
  const outputDir = freshDirectory();
  mkdirSync(join(outputDir, 'crash-matrix.json'));
  const error: unknown = await reported(['json'], outputDir).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UnavailableError);
  expect((error as Error).message).toMatch(/crash-matrix\.json could not be written: EISDIR/);
});

test('a disk that fills up while a report is written leaves the one before it, and no other file', async () => {
  const outputDir = freshDirectory();
  await reported(['json', 'html'], outputDir);
  const files = (): string[] => readdirSync(outputDir).map((file) => `${file}: ${readFileSync(join(outputDir, file), 'utf8')}`);
  const before = files();
  vi.spyOn(await fileHandlePrototype(), 'write').mockImplementation((async () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }) as never);
  const error: unknown = await reported(['json', 'html'], outputDir, { result: asExpected }).catch((thrown: unknown) => thrown);
  vi.restoreAllMocks();
  expect(error).toBeInstanceOf(UnavailableError);
  expect((error as Error).message).toMatch(/crash-matrix\.json could not be written: ENOSPC/);
  expect(files()).toEqual(before);
});

describe('the summary of a job', () => {
  const inFresh = (): string => join(freshDirectory(), 'summary.md');

  test('is added to what is there, and the annotations are printed', async () => {
    const jobSummary = inFresh();
    writeFileSync(jobSummary, '# Before');
    const { printed, noted } = await reported(['github'], undefined, { jobSummary });
    expect(readFileSync(jobSummary, 'utf8')).toMatch(/^# Before\n# Crash matrix\n/);
    expect(printed).toMatch(/^::error /);
    expect(noted).toBe('');
  });

  test.each(['', undefined])('is left out where no file is named: %j', async (jobSummary) => {
    const { noted } = await reported(['github'], undefined, jobSummary === undefined ? {} : { jobSummary });
    expect(noted).toBe('');
  });

  test('is no matter of other reporters', async () => {
    const jobSummary = inFresh();
    await reported(['terminal'], undefined, { jobSummary });
    expect(() => readFileSync(jobSummary)).toThrow('ENOENT');
  });

  test('that cannot be written is one line of warning', async () => {
    const { printed, noted } = await reported(['github'], undefined, { jobSummary: freshDirectory() });
    expect(noted).toMatch(/^nothing was added to the job summary: EISDIR[^\n]*$/);
    expect(printed).toMatch(/^::error /);
  });

  test('that is full stays as it is, with a warning', async () => {
    const jobSummary = inFresh();
    writeFileSync(jobSummary, 'x'.repeat(1_000_000));
    const { noted } = await reported(['github'], undefined, { jobSummary });
    expect(noted).toBe('nothing was added to the job summary: it has 1,000,000 bytes already, and holds no more');
    expect(readFileSync(jobSummary)).toHaveLength(1_000_000);
  });

  test('stands alone where nothing is to be annotated: not even an empty line is printed', async () => {
    const jobSummary = inFresh();
    const { printed } = await reported(['github'], undefined, { jobSummary, result: asExpected });
    expect(printed).toBe('');
    expect(readFileSync(jobSummary, 'utf8')).toContain('Every claim was kept');
  });
});
