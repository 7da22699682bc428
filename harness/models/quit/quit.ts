/** Quits as a model: `quit-cases.ts` says which there are, `carry-out.ts` asks a real process to quit. */
import { allCounted } from '../../domain/counted-work.ts';
import { NoSuchCase } from '../../domain/errors.ts';
import { OUTCOMES, worstOutcome } from '../../domain/outcomes.ts';
import { QUIT_NAMES, QUITS, type Quit } from '../../domain/quits.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import { counted } from '../../domain/words.ts';
import type { Judged } from '../../recover/believe.ts';
import { stateId } from '../crash/crash-state.ts';
import { DOUBT } from '../crash/letters.ts';
import { isUnwritten, isInWork as isWorking } from '../crash/met.ts';
import type { Letter, Model } from '../model.ts';
import { carryOutQuit } from './carry-out.ts';
import { blameQuit, describeQuit, type QuitExplored, quitTimeline } from './describe.ts';
import { type QuitCase, type QuitCases, type QuitRun, type QuitVerdict, quitCases } from './quit-cases.ts';
import { type QuitSubject, quitSubject, quitSubjectOf } from './quit-subject.ts';

/** The scenarios with the fewest boundaries that say something: a value to lose, and one that was acknowledged before another save. */
const BY_DEFAULT: readonly string[] = ['replace', 'save-twice'];

/** What a case id says. */
interface NamedQuit {
  readonly op: number;
  readonly quit: Quit;
}

const idOf = (state: QuitCase['state'], quit: Quit): string => `${stateId(state)}~${quit}`;

export const quit: Model<QuitCase, QuitRun | undefined, NamedQuit, QuitExplored> = {
  name: 'quit',
  tries: 'quits',
  profiles: [{ gates: true, byDefault: true, lossesPerSecond: 0.49, seconds: 1 }],
  words: {
    help: 'the process ends at every boundary by SIGTERM, SIGINT, exit, an uncaught error, an unhandled rejection or the end of its event loop',
    report: () => 'the process was asked to quit at every boundary, and did what the store does then',
    crashed: 'quit',
  },
  claim: { byDefault: 'durable', borrows: 'process-kill', staleIs: 'lossy' },
  appliesTo: ({ tasks, histories, files }) => tasks === undefined && histories !== true && files === undefined,
  byDefaultOn: ({ name }) => BY_DEFAULT.includes(name),
  missing: ({ platform }) => (platform === 'win32' ? 'needs signals that a program can handle, and Windows has none' : undefined),
  unfitFor: ({ kind }) => (kind === 'command' ? 'it needs a store in the process that quits, and this one is commands' : undefined),
  id: {
    write: ({ state, quit: how }) => idOf(state, how),
    read: (op, detail) => {
      const how = QUIT_NAMES.find((name) => name === detail);
      return how && { op, quit: how };
    },
  },
  listed: (subject, _cell, { effort }) =>
    quitCases(quitSubjectOf(subject), effort.quits).cases.map(({ state, quit: how }) => idOf(state, how)),

  subjects: async (_cell, bench) => {
    const subject = await quitSubject(bench);
    return isNotMeasured(subject) ? subject : [subject];
  },

  explore: async (subjects, { bench, judge, only }): Promise<QuitExplored | NotMeasured> => {
    const [first] = subjects;
    if (first === undefined) throw new Error('a recorded scenario is one subject');
    const subject = quitSubjectOf(first);
    const all = quitCases(subject, only === undefined ? bench.effort.quits : Number.POSITIVE_INFINITY);
    const cases = only === undefined ? all.cases : [theOne(all, only)];
    const judged = await judge(cases);
    const { verdicts, unmeasured } = judged;
    return {
      verdicts,
      unmeasured,
      doubts: subject.trace.unmeasured,
      points: all.points,
      ...(only === undefined && { tried: triedOf(all, judged) }),
      notes: only === undefined ? [...(subject.notes ?? []), ...notesOf(subject, verdicts)] : [],
    };
  },

  carryOut: (cases, bench, _cell, onDone) => allCounted(cases, (one) => carryOutQuit(one, bench), onDone),

  picture: ({ explored: { verdicts, unmeasured }, subjects }): Letter[] => {
    const [subject] = subjects;
    if (subject?.kind !== 'recorded') return [];
    const isAt = (op: number, { state }: QuitCase): boolean => state.points.some((point) => point.op === op);
    return subject.trace.trees.map((_, op) => {
      const outcome = worstOutcome(verdicts.filter((verdict) => isAt(op, verdict.case)).map((verdict) => verdict.outcome));
      const isDoubted = outcome === undefined || (OUTCOMES[outcome].loss === false && unmeasured.some((one) => isAt(op, one.case)));
      const folded = !verdicts.some(({ case: { state } }) => state.at.op === op);
      return { letter: isDoubted ? DOUBT : OUTCOMES[outcome].letter, folded: folded && !isDoubted };
    });
  },

  selected: ({ explored }) => explored.verdicts,
  describe: describeQuit,
  blame: blameQuit,
  variation: ({ case: { subject } }) => subject.trace.variation,
  timeline: quitTimeline,
};

function theOne({ cases, points }: QuitCases, { op, quit: how }: NamedQuit): QuitCase {
  if (op >= points) throw new NoSuchCase(`there is no boundary ${op}: the run has ${counted(points - 1, 'op')}`);
  const found = cases.find((one) => [one.quit, ...one.alike].includes(how) && one.state.points.some((point) => point.op === op));
  if (found === undefined) throw new NoSuchCase(`${QUITS[how].words} does not come there`);
  const { state, quit: other, alike } = found;
  if (state.at.op !== op) throw new NoSuchCase(`nothing on disk changed since ${idOf(state, how)}, and it is judged there`);
  return { ...found, quit: how, alike: [other, ...alike].filter((one) => one !== how) };
}

function triedOf({ cases, sampled }: QuitCases, { verdicts }: Judged<QuitCase, QuitRun | undefined>): NonNullable<QuitExplored['tried']> {
  const asked = cases.filter((one) => one.asked !== undefined).length;
  return {
    kind: 'quits',
    asked,
    asKills: cases.length - asked,
    inWork: verdicts.filter(isInWork).length,
    ...(sampled && { sampled }),
  };
}

/** Whether the quit came while a step was under way that had begun to change something, or before something promised was written. */
function isInWork({ case: { subject, state, asked }, run }: QuitVerdict): boolean {
  const { op } = state.at;
  if (asked === undefined || subject.isProgram) return isWorking(subject, op);
  const { trace, steps } = subject;
  const isSettled = trace.marks.filter(({ afterOp }) => afterOp <= op).length === steps.length;
  return run?.underWay === true || (isSettled && isUnwritten(subject, op));
}

const NEVER_DRY = 'the event loop does not end within 2 s of the last step: how it ends was not tried';

/** What keeps a pass from saying much. */
function notesOf({ isProgram, noted: { ranDry }, trace }: QuitSubject, verdicts: readonly QuitVerdict[]): string[] {
  if (isProgram) {
    const others = trace.ops.filter(({ process }) => process !== 0).length;
    return [
      ...(others === 0
        ? []
        : [`not asked before ${counted(others, 'op')} of processes that the program started: which would go on first is luck`]),
      ...(verdicts.some(isInWork) ? [] : ['no quit came in the middle of work']),
    ];
  }
  const askedBy = (how: Quit): readonly QuitVerdict[] => verdicts.filter(({ case: one }) => one.asked !== undefined && one.quit === how);
  const handledBetween = QUIT_NAMES.filter((how) => askedBy(how).length > 0 && how !== 'end' && !askedBy(how).some(isInWork));
  return [
    ...(ranDry ? [] : [NEVER_DRY]),
    ...handledBetween.map(
      (how) =>
        `no ${QUITS[how].words} was handled in the middle of work: the steps do not let the event loop turn, or nothing was to be written`,
    ),
    ...(verdicts.some(isInWork) || handledBetween.length > 0 ? [] : ['no quit came in the middle of work']),
  ];
}
