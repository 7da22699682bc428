import { stripVTControlCharacters } from 'node:util';
import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { EFFORTS } from '../../harness/domain/effort.ts';
import type { CellResult } from '../../harness/domain/result.ts';
import { NO_COLORS } from '../../harness/report/colors.ts';
import { failureBlock } from '../../harness/report/failure.ts';
import { markdownReport } from '../../harness/report/markdown.ts';
import { terminalReport } from '../../harness/report/terminal.ts';
import { draws } from '../lab/depth.ts';
import { asExpected, type CellParts, cellAndCases, failing, resultOf } from './fixture.ts';

const plain = (result = failing, columns = 100): string => terminalReport(result, { columns, colors: false });

test.each([60, 100, 160])('a run with every way to fail, %i columns', async (columns) => {
  await expect(plain(failing, columns)).toMatchFileSnapshot(`terminal-${columns}.txt`);
});

test.each([60, 80, 100, 160])('no line is longer than %i columns, but for a command or path to copy', (columns) => {
  const long = plain(failing, columns)
    .split('\n')
    .filter((line) => line.length > columns && !line.includes('crash-matrix replay') && line.trim().includes(' '));
  expect(long).toEqual([]);
});

test('colours are escape codes around the same text, and can be left out', () => {
  const colored = terminalReport(failing, { columns: 100, colors: true });
  expect(colored).toContain('\u001b[');
  expect(stripVTControlCharacters(colored).replace(/\nfaint: .*/, '')).toBe(plain());
  expect(plain()).not.toContain('\u001b');
});

test('causes come first, and one that is known is not among those that break a claim', () => {
  const report = plain();
  const [before, causes = ''] = report.split(/^\d+ causes?, \d+ cells?$/m);
  expect(before).toMatch(/^crash-matrix 0\.1\.0 .*\n?.*seed 42\n\n$/);
  const [broken = '', known = ''] = causes.split(/^known bugs, found as expected: /m);
  expect(broken).toContain('1  planted: ');
  expect(broken).not.toContain('rename-away: ');
  expect(known).toContain('rename-away: ');
});

test('the verdict is the end of the log', () => {
  expect(plain().trimEnd()).toMatch(/2 claims broken, 1 claim not shown, 1 known bug missed$/);
  expect(plain(asExpected).trimEnd()).toMatch(/every claim was kept, and every known bug was found$/);
});

test('where a cause reaches every scenario or profile that ran, they are counted, and no cell is named that it does not reach', () => {
  const cells = ['replace', 'reset'].flatMap((scenario) =>
    ['ext4', 'xfs'].map((profile) => ({
      store: 'a',
      scenario,
      runs: 'o*1 E*1 n*1',
      model: 'power-loss',
      profile,
      status: 'broken' as const,
    })),
  );
  const [first, ...others] = cells;
  if (first === undefined) throw new Error('there are cells');
  expect(plain(resultOf(cells))).toMatch(/in +power-loss on all 2 profiles in all scenarios/);
  expect(plain(resultOf([{ ...first, runs: 'o*3', status: 'kept' }, ...others])).replace(/\s+/g, ' ')).toContain(
    ' in power-loss on ext4 in reset power-loss on xfs in all scenarios ',
  );
  const ofOne = cells.map((cell) => (cell.profile === 'xfs' ? cell : { ...cell, runs: 'o*3', status: 'kept' as const }));
  expect(plain(resultOf(ofOne)).replace(/\s+/g, ' ')).toMatch(/ leaves \S+ in power-loss on xfs in all scenarios to mend it /);
});

describe('a run of one store under many models', () => {
  const MODELS = ['process-kill', 'io-error', 'quit', 'race'] as const;
  const cells = MODELS.flatMap((model) =>
    ['first-save', 'replace', 'reset', 'large'].map(
      (scenario): CellParts => ({ store: 'notes', scenario, runs: 'o*1 E*1 n*1', model, status: 'broken' }),
    ),
  );
  const run = resultOf(cells);

  test('names the store and counts its models at the top, and names each model in a table', () => {
    const report = plain(run, 80);
    expect(report).toMatch(/^crash-matrix 0\.1\.0 · notes · 4 models · ptrace recorder/);
    for (const model of MODELS) expect(report).toMatch(new RegExp(`^${model} `, 'm'));
    expect(plain(resultOf(cells.slice(0, 12)), 80)).toMatch(/^crash-matrix 0\.1\.0 · notes · process-kill · io-error · quit · ptrace/);
  });

  test('shows what is only shown below the matrix, a line for each cause, and where to see more', () => {
    const causes = run.causes.map((cause) => ({ ...cause, status: 'shown' as const }));
    expect(plain({ ...run, causes }, 80)).toMatch(
      /^race .*\n(?:.*\n)+\nonly shown, no claim falls by them \(in full with --strict\): 1 cause, 16 cells\n {2}src\/strategies\/notes\.ts:41 moves .*\n {2}is in its place\n\n/m,
    );
  });

  test('cuts a long statement', () => {
    const source = `save: (dir, value) => ${'writeFileSync(one, two); '.repeat(20)}`;
    const causes = run.causes.map((cause) => ({ ...cause, site: { file: 'notes.ts', line: 4, column: 1, source } }));
    expect(plain({ ...run, causes }, 80)).toMatch(/^ {2}source +save: .*\n +writeFileSync.* …\n {2}leaves/m);
  });

  const LONG = 'calls left out: what they lead to is what the one before them leads to, and so on to the end';
  const noted = (...notes: string[][]): string =>
    plain({ ...run, cells: run.cells.map((cell, index) => ({ ...cell, notes: notes[index] ?? [] })) }, 80);

  test('has few notes in full, with the number of cells that they are about', () => {
    expect(noted([LONG], [LONG])).toContain(
      '\n\nnotes\n  calls left out: what they lead to is what the one before them leads to, and so\n  on to the end (2 cells)\n\n',
    );
  });

  test('has a line for each cell of many notes, and says where they are in full', () => {
    expect(noted([`3 ${LONG}`, `4 ${LONG}`], [`5 ${LONG}`, '6 kills; at most 6 are'])).toContain(
      `
notes in brief (--reporter html has them in full)
  3 calls left out; 4 calls left out (notes/first-save/process-kill)
  5 calls left out; 6 kills (notes/replace/process-kill)
`,
    );
    expect(noted([LONG], [`7 ${LONG}`, `7 ${LONG.replace('end', 'last')}`], [`5 ${LONG}`], [`6 ${LONG}`])).toContain(
      '  7 calls left out (notes/replace/process-kill)\n',
    );
    expect(noted([LONG], [`7 ${LONG}`], [`7 ${LONG.replace('end', 'last')}`], [`6 ${LONG}`])).toContain('  7 calls left out (2 cells)\n');
    expect(noted([LONG], [`5 ${LONG}`], [`6 ${LONG}`])).toContain(
      '  5 calls left out: what they lead to is what the … (notes/replace/process-kill)\n',
    );
  });
});

const explored = { kind: 'exhaustive', states: 40, distinct: 20, limit: 10_000 } as const;
const TRIED = {
  'process-kill': { kind: 'kills', kills: 7, folded: 0 },
  'power-loss': { kind: 'states', explored: { pages: explored } },
} as const;

test('recoveries that were crashed again are counted in every model', () => {
  const { cells, ...rest } = asExpected;
  const crashed = (['process-kill', 'power-loss'] as const).flatMap((model) =>
    cells.slice(0, 1).map((cell) => ({ ...cell, model, tried: { ...TRIED[model], recoveries: { crashed: 2, of: 3, states: 30 } } })),
  );
  expect(plain({ ...rest, cells: crashed, cases: [] })).toContain('4 of 6 recoveries crashed again, 60 states judged');
  const deeper = { levels: [{ crashes: 3, crashed: 5, of: 7, states: 40 }], end: 'limits' as const, after: 3 };
  const inARow = crashed.map((cell) => ({ ...cell, tried: { ...cell.tried, recoveries: { ...cell.tried.recoveries, deeper } } }));
  expect(plain({ ...rest, cells: inARow, cases: [] })).toContain('14 of 20 recoveries crashed again, 140 states judged');
});

test('verdicts stand under their titles, however short the pictures', () => {
  const lines = plain(resultOf([{ store: 'a', scenario: 'replace', runs: 'o*3' }])).split('\n');
  const [title, row] = [lines.find((line) => line.includes('boundaries')), lines.find((line) => line.includes('ooo'))];
  expect(row?.indexOf('durable')).toBe(title?.indexOf('grade'));
});

test('a run of no cells is no success', () => {
  expect(plain(resultOf([]))).toContain('nothing was tried');
});

test('the legend explains the letters that occur, and no others', () => {
  const report = plain(resultOf([{ store: 'a', scenario: 'replace', runs: 'o*2 S*1 n*1' }]));
  expect(report).toMatch(/^S stale: an earlier value/m);
  expect(report).not.toContain('E empty');
});

test('text from a store does not reach the terminal as it is', () => {
  const result = resultOf([{ store: 'a', scenario: 'replace', runs: 'o*1 E*1 n*1', status: 'broken' }]);
  const [first] = result.cases;
  if (first === undefined) throw new Error('no case');
  expect(plain({ ...result, cases: [{ ...first, found: '\u001b[2Jgone' }] })).toContain('\\u{1b}[2Jgone');
});

test('a claim that is held because its profile was named says so', () => {
  const posix = { store: 'a', model: 'power-loss', profile: 'posix', heldBy: 'name', status: 'broken', runs: 'o*1 E*1 n*1' } as const;
  const xfs = { ...posix, profile: 'xfs', heldBy: undefined };
  const [one, two] = [posix, xfs].map(({ heldBy, ...parts }) => ({ ...parts, scenario: 'replace', ...(heldBy && { heldBy }) }));
  if (one === undefined || two === undefined) throw new Error('two cells');
  const verdict = (...cells: CellParts[]): string | undefined => plain(resultOf(cells)).trimEnd().split('\n').at(-1);
  expect(verdict(one)).toBe('1 claim broken (held because --model names the profile)');
  expect(verdict(one, two)).toBe('2 claims broken (1 of them held because --model names the profile)');
  expect(verdict(two)).toBe('1 claim broken');
  const { cell, cases } = cellAndCases(one);
  expect(cases.slice(0, 1).map((first) => failureBlock(cell, first, NO_COLORS).split('\n')[0])).toEqual([
    'a / replace / power-loss:posix   lossy (claims durable, held to it because --model names power-loss:posix)',
  ]);
});

describe('a failure block', () => {
  const { cell, cases } = cellAndCases({ store: 'rename-away', scenario: 'replace', runs: 'o*9 E*6 n*5', status: 'broken' });
  const [first] = cases;
  if (first === undefined) throw new Error('no case');

  test('says what was lost, what did it, and how to see it again', () => {
    expect(failureBlock(cell, first, NO_COLORS)).toBe(
      [
        'rename-away / replace / process-kill   lossy (claims durable)',
        '  killed after op 9   rename sessions.json -> sessions.json.bak.<time>   src/strategies/rename-away.ts:18',
        '  load() returned     {}   had promised 5 entries',
        '  on disk             sessions.json.bak.<time> (1,204 bytes)',
        '                      sessions.json.lock (47 bytes)',
        '  until op 15         rename sessions.json.<uuid>.tmp -> sessions.json   src/atomic-write.ts:15',
        '  replay              crash-matrix replay rename-away/replace/process-kill@9',
      ].join('\n'),
    );
  });

  test('names the moment', () => {
    const moment = (more: object): string | undefined => failureBlock(cell, { ...first, ...more }, NO_COLORS).split('\n')[1];
    expect(moment({ inside: 4096 })).toMatch(/^ {2}killed inside op 9 .* {3}4,096 bytes in$/);
    expect(moment({ end: true })).toMatch(/^ {2}no kill, after the end {3}last op 9: rename/);
    expect(moment({ after: undefined })).toMatch(/^ {2}killed before op 1 {3}nothing had happened yet$/);
  });

  test('adds what is known beyond that', () => {
    const block = failureBlock(
      cell,
      {
        ...first,
        onDisk: [],
        lost: ['op 7 write a'],
        landed: 'op 9 rename a.tmp -> a landed without op 7',
        missingBarrier: 'fsync a.tmp before op 9',
      },
      NO_COLORS,
      {
        more: '5 more boundaries',
      },
    );
    expect(block).toMatch(/lost +op 7 write a\n +because +op 9 rename a\.tmp -> a landed without op 7\n/);
    expect(block).toMatch(/on disk +nothing\n/);
    expect(block).toMatch(/would mend it +fsync a\.tmp before op 9\n +the same at +5 more boundaries\n/);
  });
});

const pictures = fc.string({ unit: fc.constantFrom(...'onSEMUHBFX?'), minLength: 1, maxLength: 400 });

law.prop([fc.array(pictures, { minLength: 1, maxLength: 4 }), fc.integer({ min: 20, max: 200 }), fc.boolean()], { numRuns: draws(100) })(
  'a picture is wrapped, never cut: taking the layout away gives it back',
  (drawn, columns, colors) => {
    const cells = drawn.map((picture, index) => cellAndCases({ store: `store${index}`, scenario: 'replace', runs: picture }).cell);
    const report = stripVTControlCharacters(terminalReport({ ...resultOf([]), cells }, { columns, colors }));
    for (const [index, picture] of drawn.entries()) {
      const [, section = ''] = report.split(drawn.length === 1 ? /\nstore0 .*\n/ : `\nstore${index}\n`);
      const [rows = ''] = section.split('\n\n');
      const letters = rows.split('\n').map((line) => /^ +(?:replace +)?([onSEMUHBFX?]+)(?= |$)/.exec(line)?.[1] ?? '');
      expect(letters.join('')).toBe(picture);
    }
  },
);

test('an effort that proves nothing says so, and calls no claim kept', () => {
  const result = resultOf([{ store: 'a', scenario: 'replace', runs: 'o*3' }], { effort: 'quick', limits: EFFORTS.quick });
  const quick = { ...result, cells: result.cells.map((cell) => ({ ...cell, status: 'unbroken' as const })) };
  expect(plain(quick)).toMatch(/replace +ooo +no loss found +not proven/);
  expect(plain(quick).trimEnd()).toMatch(/no loss found; quick effort proves no claim: --effort standard does$/);
  expect(plain(quick)).not.toContain('kept');
  expect(markdownReport(quick)).toContain('too small to say that a claim is kept');
  const some: typeof quick = { ...quick, effort: 'standard', limits: EFFORTS.standard, faults: ['rename:*.tmp'] };
  expect(plain(some).trimEnd()).toMatch(/no loss found; some faults alone prove no claim: a run without --fault does$/);
  expect(plain(some)).toContain('standard effort, fault rename:*.tmp');
  expect(markdownReport(some)).toContain('Of the calls only rename:*.tmp failed, which is too little to say that a claim is kept.');
  const lossy = resultOf([{ store: 'a', scenario: 'replace', runs: 'E*3' }], { effort: 'quick', limits: EFFORTS.quick });
  const broken = { ...lossy, cells: lossy.cells.map((cell) => ({ ...cell, status: 'broken' as const })) };
  expect(plain(broken).trimEnd()).toMatch(/1 claim broken$/);
});

test('such an effort does not hide what it did find, where that fails nothing', () => {
  const found = resultOf([{ store: 'a', scenario: 'replace', runs: 's*3' }], { effort: 'quick', limits: EFFORTS.quick });
  const quick = (cell: Partial<CellResult>): string =>
    plain({ ...found, cells: found.cells.map((one) => ({ ...one, status: 'unbroken' as const, ...cell })), cases: [] });
  expect(quick({ grade: 'atomic', claim: 'atomic', outcomes: { stale: 3 } })).toMatch(/replace +sss +atomic +not proven/);
  expect(quick({ grade: 'lossy', claim: 'lossy', outcomes: { empty: 3 } })).toMatch(/replace +sss +lossy +not proven/);
  expect(quick({ grade: 'lossy', status: 'known-bug', outcomes: { empty: 3 } }).trimEnd()).toMatch(
    /no unexpected loss found; quick effort/,
  );
});

test('the effort of a run is said, with the limits that options changed', () => {
  const changed = resultOf([], { effort: 'standard', limits: { ...EFFORTS.standard, histories: 3, kills: 'observed' } });
  expect(plain(changed)).toContain('standard effort, kills observed, histories 3 ·');
});

test('the claim of a cell that could not be judged is not shown, and no claim is broken', () => {
  const cell = { store: 'mine', scenario: 'replace', runs: 'o*2', status: 'broken', grade: 'inconclusive', reason: 'it varies' } as const;
  const text = plain(resultOf([cell]));
  expect(text).toContain('not shown');
  expect(text).not.toContain('BROKEN');
  expect(plain(resultOf([{ ...cell, grade: 'lossy', runs: 'E*2' }]))).toContain('BROKEN');
});
