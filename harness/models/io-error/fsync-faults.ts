/**
 * Fsyncs that fail once and drop their dirty pages, and fsyncs that lie: what a power cut leaves after them, on the file systems where claims
 * about power loss gate.
 *
 * A dropped page counts against a store only by what the undisturbed run does not lose to the same cut: the fault is to blame, not the cut.
 * What a store loses to a lie is shown and not held against it: the best that any store can be there is atomic.
 */
import { worstGrade } from '../../domain/grade.ts';
import { OUTCOMES, type Outcome } from '../../domain/outcomes.ts';
import type { Grade } from '../../domain/store.ts';
import type { Trace } from '../../domain/trace.ts';
import { gradeOf, isLoss } from '../../judge/outcome.ts';
import { powerLossStates, rebuild } from '../../persistence/power-loss.ts';
import type { Profile, ProfileName } from '../../persistence/profile.ts';
import { PROFILES } from '../../persistence/profiles.ts';
import type { CutAfterFault, FaultCase } from './fault-id.ts';
import type { FaultyRun } from './fault-runs.ts';
import { fsyncsOf, withDroppedPages, withLie, withoutFlushes } from './fsync-edits.ts';
import type { FaultVerdict, FaultyCase, Trial, WhatFails } from './trial.ts';

/** The file systems where claims about power loss gate. */
export const CUT_ON = ['ext4', 'xfs', 'btrfs'] as const satisfies readonly ProfileName[];
/** Distinct states of one run on one file system up to which all are judged. */
const STATES_PER_CUT_RUN = 200;
export const CUT_RUN = { limit: STATES_PER_CUT_RUN, seed: 1, unit: 4096 } as const;
/** How good it is to find an earlier value after a power cut. */
const STALE_IS: Grade = 'atomic';

type JudgeCases = (cases: readonly FaultyCase[]) => Promise<{ readonly verdicts: readonly FaultVerdict[] }>;

export interface Lying {
  readonly grade: Grade;
  readonly outcomes: { readonly [outcome: string]: number };
}

/** A run, as power loss sees it. */
interface CutRun {
  readonly trial: Trial;
  readonly run: FaultyRun;
  readonly trace: Trace;
  /** The first boundary that counts. */
  readonly from: number;
}

export function cutsOf(
  { trial, run, trace, from }: CutRun,
  profile: ProfileName,
  rules: Profile,
  fails: (cut: CutAfterFault) => WhatFails,
): FaultyCase[] {
  const cases: FaultyCase[] = [];
  for (const state of powerLossStates(trace, rules, CUT_RUN)) {
    if (state.boundary < from) continue;
    const cut = { profile, boundary: state.boundary, detail: state.detail };
    cases.push({
      trial,
      subject: trial.subject,
      fails: fails(cut),
      left: { run, trace, boundary: state.boundary, tree: state.toTree(), loss: state },
    });
  }
  return cases;
}

/** The run in which nothing failed, as it was recorded. */
export function undisturbed({ subject: { trace } }: Trial): FaultyRun {
  return { faults: [], alone: true, trace, ending: { kind: 'settled' }, settled: trace.trees.at(-1) ?? new Map() };
}

/**
 * One verdict for each run in which an fsync failed with the errno that drops pages: the first loss that the fault is to blame for, or how
 * the run itself ended. Throws NotReplayable.
 */
export async function judgeDrops(trial: Trial, failed: readonly FaultVerdict[], judge: JudgeCases): Promise<FaultVerdict[]> {
  if (failed.length === 0) return [];
  const plain = { trial, run: undisturbed(trial), trace: trial.subject.trace, from: 0 };
  const alone = CUT_ON.flatMap((name) => cutsOf(plain, name, withoutFlushes(PROFILES[name]), (cut) => ({ kind: 'cut-alone', cut })));
  const dropped = failed.flatMap((verdict) => {
    const op = opOf(verdict.case.fails);
    const run = { trial, run: verdict.run, trace: withDroppedPages(verdict.run.trace, op), from: op };
    return CUT_ON.flatMap((name) => cutsOf(run, name, withoutFlushes(PROFILES[name]), (cut) => ({ kind: 'dropped', op, cut })));
  });
  const { verdicts } = await judge([...alone, ...dropped]);
  const lostAnyway = new Set(
    verdicts.flatMap(({ case: { fails }, outcome }) => (fails.kind === 'cut-alone' ? [`${fails.cut.profile} ${outcome}`] : [])),
  );
  const isToBlame = ({ case: { fails }, outcome }: FaultVerdict): boolean =>
    fails.kind === 'dropped' && gradeOf(outcome, STALE_IS) === 'lossy' && !lostAnyway.has(`${fails.cut?.profile} ${outcome}`);
  return failed.map((verdict) => {
    const op = opOf(verdict.case.fails);
    const loss = verdicts.find((one) => one.run === verdict.run && one.case.fails.kind === 'dropped' && isToBlame(one));
    return loss ?? { ...verdict, case: { ...verdict.case, fails: { kind: 'dropped', op } } };
  });
}

/** The worst that each lying fsync leaves on each file system; undefined where there is no fsync. Throws NotReplayable. */
export async function judgeLies(trial: Trial, judge: JudgeCases): Promise<Lying | undefined> {
  const { trace } = trial.subject;
  const lies = fsyncsOf(trace).flatMap((op) => {
    const run = { trial, run: undisturbed(trial), trace: withLie(trace, op), from: op };
    return CUT_ON.map((name) => cutsOf(run, name, PROFILES[name], (cut) => ({ kind: 'lie', op, cut })));
  });
  if (lies.length === 0) return undefined;
  const { verdicts } = await judge(lies.flat());
  const outcomeOf = new Map(verdicts.map(({ case: one, outcome }) => [one, outcome]));
  const worst = lies.flatMap((cases) => worstOf(cases.flatMap((one) => outcomeOf.get(one) ?? [])) ?? []);
  const outcomes: { [outcome: string]: number } = {};
  for (const outcome of worst) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return { grade: worstGrade(worst.map((outcome) => gradeOf(outcome, STALE_IS))), outcomes };
}

/** One power cut by its id. `run`: that with the failed fsync; of a lie, the undisturbed one. Throws NoSuchCase. */
export function namedCut(
  trial: Trial,
  fails: Extract<FaultCase, { kind: 'dropped' | 'lie' }> & { readonly cut: CutAfterFault },
  run: FaultyRun,
): FaultyCase {
  const { cut, op, kind } = fails;
  const trace = kind === 'lie' ? withLie(run.trace, op) : withDroppedPages(run.trace, op);
  const rules = kind === 'lie' ? PROFILES[cut.profile] : withoutFlushes(PROFILES[cut.profile]);
  const tree = rebuild(trace, rules, cut.boundary, cut.detail, CUT_RUN);
  return { trial, subject: trial.subject, fails, left: { run, trace, boundary: cut.boundary, tree } };
}

/** The worst by its grade and then by its severity. */
function worstOf(outcomes: readonly Outcome[]): Outcome | undefined {
  const isLossy = (outcome: Outcome): boolean => gradeOf(outcome, STALE_IS) === 'lossy';
  const severity = (outcome: Outcome): number => (isLoss(outcome) ? OUTCOMES[outcome].severity : 0);
  return [...outcomes].sort((one, other) => Number(isLossy(other)) - Number(isLossy(one)) || severity(other) - severity(one))[0];
}

/** The op that fails first. */
export function opOf(fails: WhatFails): number {
  switch (fails.kind) {
    case 'faults':
      return fails.faults[0].op;
    case 'then-crash':
      return fails.fault.op;
    case 'dropped':
    case 'lie':
      return fails.op;
    case 'control':
    case 'cut-alone':
    case 'kill-alone':
      return 0;
    default:
      return fails satisfies never;
  }
}
