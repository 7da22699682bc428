/**
 * Failing calls in random histories: the last call of each is made to fail, in a process that has done all that comes before it, in a
 * directory that the processes before that one left.
 */
import type { Bench } from '../../bench/bench.ts';
import { executedHistories, lastCallSubject } from '../../bench/histories.ts';
import type { RecordedSubject, Subject } from '../../bench/subject.ts';
import type { Tried } from '../../domain/result.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import type { Outcome } from '../../domain/store.ts';
import { updatesIn } from '../../generate/calls-of.ts';
import { drawHistories } from '../../generate/draw.ts';
import { encodeHistory, type History } from '../../generate/history.ts';
import { upToLast } from '../../generate/last-call.ts';
import { shrink } from '../../generate/shrink.ts';
import { TallyCounter } from '../tally.ts';
import type { CrashModels } from './crash-after.ts';
import {
  byItsRules,
  exploreFaults,
  type FaultExploration,
  type FaultExplored,
  type FaultLimits,
  faultsOf,
  type NamedFault,
} from './explore.ts';
import type { OpFault } from './fault-id.ts';
import { type FaultVerdict, trialOf } from './trial.ts';

/** What the histories end with, in turn; those that never do it, with whatever call comes last. */
const LAST_STEPS = ['update', 'save', 'reset', 'unchanged'] as const;
/** A smaller history that is tried costs so many times as much as one of a crash model, which shares its runs with others. */
const COST_OF_SMALLER = 6;
/** Faults like the one that failed, by which a smaller history is tried. */
const ALIKE = 2;

/** Whole executions; `exploreFaultHistories` records the last call of each. */
export async function faultHistories(bench: Bench, only: NamedFault | undefined): Promise<readonly Subject[] | NotMeasured> {
  const { effort, store } = bench;
  const variation = await bench.executions.variation();
  if (isNotMeasured(variation)) return variation;
  if (only !== undefined) return executedHistories(bench, only.history === undefined ? [] : [only.history], true);
  const drawn = drawHistories(effort.costlyHistories, effort.seed, updatesIn(store.abilities));
  const cut = drawn.map((history, at) => upToLast(history, LAST_STEPS[at % LAST_STEPS.length]));
  return executedHistories(bench, cut, true);
}

/**
 * The faults of the last call of each history. The scenarios try every errno of each op; here each op fails with one, and the second
 * faults of a cell are shared among its histories. Of the verdicts, the shortest history for each outcome below the claim is kept.
 */
export async function exploreFaultHistories(
  executions: readonly RecordedSubject[],
  exploration: FaultExploration,
  crashes: CrashModels,
): Promise<FaultExplored> {
  const { cell, bench, only } = exploration;
  const counter = new TallyCounter(cell);
  const explored: FaultExplored[] = [];
  const doubts: string[] = [];
  const limits: FaultLimits = {
    errnos: 'first',
    second: Math.ceil(bench.effort.secondFaults / executions.length),
    lasting: 0,
    reads: false,
    lies: false,
    crashed: 0,
  };
  for (const { history } of executions) {
    const found = await exploreLastCall(history?.steps ?? [], exploration, crashes, limits);
    if (found === undefined) continue; // lost before its last call: the crash models report it
    if (isNotMeasured(found)) doubts.push(`in history ${encodeHistory(history?.steps ?? [])}: ${found.reason}`);
    else explored.push(found);
  }
  const verdicts = explored.flatMap((one) => one.verdicts);
  const untried = explored.filter(({ points }) => points === 0).flatMap((one) => one.doubts);
  // What the command line chose need not be in every history.
  const isSomeTried = bench.effort.faults !== undefined && explored.some(({ points }) => points > 0);
  for (const verdict of verdicts) counter.add(verdict);
  const sum = (of: (one: FaultExplored) => number): number => explored.reduce((total, one) => total + of(one), 0);
  const triedIn = (of: (tried: Extract<Tried, { kind: 'faults' }>) => number): number =>
    sum(({ tried }) => (tried?.kind === 'faults' ? of(tried) : 0));
  return {
    verdicts: only === undefined ? shortestOfEach(verdicts, (verdict) => counter.isViolation(verdict)) : verdicts,
    unmeasured: explored.flatMap((one) => one.unmeasured),
    doubts: [...doubts, ...(isSomeTried ? [] : untried), ...explored.filter(({ points }) => points > 0).flatMap((one) => one.doubts)],
    points: sum(({ points }) => points),
    tried: {
      kind: 'faults',
      tried: triedIn(({ tried }) => tried),
      twice: { tried: triedIn(({ twice }) => twice.tried), of: triedIn(({ twice }) => twice.of) },
    },
    notes: [],
    tally: counter.tally(),
    trials: explored.flatMap(({ trials }) => trials),
  };
}

async function exploreLastCall(
  history: History,
  exploration: FaultExploration,
  crashes: CrashModels,
  limits: FaultLimits,
): Promise<FaultExplored | NotMeasured | undefined> {
  const subject = await lastCallSubject(exploration.bench, history);
  return subject === undefined || isNotMeasured(subject) ? subject : exploreFaults(subject, exploration, crashes, limits);
}

const stepsOf = ({ case: { subject } }: FaultVerdict): History => subject.history?.steps ?? [];

function shortestOfEach(verdicts: readonly FaultVerdict[], isViolation: (verdict: FaultVerdict) => boolean): FaultVerdict[] {
  const shortest = new Map<Outcome, FaultVerdict>();
  for (const verdict of [...verdicts].sort((one, other) => stepsOf(one).length - stepsOf(other).length))
    if (isViolation(verdict) && !shortest.has(verdict.outcome)) shortest.set(verdict.outcome, verdict);
  return [...shortest.values()];
}

export async function shrinkFaultHistories(explored: FaultExplored, exploration: FaultExploration): Promise<FaultExplored> {
  const verdicts: FaultVerdict[] = [];
  for (const verdict of explored.verdicts) verdicts.push(await smallest(verdict, exploration));
  return { ...explored, verdicts };
}

/** Single faults are shrunk; two faults, or a power cut after one, are reported as they were drawn. */
async function smallest(failing: FaultVerdict, exploration: FaultExploration): Promise<FaultVerdict> {
  const { bench, cell, judge } = exploration;
  const { fails, subject } = failing.case;
  const [fault, ...more] = fails.kind === 'faults' ? fails.faults : [];
  if (fault === undefined || more.length > 0) return failing;
  const call = subject.trace.ops[fault.op - 1];
  const tried = new Map<string, Promise<FaultVerdict | undefined>>();
  /** Candidates that differ after their last call only are one history. */
  const failureOf = (candidate: History): Promise<FaultVerdict | undefined> => {
    const history = upToLast(candidate);
    const key = encodeHistory(history);
    const failure = tried.get(key) ?? failureIn(history);
    tried.set(key, failure);
    return failure;
  };
  const failureIn = async (history: History): Promise<FaultVerdict | undefined> => {
    const recorded = await lastCallSubject(bench, history);
    if (recorded === undefined || isNotMeasured(recorded)) return undefined;
    const smaller = await byItsRules(recorded, exploration);
    if (isNotMeasured(smaller)) return undefined;
    const { ops } = smaller.trace;
    const alike = faultsOf(smaller.trace, cell)
      .filter((one) => isAlike(one, fault) && ops[one.op - 1]?.call === call?.call && ops[one.op - 1]?.file.path === call?.file.path)
      .slice(0, ALIKE);
    const trial = trialOf(bench, smaller, cell.profile, judge);
    for (const one of alike) {
      const { verdicts } = await judge([{ trial, subject: smaller, fails: { kind: 'faults', faults: [one] } }]);
      const same = verdicts.find(({ outcome }) => outcome === failing.outcome);
      if (same !== undefined) return same;
    }
    return undefined;
  };
  const { history } = await shrink(
    stepsOf(failing),
    async (candidate) => {
      const found = await failureOf(candidate);
      return found && stepsOf(found);
    },
    { atOnce: 2, limit: Math.ceil(bench.effort.smallerHistories / COST_OF_SMALLER) },
  );
  return (await failureOf(history)) ?? failing;
}

function isAlike(one: OpFault, other: OpFault): boolean {
  return one.kind === other.kind && (one.kind !== 'errno' || other.kind !== 'errno' || one.errno === other.errno);
}
