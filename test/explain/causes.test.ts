import { describe, expect, test } from 'vitest';
import type { Mechanism } from '../../harness/domain/mechanisms.ts';
import type { CaseResult, Cause, CellMend, MissingBarrierLine, OpLine, SiteLine } from '../../harness/domain/result.ts';
import { causesOf } from '../../harness/explain/causes.ts';
import { cellAndCases } from '../report/fixture.ts';

const AT = { file: 'notes.ts', line: 4, column: 3, in: 'save', source: 'writeFileSync(file, text)' };

interface Parts {
  readonly scenario?: string;
  readonly model?: string;
  readonly mechanism?: Mechanism;
  readonly op?: string;
  readonly site?: SiteLine;
  readonly status?: 'broken' | 'shown' | 'known-bug';
  readonly more?: Partial<CaseResult>;
}

/** A cell with one violation. */
function violation({ scenario = 'replace', model = 'process-kill', status = 'broken', more = {}, ...parts }: Parts) {
  const { cell, cases } = cellAndCases({ store: 'notes', scenario, model, runs: 'o*1 E*1 n*1', status });
  const { mechanism, op = 'open value (write, create, truncate)', site } = parts;
  const [first] = cases;
  if (first === undefined) throw new Error('it has a violation');
  const { blame: _, after: __, until: ___, ...rest } = first;
  const one: CaseResult = { ...rest, ...(mechanism && { blame: { mechanism, op, ...(site && { site }) } }), ...more };
  return { cell, one };
}

function causes(...parts: readonly Parts[]): Cause[] {
  const all = parts.map(violation);
  return causesOf(
    all.map(({ cell }) => cell),
    all.map(({ one }) => one),
  );
}

const brief = (all: readonly Cause[]): string[] =>
  all.map(({ mechanism, site, cells }) => `${mechanism} ${site?.line ?? '-'} ${cells.length}`);

describe('violations are one cause', () => {
  test('at one line with one mechanism, in every scenario and model', () => {
    const all = causes(
      { mechanism: 'moved-away', site: AT },
      { mechanism: 'moved-away', site: AT, scenario: 'reset' },
      { mechanism: 'moved-away', site: AT, model: 'io-error' },
    );
    expect(brief(all)).toEqual(['moved-away 4 3']);
    expect(all[0]).toMatchObject({ says: 'notes.ts:4 moves the only good copy away before the next one is in its place', cases: 3 });
  });

  test('at a line that a mechanism explains whole', () => {
    expect(brief(causes({ mechanism: 'not-forced', site: AT }, { mechanism: 'written-in-place', site: AT, scenario: 'reset' }))).toEqual([
      'written-in-place 4 2',
    ]);
  });

  test('of the same op without a line, as a schedule has it', () => {
    const all = causes(
      { mechanism: 'written-in-place', site: AT },
      { mechanism: 'written-in-place', model: 'interleaving', scenario: 'two-savers' },
    );
    expect(brief(all)).toEqual(['written-in-place 4 2']);
  });

  test('wherever in a store load does not return what was saved', () => {
    const all = causes(
      { mechanism: 'not-what-was-saved', site: AT },
      { mechanism: 'not-what-was-saved', site: { ...AT, line: 9, source: 'rename(a, b)' }, scenario: 'reset' },
    );
    expect(brief(all)).toEqual(['not-what-was-saved - 2']);
    expect(all[0]?.says).toBe('load returns something else than what was saved, with no crash at all');
  });

  test('where most scenarios lose with no crash, and the rest is lost in the same way; not what is lost otherwise, nor what concerns damage', () => {
    const anyway = (scenario: string): Parts => ({ mechanism: 'not-what-was-saved', op: 'load', scenario });
    const others: Parts[] = [
      { mechanism: 'not-locked', site: AT, scenario: 'two-savers', model: 'race' },
      { scenario: 'two-updaters', model: 'race' },
      { mechanism: 'waits-forever', site: AT, scenario: 'large', more: { outcome: 'hung' } },
      { mechanism: 'damage-unseen', op: 'load', model: 'at-rest' },
    ];
    const briefOf = (...scenarios: string[]): string[] => brief(causes(...scenarios.map(anyway), ...others)).sort();
    expect(briefOf('replace', 'reset', 'update')).toEqual(['damage-unseen - 1', 'not-what-was-saved - 5', 'waits-forever 4 1']);
    expect(briefOf('replace', 'reset')).toEqual([
      'damage-unseen - 1',
      'not-locked 4 1',
      'not-what-was-saved - 2',
      'unexplained - 1',
      'waits-forever 4 1',
    ]);
  });
});

describe('violations are two causes', () => {
  test.each<[string, Parts, Parts]>([
    ['at two lines', { mechanism: 'moved-away', site: AT }, { mechanism: 'moved-away', site: { ...AT, line: 7, source: 'other()' } }],
    ['at two equal lines of one function', { mechanism: 'moved-away', site: AT }, { mechanism: 'moved-away', site: { ...AT, line: 7 } }],
    [
      'with two mechanisms of which neither explains the line',
      { mechanism: 'renamed-unsynced', site: AT },
      { mechanism: 'not-forced', site: AT },
    ],
    [
      'where a failed read is taken for an empty store, whatever else the line does',
      { mechanism: 'written-in-place', site: AT },
      { mechanism: 'read-failure-taken-for-empty', site: AT },
    ],
  ])('%s', (_, one, other) => {
    expect(causes(one, { ...other, scenario: 'reset' })).toHaveLength(2);
  });
});

test('a cause is the same when its line moves, and another one when the text of the line changes', () => {
  const idOf = (site: SiteLine): string | undefined => causes({ mechanism: 'moved-away', site })[0]?.id;
  expect(idOf({ ...AT, line: 40, column: 9 })).toBe(idOf(AT));
  expect(idOf({ ...AT, source: 'writeFile(file, text)' })).not.toBe(idOf(AT));
});

test('a violation that is to blame on no op is listed as itself', () => {
  const all = causes({ mechanism: 'moved-away', site: AT }, { scenario: 'reset' });
  expect(brief(all)).toEqual(['moved-away 4 1', 'unexplained - 1']);
  expect(all[1]?.says).toBe('notes/reset/process-kill: {}');
  expect(all.reduce((sum, { cases }) => sum + cases, 0)).toBe(2);
});

test('what breaks a claim comes first, then what is only shown, then known bugs', () => {
  const all = causes(
    { mechanism: 'moved-away', site: AT, status: 'known-bug' },
    { mechanism: 'removed', site: AT, status: 'shown', scenario: 'reset' },
    { mechanism: 'temp-shared', op: 'open a.tmp (write, create)', scenario: 'update' },
  );
  expect(all.map(({ status }) => status)).toEqual(['broken', 'known']);
  expect(brief(all)).toEqual(['temp-shared - 1', 'moved-away 4 2']);
});

test('the plainest case stands for a cause: a crash before a fault, and the outcomes stand worst first', () => {
  const fault = { model: 'io-error', more: { fault: 'op 2 fails with EIO', outcome: 'false-ack' } } as const;
  const [cause] = causes({ mechanism: 'moved-away', site: AT, ...fault }, { mechanism: 'moved-away', site: AT });
  expect(cause?.shortest).toBe('notes/replace/process-kill@1');
  expect(cause?.outcomes).toEqual(['false-ack', 'empty']);
});

test('no case stands for a cause whose id is another one in the next run', () => {
  const short = (bytes: number, scenario: string): Parts => ({
    mechanism: 'short-write',
    site: AT,
    scenario,
    more: { id: `notes/${scenario}/process-kill@4~short=${bytes}` },
  });
  expect(causes(short(62, 'replace'), short(1, 'reset'))[0]?.shortest).toBe('notes/reset/process-kill@4~short=1');
});

describe('a mend', () => {
  const line = (index: number, text: string): OpLine => ({ index, text, site: { ...AT, line: 10 + index } });
  const ofFile = (times = 1): MissingBarrierLine => ({
    target: 'file',
    path: 'a.tmp',
    after: line(2, 'write a.tmp 0..9'),
    before: { kind: 'op', op: line(4, 'rename a.tmp -> a') },
    times,
  });
  const ofDirectory: MissingBarrierLine = {
    target: 'directory',
    path: '.',
    after: line(4, 'rename a.tmp -> a'),
    before: { kind: 'acknowledgement', step: 0 },
    times: 1,
  };
  const FILE = 'fsync a.tmp after op 2 (write a.tmp 0..9), before op 4 (rename a.tmp -> a)   notes.ts:12';
  const DIRECTORY = 'fsync the directory after op 4 (rename a.tmp -> a), before step 1 is acknowledged   notes.ts:14';
  const lacking = (...barriers: MissingBarrierLine[]): CellMend => ({ kind: 'mended', barriers, coverage: 'exhaustive' });
  const mended = (...mends: readonly CellMend[]): Cause['mend'] =>
    causes(
      ...mends.map((mend, at): Parts => ({ mechanism: 'not-forced', site: AT, model: 'power-loss', scenario: `s${at}`, more: { mend } })),
    )[0]?.mend;

  test('is verified where it was carried out', () => {
    expect(mended(lacking(ofFile()))).toEqual({ text: FILE, verified: true, barriers: [ofFile()] });
  });

  test.each<[string, readonly CellMend[], string]>([
    ['one cell that needs both', [lacking(ofFile()), lacking(ofFile(), ofDirectory), lacking(ofDirectory)], `${FILE}; and ${DIRECTORY}`],
    ['the same line, passed more often', [lacking(ofFile()), lacking(ofFile(2))], FILE],
    [
      'cells that need one each',
      [lacking(ofDirectory), lacking(ofFile())],
      `${FILE}; and ${DIRECTORY} (each cell was explored with its own of them, none with all)`,
    ],
    [
      'cells that need one each, one of them explored by a sample',
      [lacking(ofFile()), { kind: 'mended', barriers: [ofDirectory], coverage: 'sampled' }],
      `${FILE}; and ${DIRECTORY} (verified on a sample) (each cell was explored with its own of them, none with all)`,
    ],
    ['a cell that has none', [{ kind: 'undecided', because: 'not-found' }, lacking(ofFile())], FILE],
  ])('has what all its cells lack, and nothing twice: %s', (_, mends, text) => {
    expect(mended(...mends)?.text).toBe(text);
  });

  test('is a hint where a barrier mends one cell of a line that is wrong as a whole', () => {
    const [cause] = causes({ mechanism: 'written-in-place', site: AT, more: { mend: lacking(ofFile()) } });
    expect(cause?.mend?.verified).toBe(false);
  });

  test.each<CellMend>([
    { kind: 'unmendable', because: 'cut-short', afterOp: 2, lost: [2] },
    { kind: 'undecided', because: 'too-many' },
  ])('is a hint where it was not: $kind', (mend) => {
    expect(mended(mend)).toEqual({
      text: 'fsync the file, and the directory if a name changed, before the save resolves',
      verified: false,
    });
  });
});
