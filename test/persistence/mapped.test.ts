/** Stores to mapped files under power loss: in any order until an msync or fsync of their pages. */
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import { statesAt } from '../../harness/persistence/power-loss.ts';
import { PROFILES } from '../../harness/persistence/profiles.ts';
import { type OpSketch, traceOf } from '../lab/traces.ts';

const PAGE = 4096;
const file = (first: string, second: string) => treeOf({ a: first.repeat(PAGE) + second.repeat(PAGE) });
const stored: OpSketch = { call: 'mapwrite', path: 'a', range: { offset: 0, length: 2 * PAGE } };
const msync = (offset: number, length: number): OpSketch => ({ call: 'msync', path: 'a', range: { offset, length } });

/** What the two pages of the file may hold when the power goes after these ops, by their first letters. */
function left(profile: string, ...ops: Parameters<typeof traceOf>[0]['ops']): string {
  const trace = traceOf({ before: file('o', 'o'), ops });
  const found = new Set<string>();
  for (const state of statesAt(trace, PROFILES[profile as keyof typeof PROFILES], trace.ops.length)) {
    const a = state.toTree().get('a');
    if (a?.kind === 'file') found.add(String.fromCharCode(a.bytes[0] ?? 0, a.bytes[PAGE] ?? 0));
  }
  return [...found].sort().join(' ');
}

describe.each(Object.keys(PROFILES))('%s', (profile) => {
  const both = [stored, file('n', 'n')] as const;
  test.each<[string, string, Parameters<typeof traceOf>[0]['ops']]>([
    ['two pages, in any order', 'nn no on oo', [both]],
    ['forced by msync', 'nn', [both, msync(0, 2 * PAGE)]],
    ['forced by fsync', 'nn', [both, { call: 'fsync', path: 'a' }]],
    ['not forced by munmap and close', 'nn no on oo', [both, { call: 'mmap', path: 'a' }, { call: 'close', path: 'a' }]],
    ['an msync forces its pages only', 'nn no', [both, msync(0, PAGE)]],
    ['and whole pages', 'nn on', [both, msync(PAGE, 1)]],
    ['what is stored after it is not forced', 'mn nn', [both, msync(0, 2 * PAGE), [stored, file('m', 'n')]]],
    ['an msync that failed forces nothing', 'nn no on oo', [both, { ...msync(0, 2 * PAGE), error: 'EIO' }]],
  ])('%s', (_, expected, ops) => {
    expect(left(profile, ...ops)).toBe(expected);
  });
});
