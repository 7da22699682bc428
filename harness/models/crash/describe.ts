/** Crashes in words: the lines of a case, its letter, and what `replay` shows of it. */
import type { RecordedSubject } from '../../bench/subject.ts';
import { canonicalPath } from '../../domain/names.ts';
import type { CaseResult, OpLine } from '../../domain/result.ts';
import type { Trace, Variation } from '../../domain/trace.ts';
import { counted } from '../../domain/words.ts';
import { opText } from '../../explain/op-text.ts';
import { historyInWords } from '../../generate/history.ts';
import { type CaseWords, type Findings, opsWithSites, type Timeline, type TimelinePart } from '../model.ts';
import { type CrashState, type CrashVerdict, crashesInRecovery, firstCrash, lostIn, stateId, type TwiceState } from './crash-state.ts';
import type { CrashExplored, StatesOfTrace } from './explore.ts';
import { lostTexts } from './lost-text.ts';

/** An op of the subject as reports show it. */
export async function lineOf(subject: RecordedSubject, index: number): Promise<OpLine | undefined> {
  const op = subject.trace.ops[index - 1];
  if (op === undefined) return undefined;
  const site = (await subject.sites()).sites.get(index);
  return { index, text: opText(op), ...(site && { site }) };
}

export async function describeCrash({ case: { subject, state } }: CrashVerdict): Promise<CaseWords> {
  const { trace, history } = subject;
  const first = firstCrash(state);
  const [again, ...further] = crashesInRecovery(state).map(laterCrash);
  const after = await lineOf(subject, first.at.op);
  return {
    end: state.how === 'ended',
    lost: lostTexts(first, trace),
    ...(history && { history: historyInWords(history.steps) }),
    ...(after && { after }),
    ...(after?.site && { site: after.site }),
    ...(first.at.bytes !== undefined && { inside: first.at.bytes }),
    ...(again && { again }),
    ...(further.length > 0 && { further }),
  };
}

function laterCrash({ second, trace }: Pick<TwiceState, 'second' | 'trace'>): NonNullable<CaseResult['again']> {
  const op = trace.ops[second.at.op - 1];
  return {
    ...(op && { after: { index: op.index, text: opText(op) } }),
    ...(second.at.bytes !== undefined && { inside: second.at.bytes }),
    lost: lostTexts(second, trace),
  };
}

export const variationOf = ({ case: { subject } }: CrashVerdict): Variation => subject.trace.variation;

/** One case for each outcome at each boundary, the one that lost least. */
export function leastLost(verdicts: readonly CrashVerdict[]): CrashVerdict[] {
  const chosen = new Map<string, CrashVerdict>();
  for (const verdict of verdicts) {
    const { state } = verdict.case;
    const key = `${verdict.outcome} ${state.how} ${state.at.op}`;
    const known = chosen.get(key);
    if (known === undefined || lostIn(state) < lostIn(known.case.state)) chosen.set(key, verdict);
  }
  return [...chosen.values()];
}

/** The named verdict first, then the others without it. */
export function beginningWith(first: CrashVerdict | undefined, others: readonly CrashVerdict[]): readonly CrashVerdict[] {
  if (first === undefined) return others;
  const id = stateId(first.case.state);
  return [first, ...others.filter(({ case: { state } }) => stateId(state) !== id)];
}

/** `here`: `killed here`, `the power went here`. */
export async function crashTimeline({ case: { subject, state } }: CrashVerdict, here: string): Promise<Timeline> {
  const part = async (trace: Trace, at: Exclude<CrashState, TwiceState>): Promise<TimelinePart> => ({
    ops: trace === subject.trace ? await opsWithSites(subject) : trace.ops,
    marks: trace.marks,
    trees: trace.trees,
    at: at.at,
    ...(at.how !== 'ended' && { crash: here }),
    lost: at.how === 'power-lost' ? new Set(at.loss.lost.map(({ op }) => op.index)) : new Set(),
    ...(trace === subject.trace && { steps: subject.steps }),
  });
  const first = await part(subject.trace, firstCrash(state));
  const inRecovery = await Promise.all(crashesInRecovery(state).map(({ second, trace }) => part(trace, second)));
  return { kind: 'ops', parts: [first, ...inRecovery.map((later) => ({ ...later, title: 'then recovery: load, save' }))] };
}

/** A store that writes by native code differs in each of its ops: some are named. */
const MISMATCHES_NAMED = 2;

/** Files that stay behind, and ops on which two recorders differ. */
export async function crashNotes({ subjects, explored }: Findings<CrashExplored<StatesOfTrace>>): Promise<string[]> {
  const [subject] = subjects;
  if (subject?.kind !== 'recorded' || subject.history !== undefined) return [];
  const { mismatches } = await subject.sites();
  const named = mismatches.slice(0, MISMATCHES_NAMED).map((mismatch) => `recorders differ: ${mismatch}`);
  const more = mismatches.length - named.length;
  return [
    ...litterNotes(explored.verdicts, subject.trace),
    ...named,
    ...(more === 0 ? [] : [`recorders differ: ${counted(more, 'more op')}`]),
  ];
}

/** Files that are there after a crash, recovery and the next save, and would not be there without the crash. */
function litterNotes(verdicts: readonly CrashVerdict[], { variation, ops }: Trace): string[] {
  const names = (left: readonly string[]): string[] => left.map((path) => canonicalPath(path, variation.names));
  const isUsual = ({ case: { state } }: CrashVerdict): boolean =>
    state.how === 'ended' || (state.how !== 'in-recovery' && lostIn(state) === 0 && (state.at.op === 0 || state.at.op === ops.length));
  const usual = new Set(verdicts.filter(isUsual).flatMap(({ left }) => names(left)));
  const litter = new Set(verdicts.flatMap(({ left }) => names(left)).filter((name) => !usual.has(name)));
  return [...litter].sort().map((name) => `litter: after some crashes ${name} stays behind, even after the next save`);
}
