/** One order of badness: the letter of a boundary is the outcome that the headline of its cell names. */
import { expect, test } from 'vitest';
import { cellResult } from '../../harness/cell-result.ts';
import type { CrashCell, FaultCell } from '../../harness/check.ts';
import { OUTCOME_NAMES, OUTCOMES, type Outcome, worstOutcome } from '../../harness/domain/outcomes.ts';
import type { CellResult } from '../../harness/domain/result.ts';
import { faultResult } from '../../harness/models/io-error/fault-result.ts';
import type { FaultFindings } from '../../harness/models/io-error/faults.ts';
import type { Findings } from '../../harness/models/model.ts';
import { gradeWords } from '../../harness/report/grades.ts';
import { traceOf } from '../lab/traces.ts';
import { treeOf } from '../traces.ts';

const PAIRS = OUTCOME_NAMES.flatMap((one) => OUTCOME_NAMES.filter((other) => other !== one).map((other) => [one, other] as const));
const OPTIONS = { observed: true, durationMs: 0, allCases: false, replay: (id: string) => id };

const tree = treeOf({ live: 'x' });
const trace = traceOf({ before: tree, ops: [{ call: 'write', path: 'live' }] });
const found = { promised: { acknowledged: {}, inFlight: [], earlier: [] }, recovery: { load: { kind: 'loaded', value: {} } } };
const store = { name: 'a', claims: {}, knownBugs: {} };
const checked = { store, scenario: { name: 'replace' }, strict: false };

/** A power cut after the only op, which leaves either. */
function afterCut(outcomes: readonly Outcome[]): CellResult {
  const state = { how: 'power-cut', at: { op: 1 }, tree, promisedAt: 1, points: [{ op: 1 }] };
  const verdicts = outcomes.map((outcome) => ({ ...found, state, outcome, left: [] }));
  const findings = { recording: { trace }, verdicts, doubts: [], notes: [], points: 2, recoveries: { crashed: 0, of: 0 } };
  const cell = { ...checked, model: 'power-cut', profile: 'ext4' };
  const located = { found: findings as unknown as Findings, sites: { sites: new Map(), mismatches: [] } };
  return cellResult(cell as unknown as CrashCell, located, OPTIONS).cell; // a store and a recording with what is asked of them
}

/** The only op fails in two ways. */
function afterFaults(outcomes: readonly Outcome[]): CellResult {
  const failed = { case: { kind: 'faults', faults: [{ kind: 'errno', op: 1, errno: 'EIO' }] }, tree, finder: { who: 'a fresh process' } };
  const run = { trace, ending: { kind: 'settled' } };
  const verdicts = outcomes.map((outcome) => ({ ...found, ...failed, run, outcome }));
  const findings = { recording: { trace }, verdicts, doubts: [], notes: [], twice: { tried: 0, of: 0 } };
  const cell = { ...checked, model: 'io-error' };
  return faultResult(
    cell as unknown as FaultCell,
    findings as unknown as FaultFindings, // as above
    { sites: new Map(), mismatches: [] },
    OPTIONS,
  ).cell;
}

test.each(PAIRS)('%s and %s at one place: its letter is that of the headline', (one, other) => {
  for (const cell of [afterCut([one, other]), afterFaults([one, other])]) {
    const [, headline] = gradeWords(cell).split(': ');
    if (headline !== undefined) expect(cell.picture.at(-1)).toBe(OUTCOMES[headline as Outcome].letter);
    else expect(cell.picture.at(-1)).toBe(OUTCOMES.new.letter);
  }
});

test('every outcome has a letter and a severity of its own, and no loss is better than what is none', () => {
  const rows = Object.values(OUTCOMES);
  expect(new Set(rows.map(({ letter }) => letter)).size).toBe(rows.length);
  expect(rows.map(({ severity }) => severity).sort()).toEqual(rows.map((_, index) => index));
  const best = Math.min(...rows.flatMap(({ loss, severity }) => (loss ? [severity] : [])));
  expect(rows.filter(({ loss, severity }) => !loss && severity > best)).toEqual([]);
  expect(worstOutcome([])).toBeUndefined();
});
