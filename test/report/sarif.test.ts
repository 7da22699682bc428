import schema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };
import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import type { Log, Run, Result as SarifResult } from 'sarif';
import { describe, expect, test } from 'vitest';
import { OUTCOMES } from '../../harness/domain/outcomes.ts';
import type { CaseResult, Result } from '../../harness/domain/result.ts';
import { causesOf } from '../../harness/explain/causes.ts';
import { sarifReport } from '../../harness/report/sarif.ts';
import { asExpected, failing, resultOf } from './fixture.ts';

// One of its patterns has a bracket too many, which the flag u refuses.
const ajv = new Ajv.default({ strict: false, allErrors: true, unicodeRegExp: false });
addFormats.default(ajv);
const validate = ajv.compile(schema);

/** The one run. Throws where the report is not valid by the schema. */
function runOf(result: Result): Run {
  const log = JSON.parse(sarifReport(result)) as Log;
  if (!validate(log)) throw new Error(JSON.stringify(validate.errors, null, 2));
  const [run, ...others] = log.runs;
  if (run === undefined || others.length > 0) throw new Error(`${log.runs.length} runs`);
  return run;
}

const resultsOf = (result: Result): SarifResult[] => runOf(result).results ?? [];
const notesOf = (result: Result): string[] =>
  (runOf(result).invocations?.[0]?.toolExecutionNotifications ?? []).map(({ message }) => message.text ?? '');

const withCases = (result: Result, change: (one: CaseResult, index: number) => CaseResult): Result => {
  const cases = result.cases.map(change);
  return { ...result, cases, causes: causesOf(result.cells, cases) };
};
/** One cause at one line of source. */
const one = (line = 41, more: Partial<CaseResult> = {}): Result =>
  withCases(resultOf([{ store: 'notes', scenario: 'replace', runs: 'o*1 E*2 n*1', status: 'broken' }]), (found) => ({
    ...found,
    blame: {
      mechanism: 'written-in-place',
      op: 'write notes.json',
      site: { file: 'src/notes.ts', line, column: 5, in: 'save', source: 'writeFileSync(path, text)' },
    },
    ...more,
  }));

test('the schema refuses what is not SARIF', () => {
  expect(validate({ version: '2.1.0', runs: [{}] })).toBe(false);
});

test.each([
  ['a run that fails', failing],
  ['a run as expected', asExpected],
  ['a run of nothing', resultOf([])],
])('%s is valid, and one run', (_, result) => {
  expect(runOf(result).tool.driver).toMatchObject({ name: 'crash-matrix', version: '0.1.0' });
});

test('a rule for each model and outcome that was found, with what it means', () => {
  const { results = [], tool } = runOf(failing);
  const rules = tool.driver.rules ?? [];
  expect(rules.map(({ id }) => id).sort()).toEqual([
    'process-kill/blocked',
    'process-kill/empty',
    'process-kill/stale',
    'process-kill/unreadable',
  ]);
  expect(rules.find(({ id }) => id.endsWith('empty'))?.help?.text).toContain(OUTCOMES.empty.meaning);
  for (const { ruleId, ruleIndex } of results) expect(rules[ruleIndex ?? -1]?.id).toBe(ruleId);
});

test('a result for each cause and rule, not for each case', () => {
  const [result, ...others] = resultsOf(one());
  expect(others).toEqual([]);
  expect(result).toMatchObject({
    ruleId: 'process-kill/empty',
    level: 'error',
    message: {
      text: [
        'notes: src/notes.ts:41 writes the file that load reads in place.',
        'Leaves empty (nothing, though something had been saved) under process-kill, in 1 cell.',
        'To mend it: write a temporary file, fsync it, rename it over the file, fsync the directory.',
        'Replay: crash-matrix replay notes/replace/process-kill@1',
      ].join('\n'),
    },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: 'src/notes.ts', uriBaseId: '%SRCROOT%' },
          region: { startLine: 41, startColumn: 5, snippet: { text: 'writeFileSync(path, text)' } },
        },
        logicalLocations: [{ name: 'save' }],
      },
    ],
  });
});

test('a cause is a result under each rule that a case of it has, and under no other', () => {
  const cells = [
    { store: 'notes', scenario: 'replace', runs: 'o*1 E*2 n*1', status: 'broken' },
    { store: 'notes', scenario: 'replace', model: 'power-loss', runs: 'o*1 U*2 n*1', status: 'broken' },
  ] as const;
  const found = withCases(resultOf(cells), (some) => ({ ...some, blame: { mechanism: 'not-forced', op: 'write notes.json' } }));
  expect(found.causes).toHaveLength(1);
  expect(resultsOf(found).map(({ ruleId }) => ruleId)).toEqual(['process-kill/empty', 'power-loss/unreadable']);
});

test('known and shown causes are notes', () => {
  expect(new Set(resultsOf(asExpected).map(({ level }) => level))).toEqual(new Set(['note']));
  expect(new Set(resultsOf(failing).map(({ level }) => level))).toEqual(new Set(['note', 'error']));
});

test('the fingerprint is of the cause: no line, no boundary', () => {
  const [first] = resultsOf(one(41));
  const [moved] = resultsOf(one(57));
  expect(moved?.locations?.[0]?.physicalLocation?.region?.startLine).toBe(57);
  expect(moved?.partialFingerprints).toEqual(first?.partialFingerprints);
  expect(Object.values(first?.partialFingerprints ?? {})).toEqual([one().causes[0]?.id]);
});

test('a flow has the ops whose lines are known', () => {
  const steps = (result: Result): (string | undefined)[] =>
    resultsOf(result)[0]?.codeFlows?.[0]?.threadFlows[0]?.locations.map(({ location }) => location?.message?.text) ?? [];
  expect(steps(one())).toEqual([
    'begins with write notes.json',
    'has happened: mkdir . 0777 failed: EEXIST',
    'is over after write sessions.json.lock 0..47',
  ]);
  const { blame } = one().cases[0] ?? {};
  const last = { index: 1, text: 'write notes.json 0..9' };
  expect(steps(one(41, { after: { ...last, ...(blame?.site && { site: blame.site }) }, until: { ...last, index: 2 } }))).toEqual([
    'has happened: write notes.json 0..9',
  ]);
});

describe('what has no place among the results is a notification', () => {
  test('cells that were not measured, and missed bugs', () => {
    expect(notesOf(failing)).toEqual([
      expect.stringMatching(/^mended: replace\/process-kill: known bug missed: /),
      'idle: replace/process-kill: the store never touched its directory',
    ]);
    expect(notesOf(asExpected)).toEqual([]);
  });

  test('causes without a line; those of a store in a file are shown at the file', () => {
    const nowhere = (rest: string): Result =>
      withCases(one(), ({ blame: _, after: __, until: ___, ...found }) => ({ ...found, replay: `crash-matrix replay ${found.id}${rest}` }));
    expect(notesOf(nowhere(''))).toEqual(['1 result without a location: no line of source is known']);
    expect(resultsOf(nowhere(''))[0]?.locations).toBeUndefined();
    const located = nowhere(` --store './my notes.ts'`);
    expect(notesOf(located)).toEqual([]);
    expect(resultsOf(located)[0]?.locations?.[0]?.physicalLocation).toEqual({
      artifactLocation: { uri: 'my%20notes.ts', uriBaseId: '%SRCROOT%' },
      region: { startLine: 1 },
    });
  });

  test('results beyond 5,000, of which those that break a claim stay', () => {
    const many = Array.from({ length: 5_003 }, (_, index) => index);
    const few = resultOf([
      { store: 'a', scenario: 'replace', runs: 'E*1 n*1' },
      { store: 'b', scenario: 'replace', runs: 'E*1 n*1', status: 'broken' },
    ]);
    const [known, broken] = few.cases;
    if (known === undefined || broken === undefined) throw new Error('no case');
    const cases = [...many.map((index) => ({ ...known, blame: { mechanism: 'blocks' as const, op: `unlink ${index}` } })), broken];
    const result = { ...few, cases, causes: causesOf(few.cells, cases) };
    expect(resultsOf(result)).toHaveLength(5_000);
    expect(resultsOf(result)[0]?.level).toBe('error');
    expect(notesOf(result)).toContain('4 of 5,004 results were left out: no more than 5,000 are shown');
  });
});

test('runs on other platforms and other versions of Node are other categories', () => {
  expect(runOf({ ...failing, platform: 'linux-x64' }).automationDetails?.id).toBe('crash-matrix/node20/linux-x64/');
  expect(runOf({ ...failing, node: 'v22.1.0', platform: 'darwin-arm64' }).automationDetails?.id).toBe('crash-matrix/node22/darwin-arm64/');
});

test.each([
  ['src/a b#1?.ts', 'src/a%20b%231%3F.ts'],
  ['/srv/app/é.ts', 'file:///srv/app/%C3%A9.ts'],
  ['C:\\app\\a.ts', 'file:///C%3A/app/a.ts'],
  ['src/\ud800.ts', 'src/%5Cu%7Bd800%7D.ts'],
])('the path %j is a URI', (file, uri) => {
  const found = withCases(one(), (some) => ({ ...some, blame: { mechanism: 'blocks', op: 'x', site: { file, line: 1, column: 1 } } }));
  expect(resultsOf(found)[0]?.locations?.[0]?.physicalLocation?.artifactLocation?.uri).toBe(uri);
});

test('whatever bytes a store puts into its texts, the report is valid', () => {
  const nasty = 'a\u0000\u001b[2J\ud800\n[x](y) {0}';
  const found = withCases(one(), (some) => ({ ...some, found: nasty, blame: { mechanism: 'blocks', op: nasty } }));
  expect(resultsOf(found)[0]?.message.text).toContain('a\\u{0}\\u{1b}[2J\\u{d800}\\n');
});
