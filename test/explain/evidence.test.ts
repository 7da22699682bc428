/** Tables in which each thing is kept once, and their limits. */
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { Evidence } from '../../harness/domain/evidence.ts';
import { CONTENT_BYTES_KEPT, VALUE_CHARACTERS_KEPT } from '../../harness/domain/evidence-limits.ts';
import { joinedEvidence } from '../../harness/explain/evidence.ts';
import { EvidenceTable, shownContents } from '../../harness/explain/evidence-table.ts';
import { traceOf } from '../lab/traces.ts';

const long = 'x'.repeat(CONTENT_BYTES_KEPT + 1);

describe('contents', () => {
  test.each<[string, string, Evidence['contents'][string]]>([
    ['text', 'ab', { bytes: 2, parts: ['ab'] }],
    ['nothing', '', { bytes: 0, parts: [] }],
    ['a block of zeros between', `a${'\0'.repeat(4096)}b`, { bytes: 4098, parts: ['a', 4096, 'b'] }],
    ['a few zeros', 'a\0\0b', { bytes: 4, parts: ['a\0\0b'] }],
    ['too much', long, { bytes: long.length, parts: [long.slice(1)], cut: true }],
    ['zeros take no room', `${'\0'.repeat(9000)}${long.slice(1)}`, { bytes: 9000 + CONTENT_BYTES_KEPT, parts: [9000, long.slice(1)] }],
  ])('%s', (_, text, expected) => {
    expect(shownContents(Buffer.from(text))).toEqual(expected);
  });
});

test('a value is kept as lines of JSON, up to a limit', () => {
  const table = new EvidenceTable();
  const id = table.addValue({ a: 1 });
  const cut = table.addValue('y'.repeat(VALUE_CHARACTERS_KEPT));
  expect(table.addValue({ a: 1 })).toBe(id);
  const { values } = table.evidence();
  expect(values[id]).toEqual({ characters: 12, text: '{\n  "a": 1\n}' });
  expect(values[cut]).toMatchObject({ characters: VALUE_CHARACTERS_KEPT + 2, cut: true });
  expect(values[cut]?.text).toHaveLength(VALUE_CHARACTERS_KEPT);
});

test('a run is kept once, with a tree where an op changed it, under names that are the same in every run', () => {
  const kept = (time: string): Omit<Evidence, 'sources'> => {
    const table = new EvidenceTable();
    const [before, after] = [treeOf({ live: 'old' }), treeOf({ [`live.${time}`]: 'old', link: { link: 'live' } })];
    const trace = traceOf({ before, ops: [{ call: 'stat', path: 'live' }, [{ call: 'rename', path: 'live' }, after]], resolved: [2] });
    const run = table.addRecorded({ ...trace, steps: [{ kind: 'save', value: 1 }] }, []);
    expect(table.addRecorded(trace, [])).toBe(run);
    return table.evidence();
  };
  const one = kept('1700000000000');
  expect(kept('1700000000001')).toEqual(one);
  const [{ start = '', ops, marks } = { ops: [], marks: [] }] = Object.values(one.runs);
  expect(ops.map(({ line, tree }) => [one.lines[line]?.text, tree !== undefined])).toEqual([
    ['stat live', false],
    ['rename live', true],
  ]);
  expect(marks).toEqual([{ afterOp: 2, text: 'step 1 (save) resolved' }]);
  expect(one.trees[start]).toEqual([{ path: 'live', kind: 'file', mode: '0600', contents: expect.any(String) }]);
  expect(one.trees[ops[1]?.tree ?? '']).toEqual([
    { path: 'link', kind: 'symlink', target: 'live' },
    { path: 'live.<time>', kind: 'file', mode: '0600', contents: one.trees[start]?.[0]?.contents },
  ]);
});

test('joined, it is the same in whatever order its parts come', () => {
  const part = (value: string): Evidence => {
    const table = new EvidenceTable();
    table.addTree(treeOf({ live: value }), []);
    table.addValue(value);
    return { ...table.evidence(), sources: { [`${value}.ts`]: value } };
  };
  const parts = [part('one'), undefined, part('two'), part('three')];
  expect(JSON.stringify(joinedEvidence(parts))).toBe(JSON.stringify(joinedEvidence(parts.toReversed())));
  expect(Object.keys(joinedEvidence(parts)?.contents ?? {})).toHaveLength(3);
  expect(joinedEvidence([undefined])).toBeUndefined();
});
