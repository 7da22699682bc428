import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { Evidence } from '../../harness/domain/evidence.ts';
import type { Result } from '../../harness/domain/result.ts';
import { joinedEvidence } from '../../harness/explain/evidence.ts';
import { EvidenceTable } from '../../harness/explain/evidence-table.ts';
import { mergeShards, type NamedResult } from '../../harness/explain/merge.ts';
import { failing, resultOf } from '../report/fixture.ts';

/** The cells of a result at some places, as a shard would have found them. */
function shard(whole: Result, index: number, of: number, places: readonly number[]): NamedResult {
  const cells = places.flatMap((place) => whole.cells[place] ?? []);
  const ids = new Set(cells.map(({ store, scenario, model }) => `${store}/${scenario}/${model}`));
  const cases = whole.cases.filter(({ id }) => ids.has(id.slice(0, id.indexOf('@'))));
  return { name: `shard-${index}.json`, result: { ...resultOf([]), cells, cases, shard: { index, of, places: [...places] } } };
}

const all = [...failing.cells.keys()];
const [even, odd] = [0, 1].map((rest) => all.filter((place) => place % 2 === rest)) as [number[], number[]];
const parts = [shard(failing, 2, 2, odd), shard(failing, 1, 2, even)] as const;

test('shards in any order are the result of the whole run', () => {
  expect(mergeShards(parts)).toEqual({ ...failing, durationMs: resultOf([]).durationMs });
});

test('the evidence of shards is that of the whole run', () => {
  const evidenceOf = ({ cases }: Pick<Result, 'cases'>): Evidence => {
    const table = new EvidenceTable();
    for (const { id, outcome } of cases) {
      const left = table.addTree(treeOf({ live: outcome }), []);
      table.addCase(id, { led: [], left, promised: [table.addValue(outcome)] });
    }
    return { ...table.evidence(), sources: {} };
  };
  const withEvidence = parts.map(({ name, result }) => ({ name, result: { ...result, evidence: evidenceOf(result) } }));
  const whole = joinedEvidence([evidenceOf(failing)]);
  expect(JSON.stringify(mergeShards(withEvidence).evidence)).toBe(JSON.stringify(whole));
});

describe('refused by name', () => {
  const [odds, evens] = parts;
  const changed = (more: Partial<Result>): NamedResult => ({ ...evens, result: { ...evens.result, ...more } });
  const { shard: _, ...unsharded } = evens.result;
  test.each<[string, readonly NamedResult[], string]>([
    [
      'another version',
      [odds, changed({ version: '9.9.9' })],
      'shard-1.json and shard-2.json are of different runs: version is 9.9.9 and 0.1.0',
    ],
    ['another seed', [odds, changed({ seed: 7 })], 'seed is 7 and 42'],
    ['another Node', [odds, changed({ node: 'v22.1.0' })], 'node is v22.1.0'],
    ['a shard twice', [odds, odds], 'shard-2.json and shard-2.json are the same shard, 2/2'],
    ['a shard that is not there', [odds], 'not every shard is there: 1/2'],
    [
      'shards of another number',
      [odds, changed({ shard: { index: 1, of: 3, places: even } })],
      'shard-1.json is one of 3 shards, and shard-2.json one of 2',
    ],
    ['a whole run', [odds, { ...evens, result: unsharded }], 'shard-1.json is the result of a whole run'],
    ['a run that was cut short', [odds, changed({ cells: evens.result.cells.slice(1) })], 'of its'],
    ['nothing', [], 'there is nothing to merge'],
  ])('%s', (_, some, message) => {
    expect(() => mergeShards(some)).toThrow(message);
  });
});
