/** Kinds of state that crashes were in, and what is said where none was. */
import { expect, test } from 'vitest';
import { neverMet, sumOfMet } from '../../../harness/domain/met.ts';
import type { Step, Tree } from '../../../harness/domain/trace.ts';
import { hashBytes } from '../../../harness/domain/tree.ts';
import { isInWork, metByCrashes } from '../../../harness/models/crash/met.ts';
import { killStates } from '../../../harness/models/process-kill/kill-states.ts';
import { recordedSubject } from '../../lab/cells.ts';
import { traceOf } from '../../lab/traces.ts';

const holding = (size: number): Tree => {
  const bytes = Buffer.alloc(size, 'x');
  return new Map([['a', { kind: 'file', mode: 0o644, bytes, hash: hashBytes(bytes) }]]);
};
const STEPS: Step[] = [
  { kind: 'save', value: 1 },
  { kind: 'save', value: 2 },
];
const write = (length: number) => ({ call: 'write', path: 'a', range: { offset: 0, length } }) as const;
const subjectOf = (ops: Parameters<typeof traceOf>[0]['ops'], resolved: readonly number[]) =>
  recordedSubject(traceOf({ before: holding(0), ops, resolved }), { steps: STEPS });

test('a crash is in work once a step has changed something, until it settles, and after it while something promised is not written', () => {
  const subject = subjectOf(
    [{ call: 'open', path: 'a' }, [write(1), holding(1)], { call: 'stat', path: 'a' }, [write(2), holding(2)]],
    [2, 3],
  );
  expect([0, 1, 2, 3, 4].map((op) => isInWork(subject, op))).toEqual([false, false, false, true, false]);
});

test('kills count by work and by writes that they cut', () => {
  const subject = subjectOf([[write(9000), holding(9000)]], [1, 1]);
  const { states } = killStates(subject.trace);
  expect(states.map(({ at }) => at)).toEqual([{ op: 0 }, { op: 1, bytes: 4096 }, { op: 1, bytes: 8192 }, { op: 1 }]);
  expect(metByCrashes(subject, states)).toEqual({ 'in-work': 2, torn: 2 });
});

test('a run of which nothing was crashed in the middle says so', () => {
  const subject = subjectOf([{ call: 'stat', path: 'a' }], [1, 1]);
  const met = metByCrashes(subject, killStates(subject.trace).states);
  expect(met).toEqual({ 'in-work': 0, torn: 0 });
  expect(neverMet(met)).toEqual(['no crash came in the middle of work: the steps change nothing, or all of it at once']);
});

test.each([
  [{ 'in-work': 1, torn: 0 }, []],
  [{ 'in-work': 1, 'lost-name': 0, 'lost-contents': 1 }, []],
  // What the power took may be what an earlier boundary leaves: then it is that tree.
  [{ 'in-work': 1, 'lost-name': 0, 'lost-contents': 0 }, []],
  [{ 'failed-step': 0, 'went-on': 3 }, ['no step failed of any fault: the store goes on, and says nothing']],
  [{ waited: 0 }, []],
  [{}, []],
])('%j', (met, said) => {
  expect(neverMet(met)).toEqual(said);
});

test('counts of several subjects are summed', () => {
  expect(sumOfMet({ waited: 1 }, { waited: 2, torn: 1 })).toEqual({ waited: 3, torn: 1 });
});
