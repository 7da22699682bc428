import { fc, test as law } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import type { Result } from '../../harness/domain/result.ts';
import { markdownReport } from '../../harness/report/markdown.ts';
import { stableText } from '../../harness/report/stable.ts';
import { draws } from '../lab/depth.ts';
import { failing, resultOf } from './fixture.ts';

test('the committed report', async () => {
  await expect(markdownReport(failing)).toMatchFileSnapshot('crash-matrix.md');
});

/** A lock file holds the id of its process. */
const withLock = (result: Result, bytes: number): Result => ({
  ...result,
  cases: result.cases.map((one) => ({
    ...one,
    lost: [...one.lost, `op 4 write a.lock 0..${bytes}: its data at block 0, the size of ${bytes} bytes`],
    fault: `op 4 write a.lock 0..${bytes} fails with EIO; step 1 rejected`,
  })),
});

law.prop([fc.nat(), fc.integer(), fc.nat(99), fc.nat(99), fc.nat(9_999_999), fc.uuid()], { numRuns: draws(100) })(
  'times, seeds, patch versions, process ids, sizes and paths do not change a byte',
  (durationMs, seed, minor, patch, pid, uuid) => {
    const other: Result = {
      ...failing,
      durationMs,
      seed,
      node: `v20.${minor}.${patch}`,
      platform: `linux ${minor}.${patch}`,
      cells: failing.cells.map((cell) => ({ ...cell, durationMs: cell.durationMs + pid })),
      cases: [...failing.cases].reverse().map((one) => ({
        ...one,
        ...(one.after && { after: { ...one.after, text: one.after.text.replace('0..47', `0..${String(pid).length + 40}`) } }),
        found: one.found.replace('/tmp/crash-matrix-x1y2/case', `/tmp/${uuid}/case`).replace('4711', String(pid)),
        onDisk: one.onDisk.map((entry) => ({ ...entry, bytes: pid + 1 })),
      })),
    };
    expect(markdownReport(withLock(other, String(pid).length + 120))).toBe(markdownReport(withLock(failing, 126)));
  },
);

const HEX = fc.string({ unit: fc.constantFrom(...'0123456789012345678901234567890123456789abcdef'), minLength: 64, maxLength: 64 });
law.prop([HEX, fc.uuid(), fc.integer({ min: 1_000_000_000_000, max: 1_999_999_999_999 }), fc.nat(51)], { numRuns: draws(100) })(
  'notes that differ in names made up by the run are one, with all their cells',
  (hash, uuid, time, at) => {
    const withNames = (names: readonly string[]): Result => ({
      ...failing,
      cells: failing.cells.map((cell, index) => ({
        ...cell,
        notes: [`litter: after some crashes a.${names[index % names.length]}.claim stays behind, even after the next save`],
      })),
    });
    const looksLikeTime = `${hash.slice(0, at)}${time}${hash.slice(at + 13)}`;
    expect(markdownReport(withNames([hash, looksLikeTime]))).toBe(markdownReport(withNames(['0'.repeat(63).concat('a')])));
    expect(markdownReport(withNames([uuid, `${time}.${uuid}`]))).toBe(
      markdownReport(withNames(['0f8fad5b-d9cb-469f-a165-70867728950e', '1732264512345.0f8fad5b-d9cb-469f-a165-70867728950e'])),
    );
  },
);

test.each([
  ["open '/tmp/a b/x.json'", "open '<path>'"],
  ['at Object.<anonymous> (/srv/app/store.ts:3:1)', 'at Object.<anonymous> (<path>)'],
  ['at file:///srv/app/store.ts:3:1', 'at <path>'],
  ['open C:\\data\\x.json', 'open <path>'],
  ['rename a/b -> c/d and 3/4', 'rename a/b -> c/d and 3/4'],
  ['a.bak.1760000000000 of 2025-01-02T03:04:05.678Z', 'a.bak.<time> of <time>'],
  ['held by pid 123, process 77', 'held by pid <pid>, process <pid>'],
])('%s', (text, stable) => {
  expect(stableText(text)).toBe(stable);
});

test('names cannot break tables or code blocks', () => {
  const result = resultOf([{ store: 'a', scenario: 'x|y<b>', runs: 'o*1 E*1 n*1', status: 'broken' }]);
  const report = markdownReport({ ...result, cases: result.cases.map((one) => ({ ...one, found: '```\n# oh' })) });
  expect(report).toContain('x\\|y&lt;b&gt;');
  expect(report).toMatch(/\n````text\n/);
  expect(report).not.toMatch(/^# oh/m);
});

test('an empty result is still a document', () => {
  expect(markdownReport(resultOf([]))).toMatch(/^# Crash matrix\n/);
});
