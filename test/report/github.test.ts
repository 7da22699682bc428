import { expect, test } from 'vitest';
import type { Cause, Result } from '../../harness/domain/result.ts';
import { githubReport } from '../../harness/report/github.ts';
import { asExpected, failing, resultOf } from './fixture.ts';

const CAUSE: Cause = {
  id: 'notes/blocks/0',
  store: 'notes',
  mechanism: 'blocks',
  op: 'write notes.json',
  site: { file: 'src/notes.ts', line: 41, column: 5 },
  says: 'src/notes.ts:41 writes the file that load reads in place',
  outcomes: ['empty', 'stale'],
  cells: ['notes/replace/process-kill'],
  worst: { 'process-kill': 'empty' },
  cases: 2,
  shortest: 'notes/replace/process-kill@1',
  status: 'broken',
  mend: { text: 'rename it', verified: true },
};
const withCauses = (...causes: Partial<Cause>[]): Result => ({
  ...resultOf([{ store: 'notes', scenario: 'replace', runs: 'o*1 E*2 n*1', status: 'broken' }]),
  causes: causes.map((more, index) => ({ ...CAUSE, id: `notes/blocks/${index}`, ...more })),
});
const linesOf = (result: Result): string[] => githubReport(result).split('\n').slice(0, -1);

test('a cause is an error at its line', () => {
  expect(githubReport(withCauses({}))).toBe(
    '::error file=src/notes.ts,line=41,col=5,title=notes%3A empty%2C stale::' +
      'src/notes.ts:41 writes the file that load reads in place%0Ain 1 cell%0Amended by: rename it%0A' +
      'crash-matrix replay notes/replace/process-kill@1\n',
  );
});

test('one without a line has none', () => {
  const { site: _, ...rest } = CAUSE;
  expect(githubReport({ ...withCauses(), causes: [rest] })).toMatch(/^::error title=notes%3A empty%2C stale::/);
});

test('text is escaped as GitHub reads it, and ends no line', () => {
  const [line, ...others] = linesOf(
    withCauses({ says: '100%\r\n::error::x, y: z', site: { file: 'a,b:c%\n.ts', line: 1, column: 1 }, store: 'n\u001b[2J\ud800' }),
  );
  expect(others).toEqual([]);
  expect(line).toContain('::error file=a%2Cb%3Ac%25\\n.ts,line=1,col=1,title=n\\u{1b}[2J\\u{d800}%3A empty%2C stale::');
  expect(line).toContain('::100%25\\u{d}\\n::error::x, y: z%0Ain 1 cell');
});

test('the worst comes first', () => {
  const titles = linesOf(withCauses({ outcomes: ['stale'] }, { outcomes: ['empty'] }, { outcomes: ['blocked'] }));
  expect(titles.map((line) => /title=notes%3A (\w+)/.exec(line)?.[1])).toEqual(['empty', 'stale', 'blocked']);
});

test('nothing is said of known causes and shown ones', () => {
  expect(githubReport(asExpected)).toBe('');
  expect(githubReport(withCauses({ status: 'known' }, { status: 'shown' }))).toBe('');
});

test('what fails the run without a cause is an error too', () => {
  const lines = linesOf(failing);
  expect(lines.at(-1)).toBe('::error title=idle%3A not shown::the store never touched its directory%0Ain replace/process-kill');
  expect(lines.at(-2)).toMatch(/^::error title=mended%3A known bug missed::known bug missed: known to be lossy here/);
});

test('ten errors are ten; of more, the tenth says how many', () => {
  const many = (count: number): string[] => linesOf(withCauses(...Array.from({ length: count }, () => ({}))));
  expect(many(10)).toHaveLength(10);
  expect(many(10).at(-1)).toContain('src/notes.ts');
  expect(many(25)).toHaveLength(10);
  expect(many(25).at(-1)).toBe('::error title=16 more::16 more of these: the job summary has them');
});
