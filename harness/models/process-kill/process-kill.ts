/** Process kill as a model: `kill-states.ts` says which states there are, `kill.ts` kills a real child at one. */

import type { Bench } from '../../bench/bench.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
import { cellName } from '../../domain/case-id.ts';
import { allCounted } from '../../domain/counted-work.ts';
import { NoSuchCase } from '../../domain/errors.ts';
import { OUTCOMES } from '../../domain/outcomes.ts';
import type { Tried } from '../../domain/result.ts';
import { isNotMeasured } from '../../domain/sighting.ts';
import type { Trace } from '../../domain/trace.ts';
import { counted } from '../../domain/words.ts';
import type { CarriedOut, Unmeasured } from '../../recover/believe.ts';
import { blameCrash } from '../crash/blame.ts';
import { type NamedState, type ReadState, readCrashId, writeCrashId } from '../crash/crash-id.ts';
import { type CrashCase, type CrashPoint, type CrashVerdict, crashCase, stateId } from '../crash/crash-state.ts';
import { crashNotes, crashTimeline, describeCrash, lineOf, variationOf } from '../crash/describe.ts';
import { type CrashExploration, exploreHistories, exploreRun, oneRun, treeOf } from '../crash/explore.ts';
import { historyStates } from '../crash/history-states.ts';
import type { TraceModel } from '../crash/in-recovery.ts';
import { DOUBT } from '../crash/letters.ts';
import { shrinkHistories } from '../crash/shrink-histories.ts';
import { crashSubjects } from '../crash/subjects.ts';
import { tryAgainAfterCrash } from '../crash/try-again.ts';
import { type Cell, type Letter, recordedOf } from '../model.ts';
import { triedAgain } from '../second-tries.ts';
import { kill } from './kill.ts';
import { type KillStates, killStates } from './kill-states.ts';

/** What a process wrote outlives it, so a load shows for good what is stored. */
const LOAD_SETTLES = true;

const TORN = /^torn=(?<bytes>0|[1-9]\d{0,14})$/;
const readState: ReadState = (op, detail) => {
  const bytes = TORN.exec(detail)?.groups?.bytes;
  return bytes === undefined ? undefined : { at: { op, bytes: Number(bytes) }, detail: '' };
};

function statesOf(trace: Trace, only?: NamedState): KillStates {
  const found = killStates(trace);
  if (only === undefined) return found;
  const isAt = ({ op, bytes }: CrashPoint): boolean => op === only.at.op && bytes === only.at.bytes;
  const state = found.states.find(({ points }) => points.some(isAt));
  if (state === undefined) throw new NoSuchCase(nothingThere(trace, only.at));
  if (!isAt(state.at)) throw new NoSuchCase(`nothing on disk changed since ${stateId(state)}, and it is judged there`);
  return { ...found, states: [state] };
}

function nothingThere({ ops }: Trace, { op, bytes }: CrashPoint): string {
  return op > ops.length
    ? `there is no boundary ${op}: the run has ${counted(ops.length, 'op')}`
    : `op ${op} is not killed after ${bytes} bytes`;
}

function triedOf(isKilled: boolean, { states, points, inside }: KillStates): Tried {
  return {
    kind: 'kills',
    kills: isKilled ? states.filter(({ how }) => how === 'killed').length : 0,
    folded: points - states.length,
    ...(inside.tried < inside.of && { sampled: inside }),
  };
}

function statesOfHistory({ bench: { effort } }: CrashExploration): (subject: RecordedSubject) => KillStates {
  return ({ trace, history }) => historyStates(trace, history?.ends ?? [], effort, (part) => killStates(part));
}

export const processKill: TraceModel<KillStates> = {
  name: 'process-kill',
  tries: 'kills',
  ofTrace: true,
  profiles: [{ gates: true, byDefault: true, lossesPerSecond: 0.05, seconds: 7.3, historiesSeconds: 15 }],
  words: {
    help: 'a child is killed with SIGKILL at every boundary, and inside every write and copy',
    report: (observed) =>
      observed ? 'the directory was copied at every boundary of one run' : 'a real child process was killed at every boundary',
    crashed: 'killed',
  },
  claim: { byDefault: 'durable', staleIs: 'lossy' },
  appliesTo: ({ tasks }) => tasks === undefined,
  missing: () => undefined,
  id: { write: writeCrashId, read: (op, detail) => readCrashId(op, detail, readState, true) },
  listed: (subject) => {
    const run = recordedOf(subject);
    return statesOf(run.trace).states.map((state) => writeCrashId(crashCase(run, state)));
  },
  statesOf: (trace, _profile, _options, only) => statesOf(trace, only),
  subjects: (_cell, bench, only) => crashSubjects(bench, only, LOAD_SETTLES),

  explore: async (subjects, exploration) => {
    const { bench, cell, only } = exploration;
    const runs = subjects.map(recordedOf);
    if (cell.scenario.histories && only === undefined)
      return exploreHistories<KillStates>(runs, exploration, statesOfHistory(exploration), (found) => ({
        kind: 'kills',
        kills: 0,
        folded: found.reduce((sum, { points, states }) => sum + points - states.length, 0),
      }));
    const subject = oneRun(runs, cell, only);
    if (isNotMeasured(subject)) return subject;
    const isKilled = bench.effort.kills === 'real' && subject.again !== undefined;
    return exploreRun<KillStates>(
      subject,
      exploration,
      (trace) => statesOf(trace, only),
      (found) => triedOf(isKilled, found),
    );
  },

  carryOut: async (cases, bench, cell, onDone) =>
    triedAgain(await allCounted(cases, (one) => killOrObserve(one, bench, cell), onDone), bench, tryAgainAfterCrash),

  explain: async (explored, exploration) =>
    exploration.cell.scenario.histories ? shrinkHistories(explored, exploration, LOAD_SETTLES, statesOfHistory(exploration)) : explored,

  picture: ({ explored: { verdicts, unmeasured }, cell }): Letter[] => {
    if (cell.scenario.histories) return [];
    const inside = ({ bytes }: CrashPoint): number => bytes ?? Number.POSITIVE_INFINITY;
    return [
      ...verdicts.map(({ case: { state }, outcome }) => ({ state, letter: OUTCOMES[outcome].letter as string })),
      ...unmeasured.map(({ case: { state } }) => ({ state, letter: DOUBT })),
    ]
      .filter(({ state }) => state.how !== 'in-recovery')
      .flatMap(({ state, letter }) => state.points.map((point, index) => ({ point, letter, folded: index > 0 })))
      .sort(({ point: one }, { point: other }) => one.op - other.op || (inside(one) < inside(other) ? -1 : 1));
  },

  /** All of them: they are few. */
  selected: ({ explored }) => explored.verdicts,

  describe: async (verdict, { explored: { verdicts } }) => {
    const words = await describeCrash(verdict);
    const { subject, state } = verdict.case;
    if (state.how === 'in-recovery' || subject.history !== undefined) return words;
    const until = await lineOf(subject, untilOp(verdicts, verdict) ?? 0);
    return { ...words, ...(until && { until }) };
  },
  blame: blameCrash,
  variation: variationOf,
  timeline: (verdict) => crashTimeline(verdict, 'killed here'),
  notes: crashNotes,
};

/** The op after which an outcome is gone again: the first point behind the unbroken stretch of states that share it. */
function untilOp(verdicts: readonly CrashVerdict[], verdict: CrashVerdict): number | undefined {
  const from = verdicts.indexOf(verdict);
  return verdicts.slice(from).find(({ outcome, case: { state } }) => outcome !== verdict.outcome && state.how !== 'in-recovery')?.case.state
    .at.op;
}

/** A case that is observed is the tree alone. Each loss of a real kill is confirmed by itself. */
async function killOrObserve(
  one: CrashCase,
  { recorder, effort }: Bench,
  cell: Cell,
): Promise<CarriedOut<CrashCase, undefined> | Unmeasured<CrashCase>> {
  const { state, subject } = one;
  const sighting = treeOf(one);
  const { again } = subject;
  if (one.observed || effort.kills === 'observed' || again === undefined || (state.how !== 'killed' && state.how !== 'ended'))
    return { case: one, run: undefined, kind: '', sightings: [sighting] };
  const directory =
    state.how === 'ended' ? again.recording.endDirectory : await kill(recorder, again, state, `${cellName(cell)}${writeCrashId(one)}`);
  if (typeof directory !== 'string') return { case: one, reason: directory.reason };
  return { case: one, run: undefined, kind: stateId(state), sightings: [{ ...sighting, directory }] };
}
