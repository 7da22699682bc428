/** Runs of one subject in which calls fail, and what processes find after each: the sightings of a case. */
import type { Bench } from '../../bench/bench.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
import { once } from '../../domain/once.ts';
import type { Recovery } from '../../domain/recovery.ts';
import { FRESH, type Looker, type NotMeasured, type Sighting } from '../../domain/sighting.ts';
import type { Outcome } from '../../domain/store.ts';
import type { Json, Mark, Op, Site, Trace, Tree } from '../../domain/trace.ts';
import { timesAt } from '../../domain/tree-times.ts';
import { effectText } from '../../explain/changed.ts';
import { matchSites } from '../../explain/sites.ts';
import { exposure } from '../../judge/exposed.ts';
import { oracleOptions } from '../../judge/oracle.ts';
import { isLoss, judgeRecovery } from '../../judge/outcome.ts';
import type { PowerLossState } from '../../persistence/state.ts';
import { sitesOf } from '../../record/binding/sites.ts';
import { type Fault, firstFaultyOp } from '../../record/fault.ts';
import type { CarriedOut, Unmeasured, Verdict } from '../../recover/believe.ts';
import { givenTo } from '../../store/calls.ts';
import type { Case } from '../model.ts';
import type { CutAfterFault, FaultCase } from './fault-id.ts';
import { judgeAfterFault, promiseOf } from './fault-promise.ts';
import { type FaultLab, type FaultyRun, type NotRun, runAlone } from './fault-runs.ts';
import { lostWhenKilled } from './when-killed.ts';
import { ON_WINDOWS } from './windows.ts';

/** What fails. The other kinds are controls: they are judged, and not reported. */
export type WhatFails =
  | FaultCase
  /** Nothing fails; `asksSame`: the process that lived on is asked as well. */
  | { readonly kind: 'control'; readonly asksSame: boolean }
  /** Nothing fails but the power: what the cut alone takes. */
  | { readonly kind: 'cut-alone'; readonly cut: CutAfterFault }
  /** Nothing fails, and the process is killed. */
  | { readonly kind: 'kill-alone'; readonly boundary: number };

export interface FaultyCase extends Case<RecordedSubject> {
  readonly trial: Trial;
  readonly fails: WhatFails;
  /** What a crash in the run left: then nothing runs. `loss`: how a power cut left it, where it was enumerated. */
  readonly left?: {
    readonly run: FaultyRun;
    readonly trace: Trace;
    readonly boundary: number;
    readonly tree: Tree;
    readonly loss?: PowerLossState;
  };
}

export type FaultVerdict = Verdict<FaultyCase, FaultyRun>;

/** One subject with what its runs share. */
export interface Trial {
  readonly subject: RecordedSubject;
  readonly lab: FaultLab;
  /** The run in which nothing fails, in a process of its own; it is made at the first call. */
  readonly control: () => Promise<FaultyRun | NotRun>;
  /** Whether the process that lived on is asked: only if it finds, with no fault, what a fresh process finds. */
  readonly asksSame: () => Promise<boolean>;
  /** What comes of a run in which nothing fails: as a fresh process finds it, and the one that lived on. Nothing of a program. */
  readonly undisturbed: () => Promise<readonly Outcome[]>;
  /** By boundary of the undisturbed run: whether a kill there loses something. Nothing of a program. */
  readonly whenKilled: () => Promise<readonly boolean[]>;
  readonly options: ReturnType<typeof oracleOptions>;
  /** The source line of an op that only a run with faults does. */
  readonly lineOf: (op: Op, run: FaultyRun) => Promise<Site | undefined>;
}

export function labOf(
  { store, recorder, complaint, recovery }: Bench,
  { again, steps }: RecordedSubject,
  profile: string | undefined,
): FaultLab {
  if (again === undefined) throw new Error('faults need a run that can be made again');
  const { recording, prepareFaults } = again;
  const [standing, platform] = profile === 'windows' ? [ON_WINDOWS, 'win32' as const] : [[], undefined];
  return {
    recorder,
    prepare: (runs) => prepareFaults(runs, platform),
    complaint,
    recording,
    steps: steps.length,
    standing,
    isOneRun: store.kind === 'program',
    isSlow: recovery.isSlow,
  };
}

type JudgeControls = (
  cases: readonly FaultyCase[],
  options: { readonly confirm: false },
) => Promise<{ readonly verdicts: readonly FaultVerdict[] }>;

export function trialOf(bench: Bench, subject: RecordedSubject, profile: string | undefined, judge: JudgeControls): Trial {
  const lab = labOf(bench, subject, profile);
  const trial: Trial = {
    subject,
    lab,
    control: once(() => runAlone(lab, [])),
    undisturbed: once(async () => {
      if (lab.isOneRun || !('trace' in (await trial.control()))) return [];
      const controls = [false, true].map((asks): FaultyCase => ({ trial, subject, fails: { kind: 'control', asksSame: asks } }));
      const { verdicts } = await judge(controls, { confirm: false });
      return verdicts.map(({ outcome }) => outcome);
    }),
    asksSame: async () => {
      const [fresh, same] = await trial.undisturbed();
      return fresh !== undefined && fresh === same;
    },
    whenKilled: once(async () => (subject.isProgram ? [] : lostWhenKilled(subject, bench))),
    options: oracleOptions(bench),
    lineOf: linesOf(bench, lab),
  };
  return trial;
}

/** The run is made once more with stacks; of ops with the same text once. */
function linesOf({ store, siteRecorder, cwd }: Bench, lab: FaultLab): Trial['lineOf'] {
  const lines = new Map<string, Promise<Site | undefined>>();
  const sites = once(() => sitesOf(store, cwd));
  const lineIn = async (op: Op, { trace, faults }: FaultyRun): Promise<Site | undefined> => {
    if (lab.recorder.takesStacks) return op.stack === undefined ? undefined : sites()(op.stack);
    if (store.kind !== 'module') return undefined;
    const again = await runAlone({ ...lab, recorder: siteRecorder }, faults);
    return 'trace' in again ? matchSites(trace, again.trace, sites()).sites.get(op.index) : undefined;
  };
  return (op, run) => {
    const text = effectText(op);
    const known = lines.get(text) ?? lineIn(op, run);
    lines.set(text, known);
    return known;
  };
}

/** A run that was made, as a case. */
export async function sightedRun(one: FaultyCase, run: FaultyRun): Promise<CarriedOut<FaultyCase, FaultyRun>> {
  const { trial, fails } = one;
  const asksSame = fails.kind === 'control' ? fails.asksSame : await trial.asksSame();
  const triesAgain = asksSame && fails.kind !== 'control' && !(await trial.undisturbed()).some(isLoss);
  return {
    case: one,
    run,
    kind: run.ending.kind,
    sightings: sightingsOf(trial, run, { asksSame, triesAgain }),
    ...(!run.alone && { alone: () => carryOutAlone(one, run.faults) }),
  };
}

async function carryOutAlone(one: FaultyCase, faults: readonly Fault[]): Promise<CarriedOut<FaultyCase, FaultyRun> | NotMeasured> {
  const run = await runAlone(one.trial.lab, faults);
  return 'trace' in run ? sightedRun(one, run) : { reason: run.doubt };
}

/** One fault, or two in one run, as a case. */
export function caseOf(trial: Trial, faults: Extract<FaultCase, { kind: 'faults' }>['faults']): FaultyCase {
  return { trial, subject: trial.subject, fails: { kind: 'faults', faults } };
}

export function unmeasured(one: FaultyCase, reason: string): Unmeasured<FaultyCase> {
  return { case: one, reason };
}

/**
 * A fresh process looks at the end first, because what is lost there is lost for good; then after each step that settled since the first
 * fault. The process that lived on looks last.
 */
function sightingsOf(
  { subject, options }: Trial,
  run: FaultyRun,
  { asksSame, triesAgain }: { readonly asksSame: boolean; readonly triesAgain: boolean },
): Sighting[] {
  const { trace, faults, ending, settled, after, again, savedAgain } = run;
  const { marks, trees } = trace;
  const { before, steps } = subject;
  const sighting = (
    tree: Tree,
    seenBy: readonly Mark[],
    underWay: boolean,
    at: number,
    rest: Pick<Sighting, 'looker' | 'seen' | 'saves'>,
  ): Sighting => {
    const promised = promiseOf(before, steps, seenBy, underWay);
    return {
      tree,
      timeOf: timesAt(trace, at),
      ...rest,
      judge: ({ recovery }) => ({
        promised,
        outcome: judgeAfterFault(promised, recovery, { ...options, next: rest.saves ?? options.next }),
      }),
    };
  };
  const isSettled = ending.kind === 'settled';
  const end = sighting(settled, marks, !isSettled, trace.ops.length, { looker: FRESH });
  if (ending.kind === 'hung') return [{ ...end, judge: (found) => ({ ...end.judge(found), outcome: 'hung' }) }];
  const exposedIn = exposure(trace);
  const exposable: Sighting = {
    ...end,
    judge: (found) => {
      const judgement = end.judge(found);
      const exposed = isLoss(judgement.outcome) ? undefined : exposedIn(settled);
      return exposed === undefined ? judgement : { ...judgement, outcome: 'exposed', exposed };
    },
  };
  const first = firstFaultyOp(faults);
  const between = marks.flatMap((mark, index): Sighting[] => {
    if (mark.afterOp < first || (index === marks.length - 1 && isSettled)) return [];
    const looker = { who: 'a fresh process after a step', step: index + 1 } as const;
    return [sighting(trees[mark.afterOp] ?? new Map(), marks.slice(0, index + 1), false, mark.afterOp, { looker })];
  });
  const livedOn = (seen: Recovery | undefined, saves?: Json): Sighting[] => {
    if (!asksSame || seen === undefined) return [];
    const looker = { who: saves === undefined ? 'the same process' : 'the same process that tries again' } as const;
    return [sighting(settled, marks, !isSettled, trace.ops.length, { looker, seen, ...(saves !== undefined && { saves }) })];
  };
  const last = marks.at(-1)?.step ?? 0;
  const step = steps[last];
  const asSaved: readonly Mark[] = [...marks.slice(0, -1), { kind: 'resolved', step: last, afterOp: trace.ops.length }];
  const ofAgain = [
    ...livedOn(again, step && givenTo(step)),
    ...(savedAgain === undefined ? [] : [sighting(savedAgain, asSaved, false, trace.ops.length, { looker: LEFT_BY_AGAIN })]),
  ];
  if (again === undefined || triesAgain) return [exposable, ...between, ...ofAgain, ...livedOn(after)];
  // What it loads after the second try shows what the store does with no fault. Of a map the second try shows in the next save, too.
  return [exposable, ...between, ...(after === undefined || options.contract === 'map' ? [] : livedOn({ ...after, load: again.load }))];
}

const LEFT_BY_AGAIN: Looker = { who: 'a fresh process after a second try' };

/** What a crash in the run left. */
export function sightedCut(one: FaultyCase, left: NonNullable<FaultyCase['left']>): CarriedOut<FaultyCase, FaultyRun> {
  const { subject, options } = one.trial;
  const { run, trace, boundary, tree } = left;
  const settled = trace.marks.filter(({ afterOp }) => afterOp <= boundary);
  const promised = promiseOf(subject.before, subject.steps, settled, true);
  const sighting: Sighting = {
    tree,
    timeOf: timesAt(trace, boundary),
    looker: FRESH,
    judge: ({ recovery }) => ({ promised, outcome: judgeRecovery(promised, recovery, options) }),
  };
  return { case: one, run, kind: one.fails.kind, sightings: [sighting] };
}
