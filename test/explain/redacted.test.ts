/** A secret that a store saved is in no report of a redacted result, wherever a result could quote it. */
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { Evidence } from '../../harness/domain/evidence.ts';
import type { CaseResult, CellResult, Result } from '../../harness/domain/result.ts';
import { EvidenceTable } from '../../harness/explain/evidence-table.ts';
import { redactedResult } from '../../harness/explain/redacted.ts';
import { REPORTERS } from '../../harness/report/all.ts';
import { filledPage } from '../../harness/report/html.ts';
import { failing, op } from '../report/fixture.ts';

const SECRET = 'hunter2';

const evidence: Evidence = (() => {
  const table = new EvidenceTable();
  const tree = treeOf({ live: SECRET });
  const run = table.addRecorded({ ops: [op(1, 'write', 'live')], marks: [], trees: [tree, tree] }, []);
  const marked = table.addRun({ ops: [], marks: [{ afterOp: 0, text: `step 1 (save) rejected: Error: ${SECRET}` }] });
  const left = table.addTree(tree, []);
  const cut = table.addCut({
    rules: 'xfs',
    boundary: 1,
    pieces: [],
    certain: 0,
    trees: [left],
    states: [['', 0]],
    isWhole: true,
    judged: { [left]: { outcome: 'empty', found: `threw Error: ${SECRET}` } },
  });
  const value = table.addValue({ password: SECRET });
  const led = [run, marked].map((id) => ({ run: id, at: { op: 0 } }));
  for (const { id } of failing.cases) table.addCase(id, { led, left, promised: [value], loaded: value, cut: { id: cut, lost: [] } });
  return { ...table.evidence(), sources: { 'src/a.ts': `save('${SECRET}')` } };
})();

/** Each place in which words may quote what was saved. */
const told: Result = {
  ...failing,
  evidence,
  cells: failing.cells.map(
    (cell): CellResult => ({ ...cell, reason: `the store ended its process (exit code 1) ${SECRET}`, notes: [`late: Error: ${SECRET}`] }),
  ),
  cases: failing.cases.map(
    (one): CaseResult => ({
      ...one,
      found: `threw SyntaxError: Unexpected token in "${SECRET}" (in the same process)`,
      promised: `5 entries or "${SECRET} or more"`,
      fault: `op 2 open live fails with EMFILE; step 1 rejected: Error: ${SECRET}`,
      schedule: [
        {
          task: 'A',
          ops: [
            'open live',
            `load -> "${SECRET}"`,
            `save ${SECRET}`,
            `update failed: Error: ${SECRET}`,
            `set failed: Error: ${SECRET}`,
            `append failed: Error: ${SECRET}`,
          ],
        },
      ],
    }),
  ),
};

const LOOK = { colors: false, columns: 100 };

/** The page holds its data compressed. */
function textsOf(page: string): string {
  return page.replaceAll(/<script type="[^"]*" id="[^"]*">([^<]*)<\/script>/g, (_, data: string) =>
    gunzipSync(Buffer.from(data, 'base64')).toString(),
  );
}

describe('in no report', () => {
  const redacted = redactedResult(told);
  test.each(REPORTERS.filter(({ name }) => name !== 'html'))('$name', ({ render, summary }) => {
    for (const text of [render(redacted, LOOK), summary?.(redacted, 0) ?? '']) expect(text).not.toContain(SECRET);
  });

  test('html', () => {
    const pageOf = (result: Result): string => textsOf(filledPage('<!-- head --><!-- cases -->', result));
    expect(pageOf(told)).toContain(SECRET);
    expect(pageOf(redacted)).not.toContain(SECRET);
  });
});

test.each([
  ['5 entries', '5 entries'],
  ['{}', '{}'],
  ['nothing, as of 2 saves earlier', 'nothing, as of 2 saves earlier'],
  ['load(), within 10 s', 'load(), within 10 s'],
  ['live by other users', 'live by other users'],
  ['42 that nobody saved', /^<2 characters, sha256 [0-9a-f]{16}> that nobody saved$/],
  ['"a, as last acknowledged', /^<2 characters, .*>, as last acknowledged$/],
  ['threw SyntaxError: at "x"', /^threw SyntaxError: <6 characters, sha256 [0-9a-f]{16}>$/],
  ['threw Secret: x', /^threw <9 characters, .*>$/],
  [
    'resolved, but the load after it returned "x" (after step 1)',
    /^resolved, but the load after it returned <3 characters, .*> \(after step 1\)$/,
  ],
  ['nothing: it threw Error: x', /^nothing: it threw Error: <1 character, .*>$/],
])('found: %s', (found, expected) => {
  const [one] = failing.cases;
  const [changed] = redactedResult({ ...failing, cases: [{ ...(one as CaseResult), found }] }).cases;
  if (typeof expected === 'string') expect(changed?.found).toBe(expected);
  else expect(changed?.found).toMatch(expected);
});

test('names, lines of source, counts and what the harness says stay; contents are a length and a hash', () => {
  const { cases, evidence: left, cells } = redactedResult({ ...failing, evidence });
  expect(cases.map(({ onDisk, blame, after, promised }) => [onDisk, blame, after, promised])).toEqual(
    failing.cases.map(({ onDisk, blame, after, promised }) => [onDisk, blame, after, promised]),
  );
  expect(cells).toEqual(failing.cells);
  expect(Object.entries(left?.contents ?? {})).toEqual([[expect.stringMatching(/^[0-9a-f]{16}$/), { bytes: SECRET.length }]]);
  expect(Object.values(left?.values ?? {})).toEqual([{ characters: `{\n  "password": "${SECRET}"\n}`.length }]);
  expect(left?.trees).toEqual(evidence.trees);
});
