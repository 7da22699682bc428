/** The scenario's steps, recorded once for all cells, and the source lines of its ops. */

import type { LoadedStore } from '../domain/loaded-store.ts';
import { once } from '../domain/once.ts';
import type { Scenario } from '../domain/scenario.ts';
import { isNotMeasured, type NotMeasured } from '../domain/sighting.ts';
import type { Json, RecordedRun, SiteMatch } from '../domain/trace.ts';
import { describeFound } from '../explain/found.ts';
import { matchSites } from '../explain/sites.ts';
import { oracleOfSteps, oracleOptions } from '../judge/oracle.ts';
import { isNothing, type OracleOptions } from '../judge/outcome.ts';
import { valuesAfter } from '../judge/promise.ts';
import { sitesOf } from '../record/binding/sites.ts';
import { eventsOf, record } from '../record/record.ts';
import type { Recorder, RunReport } from '../record/recorder.ts';
import type { StoreRecovery } from '../recover/recovery-of.ts';
import type { Bench } from './bench.ts';
import { recordProgram, stepsOfProgram, whyVacuous } from './recorded-program.ts';
import type { RecordedSubject } from './subject.ts';

export interface RecordOptions extends Pick<Bench, 'prepare' | 'prepareFaults' | 'complaint'> {
  readonly store: LoadedStore;
  readonly scenario: Scenario;
  readonly recorder: Recorder;
  readonly siteRecorder: Recorder;
  readonly cwd: string;
  readonly recovery: StoreRecovery;
  readonly mayDoNothing?: boolean;
}

export interface RecordedScenario {
  readonly subject: Promise<RecordedSubject | NotMeasured>;
  /** Read it when nothing more is asked for: resolves when no run uses a directory of the bench any more. */
  readonly idle: Promise<unknown>;
}

/** The scenario runs once more with stacks when a source line is asked for, if the recorder takes none and the store runs in Node. */
export function recordScenario(options: RecordOptions): RecordedScenario {
  const { store, recorder, siteRecorder, prepare } = options;
  if (options.scenario.recorded !== undefined) {
    const subject = subjectOfTrace(options, options.scenario.recorded);
    return { subject, idle: Promise.allSettled([subject]) };
  }
  if (store.program !== undefined) {
    const subject = recordProgram({ ...options, program: store.program });
    return { subject, idle: Promise.allSettled([subject]) };
  }
  const runs: Promise<unknown>[] = [];
  const runWithStacks = (): Promise<RunReport> => {
    const run = siteRecorder.run({ ...prepare(), plan: { kind: 'observe' } });
    runs.push(run);
    return run;
  };
  const subject = subjectOf(options, store.kind === 'module' && !recorder.takesStacks ? runWithStacks : undefined);
  return {
    subject,
    get idle() {
      return Promise.allSettled([subject, ...runs]);
    },
  };
}

/** Nothing can be run again: what a crash leaves is observed. */
async function subjectOfTrace(
  { store, scenario, recovery }: RecordOptions,
  { trace, before, sites, notes }: RecordedRun,
): Promise<RecordedSubject | NotMeasured> {
  const options = oracleOptions({ store, scenario, recovery });
  const steps = store.program === undefined ? scenario.steps : stepsOfProgram(trace);
  const vacuous = store.program === undefined ? undefined : await whyVacuous(recovery, options, trace);
  if (vacuous !== undefined) return vacuous;
  const oracle = oracleOfSteps(trace, before, steps, options);
  return { kind: 'recorded', trace, before, steps, oracle, notes, ...(store.program && { isProgram: true }), sites: async () => sites };
}

/** What is stored in the files that a scenario brings: what it says, or what load finds there. */
async function heldBy(
  { files, next }: Scenario,
  recovery: StoreRecovery,
  options: OracleOptions,
): Promise<{ readonly value: Json | undefined } | NotMeasured> {
  if (files === undefined) return { value: undefined };
  if (files.holds !== undefined) return { value: files.holds };
  const [found] = await recovery.recoverTrees([files.tree], next);
  if (found === undefined) throw new Error('each tree has an answer');
  const { load } = found.recovery;
  const where = `the files of the scenario, in ${files.directory}`;
  if (load.kind !== 'loaded') {
    const how = describeFound('unreadable', found.recovery, { acknowledged: undefined, inFlight: [], earlier: [] });
    return { reason: `load cannot read ${where}: it ${how}` };
  }
  if (isNothing(load.value, options)) return { reason: `load finds nothing in ${where}, so that nothing can be lost` };
  return { value: load.value };
}

async function subjectOf(
  { store, scenario, recorder, cwd, recovery, prepare, prepareFaults, complaint, mayDoNothing = false }: RecordOptions,
  runWithStacks: (() => Promise<RunReport>) | undefined,
): Promise<RecordedSubject | NotMeasured> {
  const options = oracleOptions({ store, scenario, recovery });
  const held = await heldBy(scenario, recovery, options);
  if (isNotMeasured(held)) return held;
  const recording = await record(recorder, { prepare, complaint, mayDoNothing });
  if (isNotMeasured(recording)) return recording;
  const { trace } = recording;
  const before = valuesAfter(scenario.before, held.value).at(-1) ?? held.value;
  const match = async (): Promise<SiteMatch> => {
    const seen = await runWithStacks?.();
    const other = recorder.takesStacks ? trace : seen && eventsOf(seen.events, trace.variation);
    return matchSites(trace, other, sitesOf(store, cwd));
  };
  return {
    kind: 'recorded',
    trace,
    before,
    steps: scenario.steps,
    oracle: oracleOfSteps(trace, before, scenario.steps, options),
    again: { recording, prepare, prepareFaults },
    sites: once(match),
  };
}
