/**
 * Explores crashes of recorded runs: every state of a scenario's run, or of the executions of many random histories.
 */
import type { Bench } from '../../bench/bench.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
import { NoSuchCase } from '../../domain/errors.ts';
import type { Tried } from '../../domain/result.ts';
import { FRESH, isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import type { Trace } from '../../domain/trace.ts';
import type { History } from '../../generate/history.ts';
import { NotReplayable } from '../../persistence/actions.ts';
import type { CarriedOut, Unmeasured } from '../../recover/believe.ts';
import type { Cell, Exploration, Explored } from '../model.ts';
import { triedAgain } from '../second-tries.ts';
import { TallyCounter } from '../tally.ts';
import type { NamedState } from './crash-id.ts';
import { type CrashCase, type CrashState, type CrashVerdict, crashCase, timeIn } from './crash-state.ts';
import { metByCrashes } from './met.ts';
import { tryAgainAfterCrash } from './try-again.ts';

/** The crash states of one trace. */
export interface StatesOfTrace<State extends CrashState = CrashState> {
  readonly states: readonly State[];
  /** Boundaries, and places inside ops, at which a crash was tried. */
  readonly points: number;
}

export interface StateOptions {
  /** Distinct states up to which all are enumerated. */
  readonly limit: number;
  readonly seed: number;
  /** Whole pages only: no write is torn at sectors. */
  readonly wholePages?: boolean;
}

export interface CrashExplored<Found extends StatesOfTrace = StatesOfTrace> extends Explored<CrashCase, undefined> {
  /** What was enumerated of each subject, in their order; of drawn histories nothing is kept. */
  readonly found: readonly Found[];
  /** Histories that could not be executed to their end. */
  readonly troubled?: readonly History[];
}

export type CrashExploration = Exploration<CrashCase, undefined, NamedState>;

/** States that are trees and nothing else. */
export function treeCases(
  cases: readonly CrashCase[],
  bench: Bench,
): Promise<readonly (CarriedOut<CrashCase, undefined> | Unmeasured<CrashCase>)[]> {
  const carriedOut = cases.map((one) => ({ case: one, run: undefined, kind: '', sightings: [treeOf(one)] }));
  return triedAgain(carriedOut, bench, tryAgainAfterCrash);
}

export function treeOf({ state, oracle, subject }: CrashCase): CarriedOut<CrashCase, undefined>['sightings'][number] {
  const { tree, promisedAt } = state;
  return { tree, timeOf: timeIn(state, subject.trace), looker: FRESH, judge: (found) => oracle(promisedAt, tree, found) };
}

/** All states of one run, or the one that is named. */
export async function exploreRun<Found extends StatesOfTrace>(
  subject: RecordedSubject,
  { judge }: CrashExploration,
  statesOf: (trace: Trace) => Found | Promise<Found | NotMeasured>,
  triedOf: (found: Found) => Tried | undefined,
): Promise<CrashExplored<Found> | NotMeasured> {
  const found = await replayable(subject, () => statesOf(subject.trace));
  if (isNotMeasured(found)) return found;
  const { verdicts, unmeasured } = await judge(found.states.map((state) => crashCase(subject, state)));
  const tried = triedOf(found);
  const { unmeasured: doubts } = subject.trace;
  const late = subject.again?.recording.late;
  return {
    verdicts,
    unmeasured,
    doubts,
    points: found.points,
    ...(tried && { tried, met: metByCrashes(subject, found.states) }),
    notes: [...(subject.notes ?? []), ...(late === undefined ? [] : [late]), ...unsplitStores(subject.trace)],
    found: [found],
  };
}

/** What memory held between two stores of one interval is not known. */
function unsplitStores({ ops }: Trace): string[] {
  const count = ops.filter(({ call }) => call === 'mapwrite').length;
  if (count === 0) return [];
  const often = count === 1 ? 'once' : `${count} times`;
  return [`stores to mapped files are separated only by calls between them: ${often} they count as one`];
}

/** A trace that the model of power loss cannot follow gives no states. */
export async function replayable<Found>(subject: RecordedSubject, work: () => Found | Promise<Found>): Promise<Found | NotMeasured> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NotReplayable)) throw error;
    const [unmeasured] = subject.trace.unmeasured;
    return { reason: unmeasured ?? `power loss cannot be worked out from this trace: ${error.message}` };
  }
}

/** Histories whose states are judged together. */
const PER_BATCH = 24;

/** Histories are always a sample; of their verdicts the shortest history for each outcome below the claim is kept. */
export async function exploreHistories<Found extends StatesOfTrace>(
  subjects: readonly RecordedSubject[],
  { cell, judge }: Pick<CrashExploration, 'cell' | 'judge'>,
  statesOf: (subject: RecordedSubject) => Found | Promise<Found>,
  triedOf: (found: readonly Found[]) => Tried | undefined,
): Promise<CrashExplored<Found>> {
  const counter = new TallyCounter(cell);
  const shortest = new Map<string, CrashVerdict>();
  const found: Found[] = [];
  const troubled: History[] = [];
  for (let at = 0; at < subjects.length; at += PER_BATCH) {
    const cases: CrashCase[] = [];
    for (const subject of subjects.slice(at, at + PER_BATCH)) {
      const states = await replayable(subject, () => statesOf(subject));
      if (isNotMeasured(states) || subject.history?.trouble !== undefined) troubled.push(subject.history?.steps ?? []);
      if (isNotMeasured(states)) continue;
      found.push(states);
      cases.push(...states.states.map((state) => crashCase(subject, state)));
    }
    const { verdicts } = await judge(cases);
    for (const verdict of verdicts) {
      counter.add(verdict);
      const known = shortest.get(verdict.outcome);
      if (counter.isViolation(verdict) && (known === undefined || stepsOf(verdict).length < stepsOf(known).length))
        shortest.set(verdict.outcome, verdict);
    }
  }
  const tried = triedOf(found);
  return {
    verdicts: [...shortest.values()],
    unmeasured: [],
    doubts: [],
    points: found.reduce((sum, { points }) => sum + points, 0),
    ...(tried && { tried }),
    notes: [],
    tally: counter.tally(),
    found: [],
    troubled,
  };
}

/** The steps of a history up to the crash. */
export function stepsOf({ case: { subject, state } }: CrashVerdict): History {
  return subject.history?.upTo(state.at.op) ?? [];
}

/** The scenario's run, or the history that a case id names. Throws NoSuchCase where it names none. */
export function oneRun(
  subjects: readonly RecordedSubject[],
  { scenario }: Cell,
  only: NamedState | undefined,
): RecordedSubject | NotMeasured {
  const [subject] = subjects;
  if (scenario.histories && (subject === undefined || only === undefined))
    throw new NoSuchCase('it names no history, as in @5~history=s1.u2.c3.l');
  if (subject === undefined) throw new Error('a recorded scenario is one subject');
  const trouble = subject.history?.trouble;
  return trouble !== undefined && only !== undefined && only.at.op > subject.trace.ops.length ? { reason: trouble } : subject;
}
