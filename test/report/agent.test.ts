import { expect, test } from 'vitest';
import type { Cause, Result } from '../../harness/domain/result.ts';
import { agentReport } from '../../harness/report/agent.ts';
import { asExpected, failing, resultOf } from './fixture.ts';

/** One line of source in two scenarios and two models, with its text. */
function oneCause(more: Partial<Cause> = {}, run: Partial<Result> = {}): Result {
  const result = resultOf(
    [
      { store: 'notes', scenario: 'replace', runs: 'o*1 E*1 n*1', status: 'broken' },
      { store: 'notes', scenario: 'reset', model: 'power-loss', profile: 'ext4', runs: 'o*1 E*1 n*1', status: 'broken' },
    ],
    { effort: 'standard', seed: 0, ...run },
  );
  const [cause] = result.causes;
  if (cause?.site === undefined) throw new Error('no cause with a line');
  const cells = ['notes/replace/process-kill', 'notes/reset/power-loss:ext4'];
  return { ...result, causes: [{ ...cause, cells, site: { ...cause.site, source: 'writeFileSync(path, text)' }, ...more }] };
}

const withReplay = (result: Result, rest: string): Result => ({
  ...result,
  cases: result.cases.map((one) => ({ ...one, replay: `crash-matrix replay ${one.id}${rest}` })),
});
const runLine = (result: Result): string | undefined => /run: (.*)/.exec(agentReport(result))?.[1];

test('a cause: its line, what it does, what would mend it, and the commands', () => {
  expect(agentReport(oneCause({}, { effort: 'deep' }))).toBe(
    [
      '1. notes: src/strategies/notes.ts:41 moves the only good copy away before the next one is in its place',
      '   source: writeFileSync(path, text)',
      '   leaves: empty in 2 cells',
      '   mend, a hint: link or copy the backup, and let one rename put the new file in the place of the old one',
      '   run: crash-matrix run --store notes --scenario replace,reset --model process-kill,power-loss:ext4 --effort deep',
      '   replay: crash-matrix replay notes/replace/process-kill@1',
      '',
      '2 claims broken',
      '',
    ].join('\n'),
  );
});

test('a mend that was carried out is no hint', () => {
  expect(agentReport(oneCause({ mend: { text: 'fsync a', verified: true } }))).toContain('mend, verified: fsync a\n');
});

test('causes as expected are counted, and not shown', () => {
  const report = agentReport(failing);
  expect(report).not.toContain('rename-away');
  expect(report).toMatch(/\n\d+ known causes, found as expected\n2 claims broken, 1 claim not shown, 1 known bug missed\n$/);
  expect(agentReport({ ...failing, causes: failing.causes.map((cause) => ({ ...cause, status: 'shown' })) })).toMatch(
    /\n\d+ causes only shown, where no claim falls\n/,
  );
});

test('what fails the run without a cause is there too', () => {
  expect(agentReport(failing)).toContain('\nidle: replace/process-kill: the store never touched its directory\n');
  expect(agentReport(failing)).toContain('\nmended: replace/process-kill: known bug missed: known to be lossy here');
});

test('where nothing is broken, the verdict is all', () => {
  expect(agentReport(asExpected)).toBe('every claim was kept, and every known bug was found\n');
});

test('text from a store ends no line', () => {
  expect(agentReport(oneCause({ says: 'a\n::error::b' }))).toContain('1. notes: a\\n::error::b\n');
});

test.each([
  ['nothing', '', 'crash-matrix run --store notes --scenario'],
  ['a file', ' --store ./my-notes.ts', 'crash-matrix run --store ./my-notes.ts --scenario'],
  [
    'a file to be quoted',
    ` --store './my '\\''notes'\\''.ts' --recorder ptrace`,
    `crash-matrix run --store './my '\\''notes'\\''.ts' --scenario`,
  ],
])('the store is named as it was: %s', (_, rest, begins) => {
  expect(runLine(withReplay(oneCause(), rest))?.startsWith(begins)).toBe(true);
});

test('what is only shown is left out of the command, which would hold the store to it', () => {
  const { cells, ...rest } = oneCause({}, { effort: 'deep' });
  const as = (...statuses: ('broken' | 'shown')[]): string | undefined =>
    runLine({ ...rest, cells: cells.map((cell, at) => ({ ...cell, status: statuses[at] ?? cell.status })) });
  expect(as('broken', 'shown')).toBe('crash-matrix run --store notes --scenario replace --model process-kill --effort deep');
  expect(as('broken', 'broken')).toBe(
    'crash-matrix run --store notes --scenario replace,reset --model process-kill,power-loss:ext4 --effort deep',
  );
});

test('the run is the one that found it: effort, limits, seed and recorder', () => {
  const { limits } = oneCause({}, { effort: 'deep' });
  const changed: Partial<Result> = {
    effort: 'deep',
    seed: 7,
    limits: { ...limits, histories: 500, crashes: 1, recoveries: 0, kills: 'observed' },
  };
  expect(runLine(withReplay(oneCause({}, changed), ' --recorder binding'))).toMatch(
    / --effort deep --observe --depth 1 --histories 500 --seed 7 --recorder binding$/,
  );
});
