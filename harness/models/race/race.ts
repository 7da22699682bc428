/**
 * Races as a model: the tasks run as real processes, every order within the bound, with kills of one of them, and of all at once. What a race
 * leaves is recovered by a process that saw none of it, and judged by what any order of the calls allows.
 *
 * A failing race runs a second time. Races are held against the same tasks on the fake file system (`agreement.ts`).
 */
import type { Bench } from '../../bench/bench.ts';
import type { TasksSubject } from '../../bench/subject.ts';
import type { Effort } from '../../domain/effort.ts';
import { timesOnDisk } from '../../domain/file-times.ts';
import { sumOfMet } from '../../domain/met.ts';
import type { Tried } from '../../domain/result.ts';
import { type ScheduleEnd, scheduleId, stepsOf } from '../../domain/schedule.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import type { Step, Task, Tree } from '../../domain/trace.ts';
import { scanTree } from '../../domain/tree.ts';
import { treeFor } from '../../domain/tree-times.ts';
import { oracleOptions } from '../../judge/oracle.ts';
import { isLoss } from '../../judge/outcome.ts';
import { endOf } from '../../record/record.ts';
import type { Model } from '../model.ts';
import { blameSchedule } from '../schedule/blame.ts';
import { describeSchedule, NO_VARIATION, scheduleTimeline, shortestOfEachKind, stepsIn } from '../schedule/describe.ts';
import {
  type ScheduleCase,
  type ScheduleExplored,
  type ScheduleRun,
  type ScheduleVerdict,
  sightedSchedule,
} from '../schedule/schedule-case.ts';
import { tasksOfScenario, tasksSubject } from '../schedule/subjects.ts';
import { disagreements, type RaceExploration } from './agreement.ts';
import { type Crashes, crashesOf, NO_CRASHES } from './crashes.ts';
import { exploreRaces, type Races } from './explore-races.ts';
import { missingForRace } from './missing.ts';
import { type NamedRace, parseRaceDetail, raceDetail } from './race-id.ts';
import { endRaces, goingFirst, keyOf, namesIn, type Planned, type Raced, type RunRace, raceOn } from './raced.ts';
import { betweenPasses, isTwice, twiceOf, withTwice } from './twice.ts';

export const race: Model<ScheduleCase, ScheduleRun, NamedRace, ScheduleExplored> = {
  name: 'race',
  tries: 'schedules',
  profiles: [{ gates: true, byDefault: true, lossesPerSecond: 0.02, seconds: 21.8 }],
  words: {
    help: 'two real processes at the same time, their calls let through one by one in a chosen order; one of them killed, or both',
    report: () => 'real processes went on at the same time, in chosen orders of their calls',
    crashed: 'killed',
  },
  claim: { byDefault: 'atomic', borrows: 'interleaving', staleIs: 'atomic' },
  appliesTo: ({ tasks, histories }) => tasks !== undefined || histories === true,
  // Each history is raced in hundreds of orders.
  byDefaultOn: ({ histories }) => histories !== true,
  missing: ({ recorder }) => missingForRace(recorder),
  id: {
    // The schedule is where the race was interfered with; how many ops come after that may be a matter of time.
    write: ({ end, subject: { history, twice } }) =>
      `@${stepsIn(end)}~${raceDetail({ ...plannedAs(end), ...(history && { history }), ...(twice !== undefined && { twice }) })}`,
    read: (op, detail) => {
      const named = parseRaceDetail(detail);
      return named !== undefined && stepsOf(named.schedule) === op ? named : undefined;
    },
  },

  subjects: async (cell, bench, only) => {
    const subjects = tasksOfScenario(cell, bench, bench.effort.costlyHistories, only);
    const [tasks] = isNotMeasured(subjects) || cell.scenario.histories ? [] : subjects;
    if (tasks === undefined) return subjects;
    if (only === undefined) return [tasks, ...twiceOf(tasks)];
    const { twice } = only;
    if (twice === undefined) return [tasks];
    return twice < tasks.tasks.length ? [withTwice(tasks, twice)] : { reason: `there are only ${tasks.tasks.length} tasks` };
  },

  explore: async (subjects, exploration) => {
    const { bench } = exploration;
    const all: ScheduleExplored[] = [];
    for (const subject of subjects.map(tasksSubject)) {
      const tree = await treeBefore(subject.before, bench);
      const explored = isNotMeasured(tree) ? tree : await exploreFrom(tree, subject, exploration);
      if (isNotMeasured(explored)) return explored;
      all.push(explored);
    }
    return together(all);
  },

  carryOut: async (cases, bench) => {
    const options = oracleOptions(bench);
    return cases.map((one) => sightedSchedule(one, `${one.end.how} ${one.end.killed === undefined}`, options));
  },

  picture: () => [],
  selected: ({ explored }, isViolation, all) => (all ? explored.verdicts : shortestOfEachKind(explored, isViolation)),
  describe: describeSchedule,
  blame: blameSchedule,
  variation: ({ case: { end } }) => ({ ...NO_VARIATION, names: end.names ?? [] }),
  timeline: scheduleTimeline,
};

async function exploreFrom(tree: Tree, subject: TasksSubject, exploration: RaceExploration): Promise<ScheduleExplored | NotMeasured> {
  const { bench, judge, only } = exploration;
  const { tasks } = subject;
  const start = { tasks, tree };
  const learnt = await namesIn(bench, start, subject.twice);
  if (isNotMeasured(learnt)) return learnt;
  const { names, control } = learnt;
  const { preemptions: bound, racedKills, racedCrashes } = bench.effort;
  const fresh = raceOn(bench, start, { names, fresh: true });
  const exploreAll = async (): Promise<Races | NotMeasured> => {
    const explore = (run: RunRace): Promise<Races | NotMeasured> =>
      exploreRaces(run, tasks.length, { preemptions: bound, kills: racedKills });
    const used = raceOn(bench, start, { names, fresh: false });
    const quick = await explore(used);
    // Processes that raced before must do what one does that did not.
    const again = isNotMeasured(quick) ? undefined : await used(goingFirst(0));
    const found = again === undefined || (!isNotMeasured(again) && keyOf(again) === keyOf(control)) ? quick : await explore(fresh);
    await endRaces(bench, start);
    return found;
  };
  const isAll = only === undefined && !isTwice(subject);
  const planned = only ?? (isTwice(subject) ? betweenPasses(subject, control) : undefined);
  const found = isAll ? await exploreAll() : await onlyThis(fresh, planned);
  if (isNotMeasured(found)) return found;
  const crashes = isAll ? crashesOf(found.races, racedCrashes) : NO_CRASHES;
  const { verdicts } = await judge([...found.races.map(({ end }) => end), ...crashes.ends].map((end) => ({ subject, end })));
  const raced = async (planned: Planned): Promise<ScheduleVerdict | NotMeasured> => {
    const again = await fresh(planned);
    if (isNotMeasured(again)) return again;
    const [verdict] = (await judge([{ subject, end: again.end }])).verdicts;
    return verdict ?? { reason: 'it was not judged' };
  };
  const notes = await Promise.all(failingAlike(verdicts).map((verdict) => runAgain(verdict, raced)));
  const held = isAll ? await disagreements(subject, exploration, verdicts, raced) : [];
  const [minimal] = verdicts.filter(({ outcome }) => isLoss(outcome)).sort((one, other) => violence(one) - violence(other));
  const count = (of: Violence): number => verdicts.filter((verdict) => violence(verdict) === of).length;
  return {
    verdicts,
    unmeasured: [],
    doubts: found.doubts.map(({ planned, reason }) => `${scheduleId(planned.schedule)} could not be run: ${reason}`),
    points: found.tried,
    met: { waited: found.races.filter(({ events }) => events.some(({ kind }) => kind === 'waits')).length },
    tried: {
      kind: 'schedules',
      reach: 'bounded',
      bound,
      tried: found.tried,
      distinct: found.races.length,
      crashes: count(ALL_KILLED),
      kills: count(ONE_KILLED),
    },
    notes: [
      ...notesOn(found, tasks),
      ...beyondLimits(found, crashes, bench.effort),
      ...notes.filter((note) => note !== undefined),
      ...held,
    ],
    ...(minimal !== undefined && { minimal }),
  };
}

/** Of several histories: which order fails first is reported first. */
function together(all: readonly ScheduleExplored[]): ScheduleExplored {
  const [first, ...others] = all;
  if (first === undefined) throw new Error('at least one subject');
  return others.reduce((sum, one): ScheduleExplored => {
    const minimal = sum.minimal ?? one.minimal;
    return {
      verdicts: [...sum.verdicts, ...one.verdicts],
      unmeasured: [...sum.unmeasured, ...one.unmeasured],
      doubts: [...sum.doubts, ...one.doubts],
      points: sum.points + one.points,
      met: sumOfMet(sum.met ?? {}, one.met ?? {}),
      ...bothTried(sum.tried, one.tried),
      notes: [...new Set([...sum.notes, ...one.notes])],
      ...(minimal && { minimal }),
    };
  }, first);
}

function bothTried(one: Tried | undefined, other: Tried | undefined): { readonly tried: Tried } {
  if (one?.kind !== 'schedules' || other?.kind !== 'schedules') throw new Error('races try schedules');
  const { tried, distinct, crashes, kills } = other;
  return {
    tried: {
      ...one,
      tried: one.tried + tried,
      distinct: one.distinct + distinct,
      crashes: one.crashes + crashes,
      kills: one.kills + kills,
    },
  };
}

const [NONE_KILLED, ONE_KILLED, ALL_KILLED] = [0, 1, 2] as const;
type Violence = typeof NONE_KILLED | typeof ONE_KILLED | typeof ALL_KILLED;

/** Losses that need no kill are reported first. */
function violence({ case: { end } }: ScheduleVerdict): Violence {
  if (end.how === 'crashed') return ALL_KILLED;
  return end.killed === undefined ? NONE_KILLED : ONE_KILLED;
}

function plannedAs({ schedule, how, killed }: ScheduleEnd): Planned {
  const kill = how === 'crashed' ? 'all' : killed;
  return { schedule, ...(kill !== undefined && { kill }) };
}

/** A race that is known beforehand, if there is one. */
async function onlyThis(run: RunRace, planned: Planned | undefined): Promise<Races | NotMeasured> {
  if (planned === undefined) return { races: [], tried: 0, leftOut: 0, killsBeyond: 0, doubts: [] };
  const raced = await run(planned);
  return isNotMeasured(raced) ? raced : { races: [raced], tried: 1, leftOut: 0, killsBeyond: 0, doubts: [] };
}

/** What one process leaves that carries out the steps before: made once, and copied for each race. */
async function treeBefore(before: readonly Step[], bench: Bench): Promise<Tree | NotMeasured> {
  if (before.length === 0) return new Map();
  const request = bench.prepareOn(new Map(), before);
  const { events } = await bench.recorder.run({ ...request, plan: { kind: 'observe' } });
  const rejected = events.find(({ kind }) => kind === 'rejected');
  if (endOf(events).how === 'finished' && rejected === undefined) {
    const tree = scanTree(request.directory);
    return treeFor(bench.store, tree, timesOnDisk(request.directory, tree));
  }
  const why = bench.complaint(request.directory)?.split('\n')[0] ?? endOf(events).how;
  return { reason: `the steps before the race did not get through: ${why}` };
}

function notesOn({ leftOut, races }: Races, tasks: readonly Task[]): string[] {
  const unmeasured = new Set(races.flatMap((one: Raced) => one.unmeasured));
  const died = races.flatMap(({ events, end }) =>
    events.flatMap((event) =>
      event.kind === 'died'
        ? [`the process of ${tasks[event.task]?.name} ended by itself (${event.how}) in ${scheduleId(end.schedule)}`]
        : [],
    ),
  );
  return [
    ...(leftOut > 0 ? [`${leftOut} switches and kills left out: what they lead to is what the one before them leads to`] : []),
    ...[...unmeasured].map((what) => `not measured: ${what}`),
    ...died.slice(0, 1),
  ];
}

function beyondLimits({ killsBeyond }: Races, { beyond }: Crashes, { racedKills, racedCrashes }: Effort): string[] {
  return [
    ...(killsBeyond > 0 ? [`${killsBeyond} kills after a switch not run: at most ${racedKills} are`] : []),
    ...(beyond > 0 ? [`${beyond} crashes of all tasks not judged: at most ${racedCrashes} are`] : []),
  ];
}

/** The shortest of the races that failed alike: with a kill of one, or of all, or without. */
function failingAlike(verdicts: readonly ScheduleVerdict[]): ScheduleVerdict[] {
  const first = new Map<string, ScheduleVerdict>();
  for (const verdict of verdicts) {
    const kind = `${verdict.outcome} ${violence(verdict)}`;
    if (isLoss(verdict.outcome) && !first.has(kind)) first.set(kind, verdict);
  }
  return [...first.values()];
}

/** What is to be said of a failing race that ran once more. */
async function runAgain(
  { outcome, case: { end, subject } }: ScheduleVerdict,
  raced: (planned: Planned) => Promise<ScheduleVerdict | NotMeasured>,
): Promise<string | undefined> {
  const planned = plannedAs(end);
  const { twice } = subject;
  const name = raceDetail({ ...planned, ...(twice !== undefined && { twice }) });
  const again = await raced(planned);
  if (isNotMeasured(again)) return `${name} could not be run a second time: ${again.reason}`;
  return again.outcome === outcome ? undefined : `${name} ended ${outcome}, and ${again.outcome} when it was run again`;
}
