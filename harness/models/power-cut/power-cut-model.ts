/**
 * Power cuts as a model: the scenario runs on real file systems in images, which are copied at every boundary (`power-cut.ts`). It keeps the
 * persistence profiles honest, so each file system is held to the claim under power loss of its profile.
 */
import type { Bench } from '../../bench/bench.ts';
import { lastCallSubject } from '../../bench/histories.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import { encodeHistory } from '../../generate/history.ts';
import { needsRecorder } from '../../record/all.ts';
import { FILE_SYSTEMS, type FileSystem } from '../../record/image/file-systems.ts';
import { missingFor } from '../../record/image/missing.ts';
import type { ForcePoint } from '../../record/recorder.ts';
import { blameCrash } from '../crash/blame.ts';
import { type NamedState, type ReadState, readCrashId, writeCrashId } from '../crash/crash-id.ts';
import type { CrashCase, CutState } from '../crash/crash-state.ts';
import { crashNotes, crashTimeline, describeCrash, leastLost, variationOf } from '../crash/describe.ts';
import { type CrashExploration, type CrashExplored, exploreRun, oneRun, type StatesOfTrace, treeCases } from '../crash/explore.ts';
import { carriedOn, worstAtEach } from '../crash/letters.ts';
import { crashSubjects } from '../crash/subjects.ts';
import { type Model, type Profile, recordedOf } from '../model.ts';
import type { CutTree, PowerCutRequest } from './cuts.ts';
import { GATES, PROFILE_OF } from './held-to.ts';
import { powerCutAt, powerCuts } from './power-cut.ts';

interface Cuts extends StatesOfTrace<CutState> {
  /** Cuts that were made, also those that left the same as another. */
  readonly cuts: number;
}

function fileSystemOf(profile: string | undefined): FileSystem {
  const found = Object.values(FILE_SYSTEMS).find(({ name }) => name === profile);
  if (found === undefined) throw new Error(`there is no file system ${profile}`);
  return found;
}

async function requestOf(bench: Bench, subject: RecordedSubject, profile: string | undefined): Promise<PowerCutRequest> {
  const fileSystem = fileSystemOf(profile);
  const { again } = subject;
  if (again === undefined) throw new Error('a power cut runs the scenario again');
  const template = await bench.image(fileSystem);
  return { recorder: bench.recorder, recording: again.recording, fileSystem, template, prepare: again.prepare };
}

async function cutsOf(request: PowerCutRequest, only: NamedState | undefined): Promise<Cuts | NotMeasured> {
  const boundaries = request.recording.trace.ops.length + 1;
  if (only === undefined) {
    const left = await powerCuts(request);
    return isNotMeasured(left) ? left : { states: left.states.map(cutState), points: boundaries, cuts: left.cuts };
  }
  const left = await powerCutAt(request, only.at.op, forceOf(only.detail));
  return isNotMeasured(left) ? left : { states: [cutState(left)], points: 1, cuts: 1 };
}

function forceOf(detail: string): ForcePoint | undefined {
  const [, how, at] = /^(fsync|commit|sync)=(0|[1-9]\d{0,8})$/.exec(detail) ?? [];
  return how === 'fsync' || how === 'commit' || how === 'sync' ? { how, at: Number(at) } : undefined;
}

function cutState({ boundary, force, tree }: CutTree): CutState {
  const at = { op: boundary };
  return { how: 'cut', at, points: [at], tree, promisedAt: boundary, ...(force && { force }) };
}

const readState: ReadState = (op, detail) => (forceOf(detail) === undefined ? undefined : { at: { op }, detail });

const FORCED = { fsync: 'fsync of another file', commit: 'a commit', sync: 'syncfs' } as const;

/** A run that can be made again: of a history, its last call. */
async function cuttable(subject: RecordedSubject | NotMeasured, bench: Bench): Promise<RecordedSubject | NotMeasured> {
  if (isNotMeasured(subject) || subject.again !== undefined) return subject;
  const last = await lastCallSubject(bench, subject.history?.steps ?? []);
  return last ?? { reason: 'its last call does nothing, or what it had saved was lost before' };
}

async function exploreCuts(subject: RecordedSubject, exploration: CrashExploration): Promise<CrashExplored<Cuts> | NotMeasured> {
  const { bench, cell, only } = exploration;
  const request = await requestOf(bench, subject, cell.profile);
  const explored = await exploreRun<Cuts>(
    subject,
    exploration,
    () => cutsOf(request, only),
    ({ cuts }) => ({ kind: 'cuts', cuts }),
  );
  // What a mapped file holds is not in a trace, but it is on the disk of a real cut.
  return isNotMeasured(explored) ? explored : { ...explored, doubts: [] };
}

function together(all: readonly CrashExplored<Cuts>[], doubts: readonly string[]): CrashExplored<Cuts> {
  const found = all.flatMap((one) => one.found);
  return {
    verdicts: all.flatMap(({ verdicts }) => verdicts),
    unmeasured: all.flatMap(({ unmeasured }) => unmeasured),
    doubts,
    points: all.reduce((sum, { points }) => sum + points, 0),
    tried: { kind: 'cuts', cuts: found.reduce((sum, { cuts }) => sum + cuts, 0) },
    notes: [],
    found,
  };
}

const profiles = Object.values(FILE_SYSTEMS).map(
  ({ name }): Profile => ({ name, byDefault: false, gates: GATES.has(name), heldTo: PROFILE_OF[name] }),
);

export const powerCut: Model<CrashCase, undefined, NamedState, CrashExplored<Cuts>> = {
  name: 'power-cut',
  unfitFor: ({ kind }) => (kind === 'program' ? 'power is cut in runs that begin with an empty directory' : undefined),
  neverKept: true, // what a kernel writes is what it measures, and the tools that make file systems count, too
  tries: 'cuts',
  profiles: profiles as [Profile, ...Profile[]], // there are file systems
  words: {
    help: 'the power is cut at every boundary, on a real file system in a loop image; needs root',
    report: () => 'the power was cut at every boundary, on real file systems',
    crashed: 'power lost',
  },
  claim: { byDefault: 'atomic', borrows: 'power-loss', staleIs: 'atomic' },
  appliesTo: ({ tasks }) => tasks === undefined,
  missing: ({ recorder, path }, { name }) => (recorder.cuts ? missingFor(fileSystemOf(name), path) : needsRecorder('cuts')),
  id: { write: writeCrashId, read: (op, detail) => readCrashId(op, detail, readState, false) },
  /** Where nothing else is forced; more is known only on the file system. */
  listed: (subject) => recordedOf(subject).trace.trees.map((_, op) => `@${op}`),
  subjects: (_cell, bench, only) => crashSubjects(bench, only, false, bench.effort.costlyHistories),

  explore: async (subjects, exploration) => {
    const { bench, cell, only } = exploration;
    const runs = subjects.map(recordedOf);
    if (!cell.scenario.histories || only !== undefined) {
      const subject = await cuttable(oneRun(runs, cell, only), bench);
      return isNotMeasured(subject) ? subject : exploreCuts(subject, exploration);
    }
    const all: CrashExplored<Cuts>[] = [];
    const doubts: string[] = [];
    for (const run of runs) {
      const subject = await cuttable(run, bench);
      const explored = isNotMeasured(subject) ? subject : await exploreCuts(subject, exploration);
      if (isNotMeasured(explored)) doubts.push(`in history ${encodeHistory(run.history?.steps ?? [])}: ${explored.reason}`);
      else all.push(explored);
    }
    return together(all, doubts);
  },

  carryOut: treeCases,

  picture: ({ cell, subjects, explored }) => {
    const [subject] = subjects;
    return subject === undefined || cell.scenario.histories
      ? []
      : carriedOn(recordedOf(subject).trace.ops.length + 1, worstAtEach(explored.verdicts));
  },

  selected: ({ explored: { verdicts } }, isViolation, all) => (all ? verdicts : leastLost(verdicts.filter(isViolation))),

  describe: async (verdict) => {
    const { state } = verdict.case;
    const forced = state.how === 'cut' && state.force ? `${FORCED[state.force.how]} after op ${state.force.at}` : undefined;
    return { ...(await describeCrash(verdict)), ...(forced !== undefined && { forced }) };
  },
  blame: blameCrash,
  variation: variationOf,
  timeline: (verdict) => crashTimeline(verdict, 'the power went here'),
  notes: crashNotes,
};
