/**
 * Power loss as a model: `persistence/` says what each kind of file system may lose, `loss-space.ts` enumerates it for a trace.
 *
 * A claim gates where file systems are common; `posix` (the floor) and `ext4-noauto` are shown, unless somebody names them.
 */
import type { Bench } from '../../bench/bench.ts';
import { executedHistories } from '../../bench/histories.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
import type { Blame, Mechanism } from '../../domain/mechanisms.ts';
import type { Tried } from '../../domain/result.ts';
import { isNotMeasured } from '../../domain/sighting.ts';
import type { Outcome } from '../../domain/store.ts';
import type { Trace } from '../../domain/trace.ts';
import { effectText } from '../../explain/changed.ts';
import { historiesAfterKills, SAVE_TO_KILL } from '../../generate/after-kills.ts';
import type { Coverage } from '../../persistence/power-loss.ts';
import type { Profile as Persistence, ProfileName } from '../../persistence/profile.ts';
import { PROFILES } from '../../persistence/profiles.ts';
import { parseDetail } from '../../persistence/state-id.ts';
import { blameCrash } from '../crash/blame.ts';
import { type NamedState, type ReadState, readCrashId, writeCrashId } from '../crash/crash-id.ts';
import { type CrashVerdict, crashCase, type LossState } from '../crash/crash-state.ts';
import { beginningWith, crashNotes, crashTimeline, describeCrash, leastLost, lineOf, variationOf } from '../crash/describe.ts';
import {
  type CrashExploration,
  type CrashExplored,
  exploreHistories,
  exploreRun,
  oneRun,
  type StateOptions,
  type StatesOfTrace,
  treeCases,
} from '../crash/explore.ts';
import { historyStates, statesSince } from '../crash/history-states.ts';
import type { TraceModel } from '../crash/in-recovery.ts';
import { carriedOn, letterOf, worstAtEach } from '../crash/letters.ts';
import { shrinkHistories } from '../crash/shrink-histories.ts';
import { crashSubjects } from '../crash/subjects.ts';
import { profileOf } from '../held.ts';
import { type Letter, type Profile, recordedOf } from '../model.ts';
import { type Explanation, explainSpace } from './explanation.ts';
import { LossSpace, lossStateNamed, promisesOf } from './loss-space.ts';
import { pendingLoss } from './pending-loss.ts';

/** What a load has read may not be on disk: both allowed values stay allowed until the next save resolves. */
const LOAD_SETTLES = false;
const GATES: ReadonlySet<ProfileName> = new Set(['ext4', 'xfs', 'btrfs']);
const ONLY_NAMED: ReadonlySet<ProfileName> = new Set(['ext4-journal']);
const UNCALIBRATED: ReadonlySet<ProfileName> = new Set(['f2fs', 'apfs', 'ntfs']);
/** States that are looked up for a picture, over all boundaries; with more, a boundary shows the states first enumerated there. */
const STATES_PER_PICTURE = 200_000;

interface Found extends StatesOfTrace<LossState> {
  readonly coverage?: LossSpace['coverage'];
  readonly isSampled?: boolean;
  /** Of a run whose states were all enumerated; a named state has none. */
  readonly space?: LossSpace;
}

interface LossExplored extends CrashExplored<Found> {
  readonly explanation?: Explanation;
}

function persistenceOf(profile: string | undefined): Persistence {
  const found = Object.values(PROFILES).find(({ name }) => name === profile);
  if (found === undefined) throw new Error(`there is no persistence profile ${profile}`);
  return found;
}

function statesOf(trace: Trace, profile: string | undefined, options: StateOptions, only?: NamedState): Found {
  const rules = persistenceOf(profile);
  if (only !== undefined) return { states: [lossStateNamed(trace, rules, only, options)], points: 1 };
  const space = new LossSpace(trace, rules, options);
  const { states, points, coverage, isSampled } = space;
  return { states, points, coverage, isSampled, space };
}

const readState: ReadState = (op, detail) => (parseDetail(detail) === undefined ? undefined : { at: { op }, detail });

function statesOfHistory({ cell, bench: { effort } }: CrashExploration): (subject: RecordedSubject) => Found {
  return ({ trace, history }) => {
    const enumerate = (part: Trace, options: StateOptions): Found => statesOf(part, cell.profile, options);
    const found =
      history?.since === undefined
        ? historyStates(trace, history?.ends ?? [], effort, enumerate)
        : statesSince(trace, history.since, effort, enumerate);
    const { space: _, coverage, ...rest } = found;
    if (coverage === undefined) return rest;
    return { ...rest, coverage: { pages: found.isSampled ? { ...coverage.pages, distinct: found.states.length } : coverage.pages } };
  };
}

/** A process dies in a save, and the power goes in the save of the next one. */
async function afterKills(bench: Bench): Promise<readonly RecordedSubject[]> {
  const { killedSaves } = bench.effort;
  if (killedSaves === 0) return [];
  const histories = historiesAfterKills(await bench.executions.of(SAVE_TO_KILL), killedSaves);
  const executed = await executedHistories(bench, histories, LOAD_SETTLES);
  return executed.map((subject) => ({ ...subject, history: { ...subject.history, since: subject.history.begins.at(-1) ?? 0 } }));
}

function triedOf({ coverage }: { readonly coverage?: Found['coverage'] | undefined }): Tried | undefined {
  return coverage && { kind: 'states', explored: coverage };
}

/** All histories together. */
function sumOf(found: readonly Found[]): Found['coverage'] {
  const pages = found.flatMap(({ coverage }) => coverage?.pages ?? []);
  const [first] = pages;
  if (first === undefined) return undefined;
  const sum = (of: (one: Coverage) => number): number => pages.reduce((total, one) => total + of(one), 0);
  return {
    pages: {
      kind: pages.some(({ kind }) => kind === 'sampled') ? 'sampled' : 'exhaustive',
      states: sum(({ states }) => states),
      distinct: sum(({ distinct }) => distinct),
      boundaries: sum(({ boundaries }) => boundaries),
      limit: pages.at(-1)?.limit ?? first.limit,
    },
  };
}

/** Of those that run by default. */
const MEASURED: { readonly [name in ProfileName]?: Pick<Profile, 'lossesPerSecond' | 'seconds' | 'historiesSeconds'> } = {
  posix: { lossesPerSecond: 0.08, seconds: 6.7, historiesSeconds: 6 },
  ext4: { lossesPerSecond: 0.13, seconds: 2.8, historiesSeconds: 3.4 },
  'ext4-noauto': { lossesPerSecond: 0.32, seconds: 1.4, historiesSeconds: 1.6 },
  xfs: { lossesPerSecond: 0.66, seconds: 0.7, historiesSeconds: 1 },
  btrfs: { lossesPerSecond: 0.2, seconds: 1.9, historiesSeconds: 2 },
};

const profiles = Object.values(PROFILES).map(
  ({ name }): Profile => ({
    name,
    gates: GATES.has(name),
    byDefault: !ONLY_NAMED.has(name) && !UNCALIBRATED.has(name),
    ...(UNCALIBRATED.has(name) && { uncalibrated: true }),
    ...MEASURED[name],
  }),
);

export const powerLoss: TraceModel<Found> = {
  name: 'power-loss',
  tries: 'states',
  ofTrace: true,
  profiles: profiles as [Profile, ...Profile[]], // there are profiles
  words: {
    help: 'the power goes at every boundary; what was not forced to disk may be missing, by the rules of a kind of file system',
    report: () => 'the power was lost at every boundary, on each kind of file system',
    crashed: 'power lost',
  },
  claim: { byDefault: 'atomic', staleIs: 'atomic' },
  appliesTo: ({ tasks }) => tasks === undefined,
  missing: () => undefined,
  id: { write: writeCrashId, read: (op, detail) => readCrashId(op, detail, readState, true) },
  listed: (subject, { profile }, { effort }) => {
    const run = recordedOf(subject);
    const { states } = statesOf(run.trace, profile, { limit: effort.states, seed: effort.seed, wholePages: run.history !== undefined });
    return states.map((state) => writeCrashId(crashCase(run, state)));
  },
  statesOf,
  subjects: async (cell, bench, only) => {
    const subjects = await crashSubjects(bench, only, LOAD_SETTLES);
    if (!cell.scenario.histories || only !== undefined || isNotMeasured(subjects)) return subjects;
    return [...subjects, ...(await afterKills(bench))];
  },

  explore: async (subjects, exploration) => {
    const { bench, cell, only } = exploration;
    const runs = subjects.map(recordedOf);
    if (cell.scenario.histories && only === undefined)
      return exploreHistories<Found>(runs, exploration, statesOfHistory(exploration), (found) => triedOf({ coverage: sumOf(found) }));
    const subject = oneRun(runs, cell, only);
    if (isNotMeasured(subject)) return subject;
    const { states: limit, seed } = bench.effort;
    const options = { limit, seed, wholePages: subject.history !== undefined };
    return exploreRun<Found>(subject, exploration, (trace) => statesOf(trace, cell.profile, options, only), triedOf);
  },

  carryOut: treeCases,

  explain: async (explored, exploration): Promise<LossExplored> => {
    if (exploration.cell.scenario.histories) return shrinkHistories(explored, exploration, LOAD_SETTLES, statesOfHistory(exploration));
    const [space] = explored.found.map((found) => found.space);
    const [subject] = explored.verdicts.map((verdict) => verdict.case.subject);
    if (space === undefined || subject === undefined) return explored;
    const explanation = await explainSpace(subject, space, explored.verdicts, exploration);
    const barriers = await Promise.all(
      explanation.barriers.map(async ({ op, use }) => {
        const line = await lineOf(subject, op.index);
        if (line === undefined) throw new Error('a barrier is an op of the trace');
        return { ...line, needed: NEEDED[use] };
      }),
    );
    const { tried } = explored;
    return { ...explored, explanation, ...(tried?.kind === 'states' && { tried: { ...tried, barriers } }) };
  },

  picture: ({ subjects, explored, cell }): readonly Letter[] => {
    const [subject] = subjects;
    if (cell.scenario.histories || subject === undefined) return [];
    return lettersOf(recordedOf(subject).trace, explored);
  },

  selected: ({ explored }, isViolation, all) => {
    const { verdicts, explanation } = explored as LossExplored;
    return beginningWith(explanation?.smallest, all ? verdicts : leastLost(verdicts.filter(isViolation)));
  },

  describe: async (verdict, { explored }) => {
    const words = await describeCrash(verdict);
    const { explanation } = explored as LossExplored;
    if (explanation === undefined || verdict !== explanation.smallest) return words;
    const { lost, landed, missingBarrier, mend } = explanation.words;
    const site = explanation.landed === undefined ? undefined : (await lineOf(verdict.case.subject, explanation.landed))?.site;
    return {
      ...words,
      lost: [...lost],
      ...(site && { site }),
      ...(landed !== undefined && { landed }),
      ...(missingBarrier !== undefined && { missingBarrier }),
      ...(mend && { mend }),
    };
  },
  blame: async (verdict, findings) => {
    const blame = await blameCrash(verdict, findings);
    const { state, subject } = verdict.case;
    if (blame === undefined || state.how !== 'power-lost' || !IN_PLACE.has(blame.mechanism)) return blame;
    return (await notForced(findings.explored as LossExplored, state, subject)) ?? blame;
  },
  variation: variationOf,
  timeline: (verdict) => crashTimeline(verdict, 'the power went here'),
  pending: (verdict, { cell, explored }) => pendingLoss(verdict, explored.verdicts, persistenceOf(cell.profile)),
  notes: async (findings) => {
    const { uncalibrated } = profileOf(findings.cell);
    const notes = await crashNotes(findings);
    return uncalibrated === true ? [`the rules of ${findings.cell.profile} are not calibrated: no power was cut there`, ...notes] : notes;
  },
};

/** Mechanisms of what is written in place, as a database does whose journal is forced in time: then only that is missing. */
const IN_PLACE: ReadonlySet<Mechanism> = new Set(['written-in-place', 'appended']);

/** Where forcing mends all of a cell, what is to be forced is to blame: of several files one that lost something. */
async function notForced(
  { explanation }: LossExplored,
  { loss: { lost } }: LossState,
  { trace, sites }: RecordedSubject,
): Promise<Blame | undefined> {
  const mend = explanation?.words.mend;
  const barriers = mend?.kind === 'mended' ? mend.barriers : [];
  const ofLost = barriers.find(({ target, path }) => target === 'file' && lost.some(({ op }) => op.file.path === path));
  const after = (ofLost ?? barriers[0])?.after;
  const op = after && trace.ops[after.index - 1];
  if (op === undefined) return undefined;
  const site = (await sites()).sites.get(op.index);
  return { mechanism: 'not-forced', op: effectText(op), ...(site && { site }) };
}

const NEEDED = { needed: 'yes', redundant: 'no', undecided: 'undecided' } as const;

/** A tree is judged once, at the first boundary that may leave it; the picture shows it at every boundary that may. */
function lettersOf(trace: Trace, { verdicts, found }: CrashExplored<Found>): Letter[] {
  const [space] = found.map((one) => one.space);
  const first = worstAtEach(verdicts);
  const boundaries = trace.ops.length + 1;
  const total = (space?.coverage.pages.distinct ?? 0) * boundaries;
  if (space === undefined || space.isSampled || total > STATES_PER_PICTURE) return carriedOn(boundaries, first);
  const promises = promisesOf(trace);
  const known = new Map<string, Outcome>();
  for (const {
    case: { state },
    outcome,
  } of verdicts as readonly CrashVerdict[])
    if (state.how === 'power-lost' && state.unit === 4096) known.set(`${promises(state.at.op)} ${state.loss.hash}`, outcome);
  return Array.from({ length: boundaries }, (_, boundary) => {
    const own = first.get(boundary);
    const others = space.hashesAt(boundary).flatMap((hash) => known.get(`${promises(boundary)} ${hash}`) ?? []);
    return { letter: letterOf(own === undefined ? others : [own, ...others]), folded: false };
  });
}
