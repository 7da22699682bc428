/**
 * Interleavings as a model: the tasks of a store run on the fake file system, in every order of their effects, crashed at every step.
 *
 * Orders are enumerated and judged in a process of their own (`child/interleave.ts`), which answers with counts and with the shortest end of
 * each kind of failure. Such an end is believed when the real store, on the real file system, finds the same in what is left.
 */

import type { TasksSubject } from '../../bench/subject.ts';
import { NoSuchCase } from '../../domain/errors.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import type { Outcome } from '../../domain/store.ts';
import { simplerHistories } from '../../generate/concurrent.ts';
import { oracleOptions } from '../../judge/oracle.ts';
import { decodeTree, type Interleaved, type InterleaveRequest, type NamedSchedule } from '../../protocol/interleave.ts';
import { violates } from '../held.ts';
import type { Exploration, Model } from '../model.ts';
import { blameSchedule } from '../schedule/blame.ts';
import { describeSchedule, NO_VARIATION, scheduleTimeline, shortestOfEachKind, stepsIn } from '../schedule/describe.ts';
import {
  type ScheduleCase,
  type ScheduleExplored,
  type ScheduleRun,
  type ScheduleVerdict,
  sightedSchedule,
} from '../schedule/schedule-case.ts';
import { subjectOf, tasksOfScenario, tasksSubject } from '../schedule/subjects.ts';
import { parseScheduleDetail, scheduleDetail } from './coding.ts';
import { compareNumbers } from './compare.ts';

/** Where there are more schedules than the limit, one in so many of that number is drawn at random. */
const SCHEDULES_PER_SAMPLE = 10;
/** Processes that interleave histories side by side. */
const PROCESSES = 2;

const SHARED_MEMORY = 'the tasks share memory that shows in no file: no two orders were taken for the same';

type InterleavingExploration = Exploration<ScheduleCase, ScheduleRun, NamedSchedule>;

export const interleaving: Model<ScheduleCase, ScheduleRun, NamedSchedule, ScheduleExplored> = {
  name: 'interleaving',
  tries: 'schedules',
  profiles: [{ gates: true, byDefault: true, lossesPerSecond: 0.23, seconds: 4.1, historiesSeconds: 34 }],
  words: {
    help: 'two tasks at the same time on a fake file system, in every order of their effects, with a crash at every step',
    report: () => 'tasks went on at the same time, in every order of their steps',
    crashed: 'crashed',
  },
  claim: { byDefault: 'atomic', staleIs: 'atomic' },
  appliesTo: ({ tasks, histories }) => tasks !== undefined || histories === true,
  missing: () => undefined,
  unfitFor: ({ kind }) => (kind === 'command' ? 'a store that runs as commands has no calls that could be interleaved' : undefined),
  id: {
    write: ({ end, subject: { history } }) => {
      const { schedule, ops, how } = end;
      const isCrash = how === 'crashed';
      const detail = scheduleDetail({ schedule, ...(isCrash && { crashAfter: ops.length }), ...(history && { history }) });
      return `@${isCrash ? ops.length : stepsIn(end)}~${detail}`;
    },
    read: parseScheduleDetail,
  },

  subjects: async (cell, bench, only) => tasksOfScenario(cell, bench, bench.effort.histories, only),

  explore: async (subjects, exploration) => {
    const { bench, cell } = exploration;
    const bundle = await bench.fake.bundle();
    if (typeof bundle !== 'string') return bundle;
    const { schedules, schedulesPerHistory, seed } = bench.effort;
    const runs = cell.scenario.histories ? schedulesPerHistory : schedules;
    const limits = { runs, samples: Math.ceil(runs / SCHEDULES_PER_SAMPLE), seed };
    const options = oracleOptions(bench);
    const request = { bundle, now: Date.now(), instances: 'shared', ...options, ...limits } as const;
    const interleaver = new Interleaver(exploration, request);
    const found = await interleaver.explore(subjects.map(tasksSubject));
    return isNotMeasured(found) || !cell.scenario.histories || exploration.only !== undefined ? found : interleaver.simplify(found);
  },

  carryOut: async (cases, bench) => {
    const options = oracleOptions(bench);
    // Each by itself: what the fake says is doubted until a fresh process says the same.
    return cases.map((one, index) => sightedSchedule(one, String(index), options));
  },

  picture: () => [],
  selected: ({ explored }, isViolation, all) => (all ? explored.verdicts : shortestOfEachKind(explored, isViolation)),
  describe: describeSchedule,
  blame: blameSchedule,
  variation: () => NO_VARIATION,
  timeline: scheduleTimeline,
};

class Interleaver {
  readonly #exploration: InterleavingExploration;
  readonly #request: Omit<InterleaveRequest, 'plays' | 'named' | 'before'>;

  constructor(exploration: InterleavingExploration, request: Omit<InterleaveRequest, 'plays' | 'named' | 'before'>) {
    this.#exploration = exploration;
    this.#request = request;
  }

  async explore(subjects: readonly TasksSubject[]): Promise<ScheduleExplored | NotMeasured> {
    const { bench, cell, judge } = this.#exploration;
    const results = await this.#interleave(subjects);
    if (isNotMeasured(results)) return results;
    const cases = results.flatMap(({ ends }, index) =>
      ends.map(({ end, tree, times, outcome }): ScheduleCase => {
        const subject = subjects[index];
        if (subject === undefined) throw new Error('one answer for each subject');
        const timeAt = new Map(times);
        return { subject, end: { ...end, tree: decodeTree(tree), timeOf: (path) => timeAt.get(path) ?? 0 }, faked: outcome };
      }),
    );
    const { verdicts } = await judge(cases);
    const shortest = smallestOfEach(verdicts).sort(byInterest);
    const [minimal] = shortest;
    const sum = (count: (one: Interleaved) => number): number => results.reduce((total, one) => total + count(one), 0);
    const denied = new Set(verdicts.map(({ case: { faked } }) => faked));
    for (const { case: one, outcome } of verdicts) if (outcome === one.faked) denied.delete(outcome);
    const outcomes = Object.fromEntries(Object.entries(sumOfOutcomes(results)).filter(([outcome]) => !denied.has(outcome as Outcome)));
    const breaks = violates(cell);
    const count = (wanted: (outcome: Outcome) => boolean): number =>
      Object.entries(outcomes).reduce((total, [outcome, number]) => (wanted(outcome as Outcome) ? total + number : total), 0);
    const ownClocks = bench.store.readsTimes ? ' (the store names times of files, and on the fake each task has a clock of its own)' : '';
    const isAll = results.every(({ kind }) => kind === 'exhaustive');
    const bounds = results.flatMap(({ bound }) => bound ?? []);
    const tried = sum(({ runs }) => runs);
    return {
      verdicts: shortest,
      unmeasured: [],
      doubts: verdicts.flatMap(({ case: { faked }, outcome }) =>
        outcome === faked ? [] : [`fake and real disagree: what the fake calls ${faked} is ${outcome} in a real recovery${ownClocks}`],
      ),
      points: tried,
      tried: {
        kind: 'schedules',
        reach: isAll ? 'exhaustive' : (results.find(({ kind }) => kind !== 'exhaustive')?.kind ?? 'sampled'),
        tried,
        distinct: sum(({ states }) => states),
        crashes: sum(({ crashes }) => crashes),
        kills: 0,
        ...(!isAll && bounds.length > 0 && { bound: Math.min(...bounds) }),
      },
      notes: results.some(({ memory }) => memory) ? [SHARED_MEMORY] : [],
      tally: { states: count(() => true), distinct: sum(({ trees }) => trees), violations: count(breaks), outcomes },
      ...(minimal && { minimal }),
    };
  }

  /** In several processes, each with its share. No subject knows of another, so the answers do not depend on how they are shared out. */
  async #interleave(subjects: readonly TasksSubject[]): Promise<readonly Interleaved[] | NotMeasured> {
    const { bench, only } = this.#exploration;
    const shares = Array.from({ length: Math.min(PROCESSES, subjects.length) }, (_, share) =>
      subjects.filter((__, at) => at % PROCESSES === share),
    );
    const answers = await Promise.all(
      shares.map((share) =>
        bench.fake.run({
          ...this.#request,
          before: share[0]?.before ?? [],
          plays: share.map(({ tasks }) => tasks),
          ...(only && { named: only }),
        }),
      ),
    );
    const results: Interleaved[] = [];
    for (const [share, answer] of answers.entries()) {
      if (answer.kind === 'no-such-schedule') throw new NoSuchCase(answer.reason);
      if (answer.kind !== 'interleaved') return answer;
      for (const [at, one] of answer.results.entries()) results[at * PROCESSES + share] = one;
    }
    return results;
  }

  /** Takes one step after the other out of a failing history, as long as it fails alike. */
  async simplify(explored: ScheduleExplored): Promise<ScheduleExplored> {
    const { bench } = this.#exploration;
    const verdicts: ScheduleVerdict[] = [];
    for (const verdict of explored.verdicts) {
      let smallest = verdict;
      for (let { history } = verdict.case.subject; history !== undefined; ) {
        const simpler = simplerHistories(history);
        history = undefined;
        if (simpler.length === 0) break;
        const again = await this.explore(simpler.map((one) => subjectOf(one, bench)));
        if (isNotMeasured(again)) break;
        const same = again.verdicts.find((one) => kindOf(one) === kindOf(smallest));
        if (same === undefined) break;
        smallest = same;
        history = same.case.subject.history;
      }
      verdicts.push(smallest);
    }
    const [minimal] = verdicts.sort(byInterest);
    return { ...explored, verdicts, ...(minimal && { minimal }) };
  }
}

function sumOfOutcomes(results: readonly Interleaved[]): { [outcome in Outcome]?: number } {
  const outcomes: { [outcome in Outcome]?: number } = {};
  for (const one of results)
    for (const [outcome, count] of Object.entries(one.outcomes) as [Outcome, number][])
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  return outcomes;
}

/** Failures that went alike: by a load or by what was left, with a crash or without. */
function kindOf({ outcome, case: { end }, run: { promise } }: ScheduleVerdict): string {
  return `${outcome} ${end.how} ${promise.badLoad === undefined}`;
}

/** Of each kind the one with the shortest history, and of these the shortest schedule. */
function smallestOfEach(verdicts: readonly ScheduleVerdict[]): ScheduleVerdict[] {
  const size = ({ case: { subject, end } }: ScheduleVerdict): number[] => [
    subject.history?.flat().length ?? 0,
    end.schedule.length,
    end.ops.length,
  ];
  const kinds = new Map<string, ScheduleVerdict>();
  for (const verdict of verdicts) {
    const known = kinds.get(kindOf(verdict));
    if (known === undefined || compareNumbers(size(verdict), size(known)) < 0) kinds.set(kindOf(verdict), verdict);
  }
  return [...kinds.values()];
}

/** What needs no crash comes first, and before that what a reader met; then the shortest. */
function byInterest(one: ScheduleVerdict, other: ScheduleVerdict): number {
  const rank = ({ case: { end }, run: { promise } }: ScheduleVerdict): number[] => [
    Number(end.how === 'crashed'),
    Number(promise.badLoad === undefined),
    end.schedule.length,
    end.ops.length,
  ];
  return compareNumbers(rank(one), rank(other));
}
