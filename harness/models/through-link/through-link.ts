/**
 * Through a link: the store's files belong to others too, who come by another path or as another user.
 *
 * Allows   each way of `ways.ts`, of all files with which the steps start.
 * Forbids  a crash: the steps come to their end.
 * Real     the steps run on real links. What others see is loaded by a process that never saw the store.
 */
import type { Bench } from '../../bench/bench.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
import { NoSuchCase } from '../../domain/errors.ts';
import type { Mechanism } from '../../domain/mechanisms.ts';
import { canonicalPath } from '../../domain/names.ts';
import { FRESH, isNotMeasured, type Judgement, type Sighting } from '../../domain/sighting.ts';
import type { Outcome } from '../../domain/store.ts';
import type { Op } from '../../domain/trace.ts';
import { effectText } from '../../explain/changed.ts';
import { oracleOptions } from '../../judge/oracle.ts';
import { isLoss, judgeRecovery } from '../../judge/outcome.ts';
import { promisedAfter, valuesAfter } from '../../judge/promise.ts';
import { attributesHere } from '../../machine/attributes.ts';
import type { CarriedOut, Unmeasured, Verdict } from '../../recover/believe.ts';
import { type Case, type Explored, type Model, onlyRecorded, type Profile, recordedOnce } from '../model.ts';
import { hasSteps, isPlain, noProgram, startLetters, startTimeline } from '../starts/start.ts';
import { runShared, type SharedRun } from './shared-run.ts';
import { filesIn, WAY_WORDS, WAYS, type Way } from './ways.ts';

interface LinkCase extends Case<RecordedSubject> {
  readonly way: Way;
}

/** A way has one case: the boundary before the first op. */
interface NamedLink {
  readonly boundary: 0;
}

type LinkVerdict = Verdict<LinkCase, SharedRun>;

/** No rename can keep a second name or an attribute, and only root gives files to others: these run where they are named. Measured on the built-in stores. */
const MEASURED: { readonly [way in Way]?: Pick<Profile, 'lossesPerSecond' | 'seconds'> } = {
  symlink: { lossesPerSecond: 0, seconds: 1.4 },
  mode: { lossesPerSecond: 0, seconds: 0.6 },
};

const PROFILES = WAYS.map((name): Profile => ({ name, gates: false, byDefault: MEASURED[name] !== undefined, ...MEASURED[name] }));

function wayOf(profile: string | undefined): Way {
  const found = WAYS.find((name) => name === profile);
  if (found === undefined) throw new Error(`there is no way ${profile}`);
  return found;
}

export const throughLink: Model<LinkCase, SharedRun, NamedLink> = {
  name: 'through-link',
  tries: 'starts',
  profiles: PROFILES as [Profile, ...Profile[]], // there are ways
  words: {
    help: 'the files are symlinks to elsewhere, have a second name, or other modes, owners and attributes',
    report: () => 'its steps on files that belong to others too',
    crashed: 'shared',
  },
  claim: { byDefault: 'durable', staleIs: 'lossy' },
  appliesTo: hasSteps,
  byDefaultOn: isPlain,
  missing: (_machine, { name }) => {
    if (name === 'owner' && process.getuid?.() !== 0) return 'needs root';
    return name === 'xattr' && attributesHere() === undefined ? 'needs Linux and koffi' : undefined;
  },
  unfitFor: noProgram,
  id: { write: () => '@0', read: (op, detail) => (op === 0 && detail === '' ? { boundary: 0 } : undefined) },
  listed: () => ['@0'],

  subjects: (_cell, bench) => recordedOnce(bench),

  explore: async (subjects, { judge, cell, only }) => {
    const subject = onlyRecorded(subjects);
    if (filesIn(subject.trace.trees[0] ?? new Map()).length === 0) {
      if (only !== undefined) throw new NoSuchCase('its steps start with no file');
      return { reason: 'its steps start with no file that others could have a part in' };
    }
    const { verdicts, unmeasured } = await judge([{ subject, way: wayOf(cell.profile) }]);
    return {
      verdicts,
      unmeasured,
      doubts: [],
      points: 1,
      ...(only === undefined && { tried: { kind: 'starts', tried: 1, of: 1 } }),
      notes: [],
    };
  },

  carryOut: async (cases, bench, _cell, onDone) => {
    const carriedOut = await Promise.all(cases.map((one) => carryOutShared(one, bench)));
    onDone(cases.length);
    return carriedOut;
  },

  picture: ({ explored }) => startLetters(explored, casesIn(explored)),
  selected: ({ explored }) => explored.verdicts,

  describe: async ({ case: { way, subject }, run: { access }, outcome }) => ({
    end: true,
    start: WAY_WORDS[way],
    ...(outcome === 'detached' && access && { found: `${canonicalPath(access.path, subject.trace.variation.names)} has ${access.words}` }),
  }),

  blame: async (verdict) => {
    const mechanism = MECHANISM_OF[verdict.outcome]?.(verdict);
    const op = mechanism && replacerIn(verdict.case.subject);
    if (mechanism === undefined || op === undefined) return undefined;
    const site = (await verdict.case.subject.sites()).sites.get(op.index);
    return { mechanism, op: effectText(op), ...(site && { site }) };
  },
  variation: ({ case: { subject } }) => subject.trace.variation,
  timeline: (verdict) => startTimeline(verdict, verdict.case.subject.trace.ops.length),
};

const casesIn = ({ verdicts, unmeasured }: Explored<LinkCase, SharedRun>): LinkCase[] =>
  [...verdicts, ...unmeasured].map(({ case: one }) => one);

const MECHANISM_OF: { readonly [outcome in Outcome]?: (verdict: LinkVerdict) => Mechanism } = {
  detached: ({ run: { access } }) => (access === undefined ? 'link-replaced' : 'access-lost'),
  exposed: () => 'exposed',
};

/** The op of the run without links that puts something else in the place of a file with which it started, or moves that away. */
function replacerIn({ trace: { ops, trees } }: RecordedSubject): Op | undefined {
  const start = trees[0] ?? new Map();
  const isFile = (path: string | undefined): boolean => path !== undefined && start.get(path)?.kind === 'file';
  return ops.find(
    ({ call, file, to, error }) =>
      error === undefined &&
      ((call === 'rename' && (isFile(to?.actual) || isFile(file.actual))) || (call === 'unlink' && isFile(file.actual))),
  );
}

async function carryOutShared(one: LinkCase, bench: Bench): Promise<CarriedOut<LinkCase, SharedRun> | Unmeasured<LinkCase>> {
  const { subject, way } = one;
  const run = await runShared(subject, way, bench);
  if (isNotMeasured(run)) return { case: one, reason: run.reason };
  const { before, steps, trace } = subject;
  const promised = promisedAfter({ ...trace, marks: run.marks }, Number.POSITIVE_INFINITY, before, valuesAfter(steps, before));
  const options = oracleOptions(bench);
  const own: Sighting = {
    tree: run.own,
    timeOf: run.timeOf,
    looker: FRESH,
    judge: ({ recovery }) => withAccess({ promised, outcome: judgeRecovery(promised, recovery, options) }, run),
  };
  const others = run.others && {
    tree: run.others,
    timeOf: run.timeOf,
    looker: FRESH,
    judge: ({ recovery }: Parameters<Sighting['judge']>[0]): Judgement => {
      const outcome = judgeRecovery(promised, recovery, options);
      return { promised, outcome: isLoss(outcome) ? 'detached' : outcome };
    },
  };
  return { case: one, run, kind: way, sightings: others === undefined ? [own] : [own, others] };
}

function withAccess(judgement: Judgement, { access }: SharedRun): Judgement {
  if (access === undefined || isLoss(judgement.outcome)) return judgement;
  return access.is === 'wider' ? { ...judgement, outcome: 'exposed', exposed: access.path } : { ...judgement, outcome: 'detached' };
}
