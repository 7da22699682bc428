import { describe, expect, test } from 'vitest';
import { type Baseline, baselineSchema } from '../../harness/domain/baseline.ts';
import type { Result } from '../../harness/domain/result.ts';
import { baselineOf, failsGate, heldAgainst } from '../../harness/explain/baseline.ts';
import { type CellParts, resultOf } from '../report/fixture.ts';

const FILE = 'baseline.json';
const LOSES = { store: 'notes', scenario: 'replace', runs: 'o*1 E*1 n*1', status: 'broken' } as const;
const HOLDS = { ...LOSES, runs: 'o*2 n*1', status: 'kept' } as const;
const standard = (...parts: readonly CellParts[]): Result => resultOf(parts, { effort: 'standard' });
const known = baselineOf(standard(LOSES));

function heldTo(baseline: Baseline, result: Result): { readonly fails: boolean; readonly result: Result } {
  const held = heldAgainst(result, baseline, FILE);
  return { fails: failsGate(held), result: held };
}

test('a baseline has the broken causes of a run, and no known bugs', () => {
  const { causes } = baselineOf(standard(LOSES, { ...LOSES, store: 'other', status: 'known-bug' }));
  expect(causes).toMatchObject([{ worst: { 'process-kill': 'empty' }, cells: ['notes/replace/process-kill'], effort: 'standard' }]);
  expect(baselineSchema.parse(JSON.parse(JSON.stringify(known)))).toEqual(known);
});

test('without a baseline a broken claim fails', () => {
  expect([failsGate(standard(LOSES)), failsGate(standard(HOLDS))]).toEqual([true, false]);
});

describe('a run passes', () => {
  test('by what is known', () => {
    const { fails, result } = heldTo(known, standard(LOSES));
    expect(fails).toBe(false);
    expect(result).toMatchObject({ causes: [{ status: 'known' }], baseline: { known: 1, mended: [], untried: 0 } });
  });

  test('by what is known and shows in fewer scenarios', () => {
    const wide = baselineOf(standard(LOSES, { ...LOSES, scenario: 'reset' }));
    expect(heldTo(wide, standard(LOSES, { ...HOLDS, scenario: 'reset' })).fails).toBe(false);
  });

  test('where a cell of an entry did not run', () => {
    const { fails, result } = heldTo(known, standard({ ...HOLDS, scenario: 'reset' }));
    expect([fails, result.baseline?.untried]).toEqual([false, 1]);
  });

  test('where less was tried than when an entry was found', () => {
    expect(heldTo(known, { ...standard(HOLDS), effort: 'quick' }).result.baseline?.mended).toEqual([]);
    expect(heldTo(known, { ...standard(HOLDS), faults: ['rename'] }).result.baseline?.mended).toEqual([]);
  });
});

describe('a run fails', () => {
  test('by what is new', () => {
    const { fails, result } = heldTo(known, standard(LOSES, { ...LOSES, store: 'other' }));
    expect([fails, result.causes.map(({ status }) => status)]).toEqual([true, ['broken', 'known']]);
  });

  test('by what reaches another model', () => {
    const { fails, result } = heldTo(known, standard(LOSES, { ...LOSES, model: 'io-error' }));
    expect([fails, result.causes[0]?.beyond]).toEqual([true, ['io-error is new']]);
  });

  test('by what leaves something worse', () => {
    const stale = baselineOf(standard({ ...LOSES, runs: 'o*1 S*1 n*1' }));
    const { fails, result } = heldTo(stale, standard(LOSES));
    expect([fails, result.causes[0]?.beyond]).toEqual([true, ['process-kill leaves empty, and left stale']]);
  });

  test('by an entry that is mended', () => {
    const { fails, result } = heldTo(known, standard(HOLDS));
    expect([fails, result.baseline?.mended.length]).toEqual([true, 1]);
  });

  test('where a known loss can no longer be measured', () => {
    const doubt = { ...LOSES, runs: '', grade: 'inconclusive', status: 'broken', reason: 'nondeterministic' } as const;
    const { fails, result } = heldTo(known, standard(doubt));
    expect([fails, result.baseline?.mended]).toEqual([true, []]);
  });

  test('where a known bug was missed', () => {
    expect(heldTo(known, standard(LOSES, { ...HOLDS, store: 'other', status: 'missed-bug' })).fails).toBe(true);
  });
});

describe('an update', () => {
  test('keeps what was not tried, and takes out what is mended', () => {
    const both = baselineOf(standard(LOSES, { ...LOSES, store: 'other' }));
    const next = baselineOf(standard(HOLDS), both);
    expect(next.causes.map(({ id }) => id.split('/')[0])).toEqual(['other']);
  });

  test('widens an entry', () => {
    const [entry] = baselineOf(standard(LOSES, { ...LOSES, model: 'io-error' }), known).causes;
    expect(entry?.worst).toEqual({ 'process-kill': 'empty', 'io-error': 'empty' });
  });
});
