/** What a profile leaves of a sequence, and the assertions on it: functions, so that tests can show what they catch. */
import { expect } from 'vitest';
import { traceOfRun } from '../../harness/calibrate/run.ts';
import type { Trace } from '../../harness/domain/trace.ts';
import { statesAt } from '../../harness/persistence/power-loss.ts';
import type { Profile } from '../../harness/persistence/profile.ts';
import { inWords, type Row } from './sequences.ts';

const BEFORE = { live: 'old' };
/** A run takes longer than what is asked of it. */
const traces = new Map<Row, Trace>();

export function traceOfRow(row: Row): Trace {
  const known = traces.get(row) ?? traceOfRun(row.before ?? BEFORE, row.ops);
  traces.set(row, known);
  return known;
}

export function leftOf(row: Row, profile: Profile): string {
  const { files = ['live'], shown = inWords, unit = 4096 } = row;
  const trace = traceOfRow(row);
  const trees = [...statesAt(trace, profile, trace.ops.length, { unit })].map((state) => state.toTree());
  return sorted(trees.map((tree) => files.map((path) => shown(tree, path)).join('/')));
}

/** Throws if the row says nothing of the profile, or something else. */
export function leavesExactly(row: Row, profile: Profile): void {
  if (row.leaves[profile.name] === undefined && row.leaves.rest === undefined)
    throw new Error(
      `"${row.sequence}" has no entry for ${profile.name} in test/persistence/sequences.ts; it leaves: ${leftOf(row, profile)}`,
    );
  expect(leftOf(row, profile), `${row.sequence}, on ${profile.name}`).toBe(expectedOf(row, profile));
}

export const expectedOf = ({ leaves }: Row, { name }: Profile): string => sorted((leaves[name] ?? leaves.rest ?? '').split(' '));

const sorted = (words: readonly string[]): string => [...new Set(words)].sort().join(' ');
