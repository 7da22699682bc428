/** The run without a fault is not made where nothing needs it. */
import { expect, test } from 'vitest';
import type { Bench } from '../../../harness/bench/bench.ts';
import type { RecordedSubject } from '../../../harness/bench/subject.ts';
import { trialOf } from '../../../harness/models/io-error/trial.ts';
import { SAVES } from '../../lab/abilities.ts';
import { traceOf } from '../../lab/traces.ts';

test('the control runs when it is first asked for, and once', async () => {
  let runs = 0;
  const recorder = {
    inFlight: 1,
    run: async () => {
      runs += 1;
      return { pid: 1, events: [] };
    },
  };
  const bench = {
    recorder,
    complaint: () => undefined,
    store: { abilities: SAVES, ignore: [] },
    scenario: { next: 1 },
    recovery: { whenFresh: { kind: 'loaded' }, adds: [] },
  } as unknown as Bench;
  const trace = traceOf({ ops: [] });
  const again = {
    recording: { trace, order: [] },
    prepareFaults: () => ({ args: [], env: {}, timeoutMs: 1, directories: [], spool: '' }),
  };
  const subject = { kind: 'recorded', trace, steps: [], again } as unknown as RecordedSubject;
  const trial = trialOf(bench, subject, undefined, () => Promise.reject(new Error('not asked')));
  expect(runs).toBe(0);
  const control = trial.control();
  expect(trial.control()).toBe(control);
  expect(await control).toEqual({ faults: [], doubt: 'the process ended before this run' });
  expect(runs).toBe(3); // it is tried three times
});
