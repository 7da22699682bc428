/**
 * Fsyncs that fail once and drop their dirty pages, and fsyncs that lie: what a power cut leaves after them, on the file systems on which
 * claims about power loss gate.
 *
 * A dropped page counts against a store only by what the undisturbed run does not lose to the same cut: the fault is to blame, not the cut.
 * What a store loses to a lie is shown and not held against it: there the best that any store can be is atomic.
 */

import { worstGrade } from '../../domain/grade.ts';
import { OUTCOMES, type Outcome } from '../../domain/outcomes.ts';
import type { Grade } from '../../domain/store.ts';
import type { Trace, Tree } from '../../domain/trace.ts';
import { gradeOf, isLoss, judgeRecovery } from '../../judge/outcome.ts';
import { NotReplayable } from '../../persistence/actions.ts';
import { powerLossStates, rebuild } from '../../persistence/power-loss.ts';
import type { Profile, ProfileName } from '../../persistence/profile.ts';
import { PROFILES } from '../../persistence/profiles.ts';
import type { Recording } from '../../record/record.ts';
import type { CutAfterFault, FaultCase } from './fault-id.ts';
import { promiseOf } from './fault-promise.ts';
import type { FaultyRun } from './fault-runs.ts';
import type { FaultJudge, FaultVerdict } from './fault-verdict.ts';
import { fsyncsOf, hasPages, withDroppedPages, withLie, withoutFlushes } from './fsync-edits.ts';

const CUT_ON = ['ext4', 'xfs', 'btrfs'] as const satisfies readonly ProfileName[];
/** Distinct states of one run on one file system up to which all are judged. */
const STATES_PER_CUT_RUN = 200;

/** What a power cut left of a run. */
interface CutState {
  readonly boundary: number;
  readonly detail: string;
  readonly tree: Tree;
}

type CutVerdict = Omit<FaultVerdict, 'case' | 'run' | 'finder'> & { readonly cut: CutAfterFault };

/** A run, as power loss sees it, on one file system. */
interface CutRun {
  readonly trace: Trace;
  readonly name: ProfileName;
  readonly rules: Profile;
  /** The first boundary that counts. */
  readonly from: number;
}

export interface FsyncFindings {
  /** One for each fsync that dropped its pages: the worst that it is to blame for, or how the run with it ended. */
  readonly dropped: readonly FaultVerdict[];
  readonly lying?: { readonly grade: Grade; readonly outcomes: { readonly [outcome: string]: number } };
  readonly notes: readonly string[];
}

/** `failed` are the verdicts of all runs in which an fsync failed with the errno that drops pages. */
export async function judgeFsyncs(judge: FaultJudge, recording: Recording, failed: readonly FaultVerdict[]): Promise<FsyncFindings> {
  const { trace } = recording;
  try {
    const dropped = await judgeDrops(judge, recording, failed);
    const lies = await Promise.all(
      fsyncsOf(trace).flatMap((op) =>
        CUT_ON.map((name) => judgeCuts(judge, { trace: withLie(trace, op), name, rules: PROFILES[name], from: op }).then(worstOf)),
      ),
    );
    const outcomes: { [outcome: string]: number } = {};
    for (const lie of lies) if (lie !== undefined) outcomes[lie.outcome] = (outcomes[lie.outcome] ?? 0) + 1;
    const grade = worstGrade(lies.flatMap((lie) => (lie === undefined ? [] : [gradeOf(lie.outcome, 'power-loss')])));
    return { dropped, ...(lies.length > 0 && { lying: { grade, outcomes } }), notes: [] };
  } catch (error) {
    if (!(error instanceof NotReplayable)) throw error;
    return { dropped: [], notes: [`fsyncs that drop pages or lie were not judged: ${error.message}`] };
  }
}

/** Throws NotReplayable where power loss cannot be worked out from a trace. */
export async function judgeDrops(
  judge: FaultJudge,
  { trace }: Pick<Recording, 'trace'>,
  failed: readonly FaultVerdict[],
): Promise<FaultVerdict[]> {
  const plain = new Map<ProfileName, ReadonlySet<Outcome>>();
  for (const name of failed.length === 0 ? [] : CUT_ON) {
    const verdicts = await judgeCuts(judge, { trace, name, rules: withoutFlushes(PROFILES[name]), from: 0 });
    plain.set(name, new Set(verdicts.map(({ outcome }) => outcome)));
  }
  return Promise.all(failed.map((verdict) => worstDrop(judge, verdict, plain)));
}

/** Whether a fault is an fsync that fails and can drop pages. */
export function dropsPages(trace: Trace, op: number): boolean {
  return fsyncsOf(trace).includes(op) && hasPages(trace, op);
}

async function worstDrop(
  judge: FaultJudge,
  verdict: FaultVerdict,
  plain: ReadonlyMap<ProfileName, ReadonlySet<Outcome>>,
): Promise<FaultVerdict> {
  const op = opOf(verdict.case);
  const trace = withDroppedPages(verdict.run.trace, op);
  const whole = { run: verdict.run, finder: { who: 'a fresh process' } } as const;
  const losses: CutVerdict[] = [];
  for (const name of CUT_ON) {
    const verdicts = await judgeCuts(judge, { trace, name, rules: withoutFlushes(PROFILES[name]), from: op });
    losses.push(...verdicts.filter(({ outcome }) => gradeOf(outcome, 'power-loss') === 'lossy' && !plain.get(name)?.has(outcome)));
  }
  for (const loss of losses) {
    const sure = judgeCut(judge, trace, loss, loss.cut, await judge.bench.recovery.confirm(loss.tree, judge.options.next));
    if (sure.outcome !== loss.outcome) continue;
    return { ...whole, ...sure, case: { kind: 'dropped', op, cut: loss.cut } };
  }
  return { ...verdict, case: { kind: 'dropped', op } };
}

/** One power cut by its id. `run`: that with the failed fsync; of a lie, the undisturbed one. Throws NoSuchState. */
export async function judgeNamedCut(
  judge: FaultJudge,
  one: Exclude<FaultCase, { kind: 'faults' }> & { readonly cut: CutAfterFault },
  run: FaultyRun,
): Promise<FaultVerdict> {
  const { cut, op, kind } = one;
  const trace = kind === 'lie' ? withLie(run.trace, op) : withDroppedPages(run.trace, op);
  const rules = kind === 'lie' ? PROFILES[cut.profile] : withoutFlushes(PROFILES[cut.profile]);
  const options = { limit: STATES_PER_CUT_RUN, seed: 1, unit: 4096 } as const;
  const tree = rebuild(trace, rules, cut.boundary, cut.detail, options);
  const recovery = await judge.bench.recovery.confirm(tree, judge.options.next);
  return { ...judgeCut(judge, trace, { tree }, cut, recovery), case: one, run, finder: { who: 'a fresh process' } };
}

async function judgeCuts(judge: FaultJudge, { trace, name, rules, from }: CutRun): Promise<CutVerdict[]> {
  const states: CutState[] = [];
  for (const state of powerLossStates(trace, rules, { limit: STATES_PER_CUT_RUN, seed: 1, unit: 4096 }))
    if (state.boundary >= from) states.push({ boundary: state.boundary, detail: state.detail, tree: state.toTree() });
  const found = await judge.bench.recovery.recoverTrees(
    states.map(({ tree }) => tree),
    judge.options.next,
  );
  return states.flatMap((state, index) => {
    const recovery = found[index]?.recovery;
    const cut = { profile: name, boundary: state.boundary, detail: state.detail };
    return recovery === undefined ? [] : [judgeCut(judge, trace, state, cut, recovery)];
  });
}

function judgeCut(
  { cell, before, options }: FaultJudge,
  { marks }: Trace,
  { tree }: Pick<CutState, 'tree'>,
  cut: CutAfterFault,
  recovery: CutVerdict['recovery'],
): CutVerdict {
  const settled = marks.filter(({ afterOp }) => afterOp <= cut.boundary);
  const promised = promiseOf(before, cell.scenario.steps, settled, true);
  return { outcome: judgeRecovery(promised, recovery, options), promised, recovery, tree, cut };
}

/** The worst by its grade and then by its severity. */
function worstOf(verdicts: readonly CutVerdict[]): CutVerdict | undefined {
  const isLossy = ({ outcome }: CutVerdict): boolean => gradeOf(outcome, 'power-loss') === 'lossy';
  const severity = ({ outcome }: CutVerdict): number => (isLoss(outcome) ? OUTCOMES[outcome].severity : 0);
  return [...verdicts].sort((one, other) => Number(isLossy(other)) - Number(isLossy(one)) || severity(other) - severity(one))[0];
}

function opOf(one: FaultCase): number {
  return one.kind === 'faults' ? one.faults[0].op : one.op;
}
