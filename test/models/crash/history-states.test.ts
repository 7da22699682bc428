import { describe, expect, test } from 'vitest';
import { treeOf } from '../../../harness/calibrate/tree-sketch.ts';
import { EFFORTS } from '../../../harness/domain/effort.ts';
import type { Trace } from '../../../harness/domain/trace.ts';
import { stateId } from '../../../harness/models/crash/crash-state.ts';
import { type Enumerated, historyStates } from '../../../harness/models/crash/history-states.ts';
import { LossSpace } from '../../../harness/models/power-loss/loss-space.ts';
import { killStates } from '../../../harness/models/process-kill/kill-states.ts';
import { PROFILES } from '../../../harness/persistence/profiles.ts';
import { traceOf } from '../../lab/traces.ts';

const OPTIONS = { ...EFFORTS.deep, seed: 1 };
const OPS_OF_A_SAVE = 3;

/** Saves by way of a temp file of its own each, of which nothing is forced to disk. */
function saves(count: number): { readonly trace: Trace; readonly ends: readonly number[] } {
  let live = {};
  const ops = Array.from({ length: count }, (_, at) => {
    const [temp, text] = [`temp-${at}`, String(at % 10)];
    const [before, after] = [live, { live: text }];
    live = after;
    return [
      [{ call: 'open', path: temp, flags: ['write', 'create'] }, treeOf({ ...before, [temp]: '' })],
      [{ call: 'write', path: temp, range: { offset: 0, length: 1 } }, treeOf({ ...before, [temp]: text })],
      [{ call: 'rename', path: temp, to: 'live' }, treeOf(after)],
    ] as const;
  }).flat();
  const ends = Array.from({ length: count }, (_, at) => (at + 1) * OPS_OF_A_SAVE);
  const { ops: done, ...trace } = traceOf({ ops, resolved: ends });
  // Each temp file is a file of its own.
  const numbered = done.map((op) => ({ ...op, file: { ...op.file, id: Math.ceil(op.index / OPS_OF_A_SAVE) } }));
  return { trace: { ...trace, ops: numbered }, ends };
}

const onPosix = (trace: Trace, ends: readonly number[], seed = OPTIONS.seed) =>
  historyStates(trace, ends, { ...OPTIONS, seed }, (part, options): Enumerated & Pick<LossSpace, 'coverage'> => {
    const { states, points, isSampled, coverage } = new LossSpace(part, PROFILES.posix, options);
    return { states, points, isSampled, coverage };
  });

describe('of a history that may leave more than can be judged', () => {
  const { trace, ends } = saves(8);
  const { states, coverage, points } = onPosix(trace, ends);
  const upTo = (op: number): string[] => states.filter(({ at }) => at.op <= op).map(stateId);

  test('all states of its first calls are enumerated', () => {
    const first = saves(1);
    const all = onPosix(first.trace, first.ends);
    expect(all.coverage.pages.kind).toBe('exhaustive');
    expect(upTo(OPS_OF_A_SAVE)).toEqual(all.states.map(stateId));
    expect(upTo(OPS_OF_A_SAVE)).toContain('@3~lost=2.1'); // the name without the data
  });

  test('and some of the rest, by the seed', () => {
    expect(coverage.pages).toMatchObject({ kind: 'sampled' });
    expect(states.length).toBeLessThanOrEqual(190);
    expect(Math.max(...states.map(({ at }) => at.op))).toBeGreaterThan(6 * OPS_OF_A_SAVE);
    expect(points).toBe(trace.ops.length + 1);
    const again = (seed: number): string[] => onPosix(trace, ends, seed).states.map(stateId);
    expect(again(1)).toEqual(states.map(stateId));
    expect(again(2)).not.toEqual(states.map(stateId));
  });
});

test('a history that may not leave more is enumerated in full, and kills always are', () => {
  const { trace, ends } = saves(1);
  expect(onPosix(trace, ends).coverage.pages.kind).toBe('exhaustive');
  const kills = historyStates(saves(8).trace, saves(8).ends, OPTIONS, (part) => killStates(part));
  expect(kills.states).toHaveLength(8 * OPS_OF_A_SAVE + 1);
});
