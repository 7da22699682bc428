/**
 * Which op a crash is to blame on.
 *
 * Nothing was lost: the op that begins the stretch of boundaries which all violate the claim. Something was: the op that landed without it,
 * or, where nothing landed, the op that the save should have waited for.
 */
import type { RecordedSubject } from '../../bench/subject.ts';
import { type Blame, LOST_ANYWAY, type Mechanism, NEVER_WRITTEN } from '../../domain/mechanisms.ts';
import { canonicalPath } from '../../domain/names.ts';
import type { Outcome } from '../../domain/store.ts';
import type { Op, Site, Step, Trace, Tree } from '../../domain/trace.ts';
import { equalEntries, treeKey } from '../../domain/tree.ts';
import {
  destroyerBefore,
  effectText,
  finisherOf,
  isAppended,
  mechanismOf,
  promisedBefore,
  resolvedAfter,
  sameIn,
} from '../../explain/changed.ts';
import { violates } from '../held.ts';
import type { Findings } from '../model.ts';
import { type CrashState, type CrashVerdict, type CutState, type LossState, lostIn, type TwiceState } from './crash-state.ts';
import type { CrashExplored } from './explore.ts';
import { isWhollyLost } from './lost-text.ts';

interface Culprit {
  readonly op: Op;
  readonly mechanism: Mechanism;
  /** Its line, where it is an op of a recovery. */
  readonly site?: Site;
}

/** Undefined where no op can be named. */
export async function blameCrash(verdict: CrashVerdict, { cell, explored }: Findings<CrashExplored>): Promise<Blame | undefined> {
  const { subject, state } = verdict.case;
  const { byState, ends } = judgedRun(explored.verdicts, violates(cell), subject.trace);
  const judgedAt = (boundary: number): JudgedState | undefined =>
    byState.get(stateKey(subject.trace, boundary, subject.trace.trees[boundary] ?? new Map()));
  const isLost = losesValue(verdict);
  const judged: Judged = (boundary) => {
    const state = judgedAt(boundary);
    return state && (isLost ? state === 'lost' : state !== 'fine');
  };
  const isInTheWay = verdict.outcome === 'hung' || verdict.outcome === 'blocked';
  if (isInTheWay && ends.includes(verdict.outcome)) return subject.trace.ops.length === 0 ? NEVER_WRITTEN : LOST_ANYWAY;
  const known: Known = {
    judged,
    isOfValue: BY_OUTCOME[verdict.outcome] === undefined,
    endsWell: judgedAt(subject.trace.ops.length) === 'fine',
  };
  const culprit = state.how === 'in-recovery' ? await culpritOfTwo(state, subject, known) : culpritOfOne(state, subject, known);
  if (culprit === undefined && isNeverWritten(subject.trace)) return NEVER_WRITTEN;
  if (culprit === undefined) return ends.some(violates(cell)) || judged(0) === true ? LOST_ANYWAY : undefined;
  const { op } = culprit;
  // What a delete removes is no loss; what is there again without it, or is not gone, is one with no crash.
  if (culprit.mechanism === 'removed' && stepAt(subject, op.index)?.kind === 'delete' && ends.some(violates(cell))) return LOST_ANYWAY;
  const mechanism = mechanismOfCase(verdict, culprit);
  const site = subject.trace.ops[op.index - 1] === op ? (await subject.sites()).sites.get(op.index) : culprit.site;
  return { mechanism, op: effectText(op), ...(site && { site }) };
}

function culpritOfOne(state: Exclude<CrashState, TwiceState>, subject: RecordedSubject, known: Known): Culprit | undefined {
  const { trace, history } = subject;
  const special = trustedUnforced(state, subject, known.judged) ?? writtenLate(state, subject, known.judged);
  if (special !== undefined) return special;
  const culprit = culpritOf(state, trace, known);
  return history !== undefined && state.how === 'power-lost' ? orTakenTooEarly(culprit, state, trace, history.begins) : culprit;
}

/** The step that was under way at an op. */
const stepAt = ({ trace: { marks }, steps }: RecordedSubject, op: number): Step | undefined =>
  steps[marks.filter(({ afterOp }) => afterOp < op).length];

/** Whether no op changed anything. */
export const isNeverWritten = ({ trees }: Trace): boolean => trees.every((tree) => tree === trees[0]);

/** What these outcomes say of the mechanism, whatever the op. */
export const BY_OUTCOME: { readonly [outcome in Outcome]?: Mechanism } = { exposed: 'exposed', hung: 'waits-forever', blocked: 'blocks' };

/** Whether a value is lost, or cannot be saved again. Else something is in the way of others, whatever became of the value. */
const losesValue = ({ outcome, sighting: { looker } }: Pick<CrashVerdict, 'outcome' | 'sighting'>): boolean =>
  BY_OUTCOME[outcome] === undefined || looker.who === 'a fresh process that tries again';

/**
 * The outcome decides, but where the way in which the op left something says more of how the next save goes wrong: only the same value cannot be
 * saved over it, or the next record is written behind one that is not whole.
 */
function mechanismOfCase({ outcome, sighting: { looker } }: CrashVerdict, { mechanism }: Culprit): Mechanism {
  const isOfSave = outcome === 'blocked' && (looker.who === 'a fresh process that tries again' || mechanism === 'appended');
  return isOfSave ? mechanism : (BY_OUTCOME[outcome] ?? mechanism);
}

/** Whether the run violates the claim at a boundary, with nothing lost, as far as it was judged. */
type Judged = (boundary: number) => boolean | undefined;

/** `in the way`: the claim is violated, and the value is there. */
type JudgedState = 'fine' | 'lost' | 'in the way';

/** What the cases of one run say together. */
interface JudgedRun {
  /** By `stateKey`. */
  readonly byState: Map<string, JudgedState>;
  /** What is found after the whole run, of which nothing is lost. */
  readonly ends: Outcome[];
}

/** Many cases of a cell share it. */
const judgedRuns = new WeakMap<readonly CrashVerdict[], ReadonlyMap<Trace, JudgedRun>>();

/** What was promised at a boundary, and a tree. A tree that is fine before a save resolves may be a loss after it. */
const stateKey = ({ marks }: Trace, boundary: number, tree: Tree): string =>
  `${marks.filter(({ afterOp }) => afterOp <= boundary).length} ${treeKey(tree)}`;

/** By the cases of the same run: the histories of a cell promise each something else. */
function judgedRun(verdicts: readonly CrashVerdict[], isViolation: (outcome: Outcome) => boolean, trace: Trace): JudgedRun {
  return (judgedRuns.get(verdicts) ?? judgedByTrace(verdicts, isViolation)).get(trace) ?? { byState: new Map(), ends: [] };
}

function judgedByTrace(verdicts: readonly CrashVerdict[], isViolation: (outcome: Outcome) => boolean): ReadonlyMap<Trace, JudgedRun> {
  const byTrace = new Map<Trace, JudgedRun>();
  for (const verdict of verdicts) {
    const { state, subject } = verdict.case;
    const { trace } = subject;
    if (state.how === 'in-recovery') continue;
    const run: JudgedRun = byTrace.get(trace) ?? { byState: new Map(), ends: [] };
    byTrace.set(trace, run);
    const key = stateKey(trace, state.promisedAt, state.tree);
    const found = isViolation(verdict.outcome) ? (losesValue(verdict) ? 'lost' : 'in the way') : 'fine';
    if (run.byState.get(key) !== 'fine') run.byState.set(key, found);
    if (lostIn(state) === 0 && state.points.some(({ op }) => op === trace.ops.length)) run.ends.push(verdict.outcome);
  }
  judgedRuns.set(verdicts, byTrace);
  return byTrace;
}

export function culpritOf(state: Exclude<CrashState, TwiceState>, trace: Trace, known: Known): Culprit | undefined {
  const { op, bytes } = state.at;
  if (state.how === 'cut') return culpritOfCut(state, trace) ?? windowAt(trace, op, known);
  if (state.how === 'power-lost' && state.loss.lost.length > 0) return culpritOfLoss(state, trace, known);
  return bytes === undefined ? windowAt(trace, op, known) : windowBefore(trace, op, known);
}

/** What is known of a cell when one of its cases is blamed. */
export interface Known {
  readonly judged: Judged;
  /** A value is lost. Else something is in the way of others, whatever became of the value. */
  readonly isOfValue: boolean;
  /** With no crash at all, nothing is lost. */
  readonly endsWell: boolean;
}

export const NOTHING_KNOWN: Known = { judged: () => undefined, isOfValue: true, endsWell: false };

/** How an op loses a value. A rename of a run that ends well comes too early. */
function mechanismIn(op: Op, trace: Trace, known: Known): Mechanism {
  const mechanism = mechanismOf(op, trace);
  return mechanism === 'not-what-was-saved' && known.endsWell ? 'placed-too-early' : mechanism;
}

/**
 * The last op that is lost, where all of them are of processes that were killed before their saves resolved, and another one went on from there.
 * Not where the crash alone is enough.
 */
function trustedUnforced(state: Exclude<CrashState, TwiceState>, { history }: RecordedSubject, judged: Judged): Culprit | undefined {
  if (state.how !== 'power-lost' || history === undefined || judged(state.at.op) === true) return undefined;
  const isOfKilled = ({ index }: Op): boolean => {
    const next = history.begins.find((at) => at >= index && at < state.at.op);
    return next !== undefined && !history.ends.some((end) => end >= index && end <= next);
  };
  const { lost } = state.loss;
  const op = lost.at(-1)?.op;
  return op !== undefined && lost.every((one) => isOfKilled(one.op)) ? { op, mechanism: 'unforced-trusted' } : undefined;
}

/**
 * The op that brought what had been promised earlier: the directory was fine only after it, although no step was under way any more. Of keys,
 * and of a program's acknowledgements, each stands for itself, so that another one may be under way; but one must have come before.
 */
export function writtenLate(
  state: Exclude<CrashState, TwiceState>,
  { trace, steps }: RecordedSubject,
  judged: Judged,
): Culprit | undefined {
  const { ops, trees, marks } = trace;
  const { op: boundary, bytes } = state.at;
  if (state.how === 'power-lost' && state.loss.lost.length > 0) return undefined;
  if (bytes !== undefined || marks.length < steps.length) return undefined;
  const isByKey = steps.every(({ kind }) => kind === 'set');
  const settled = isByKey ? boundary : (marks.at(-1)?.afterOp ?? 0);
  if (isByKey && !marks.some(({ afterOp }) => afterOp <= boundary)) return undefined;
  // What was there since it was promised was taken away: it did not come late.
  const promisedSince = marks.findLast(({ afterOp }) => afterOp <= boundary)?.afterOp ?? boundary;
  if (trees.slice(promisedSince, boundary).some((_, at) => judged(promisedSince + at) === false)) return undefined;
  const later = ops.find(
    ({ index }) => index > Math.max(boundary, settled) && trees[index] !== trees[index - 1] && judged(index) === false,
  );
  return later && { op: later, mechanism: 'promised-unwritten' };
}

/** The stretch of violating boundaries that a boundary is in begins after this op. */
function windowAt(trace: Trace, boundary: number, known: Known): Culprit | undefined {
  const { judged, isOfValue } = known;
  const { ops, trees, marks } = trace;
  let first = boundary;
  const isWithin = (at: number): boolean => judged(at) ?? trees[at] === trees[at + 1];
  while (first > 0 && isWithin(first - 1)) first -= 1;
  const op = ops[first - 1];
  if (op === undefined) return undefined;
  // Of a history only what failed is kept: then the run itself shows which op took the value away.
  const culprit = !isOfValue || judged(first - 1) === false ? undefined : destroyerBefore(trace, boundary);
  if (culprit !== undefined) return { op: culprit, mechanism: mechanismIn(culprit, trace, known) };
  if (!marks.some(({ kind, afterOp }) => kind === 'resolved' && afterOp === first)) return { op, mechanism: mechanismIn(op, trace, known) };
  // The tree is the same as before; the promise has changed.
  const ended = finisherOf(trace, first - 1, trees[first] ?? new Map());
  return ended === op ? { op, mechanism: mechanismIn(op, trace, known) } : { op: ended ?? op, mechanism: 'not-what-was-saved' };
}

/** The crash came inside op `index`. */
function windowBefore(trace: Trace, index: number, known: Known): Culprit | undefined {
  const { judged } = known;
  const op = trace.ops[index - 1];
  if (judged(index - 1) === true) return windowAt(trace, index - 1, known);
  return op && { op, mechanism: mechanismIn(op, trace, known) };
}

/** It gives a file another name. */
const places = ({ call }: Op): boolean => call === 'rename' || call === 'link';

function culpritOfLoss(loss: Loss, trace: Trace, known: Known): Culprit | undefined {
  const {
    at,
    loss: { lost },
    unit,
  } = loss;
  const { ops, trees } = trace;
  const { judged, isOfValue } = known;
  // Where the crash alone is enough, nobody needs the loss to explain it.
  const alone = windowIfViolating(trace, at.op, known);
  if (alone !== undefined) return alone;
  const relevant = lost.filter(({ op }) => !isOfValue || staysUntilResolved(trace, op));
  const lostOps = [...new Set(relevant.map(({ op }) => op))].sort((one, other) => one.index - other.index);
  const [first] = lostOps;
  if (first === undefined) return windowAt(trace, at.op, known);
  const contents = new Set(relevant.flatMap(({ op, effect }) => (effect.kind === 'names' || effect.kind === 'mode' ? [] : [op.file.id])));
  const landed = landedSince(first, loss, trace);
  const renamed = landed.findLast((op) => places(op) && contents.has(op.file.id));
  if (renamed !== undefined) return { op: renamed, mechanism: 'renamed-unsynced' };
  const begun = windowIfViolating(trace, first.index - 1, known);
  if (begun !== undefined) return begun;
  const inPlace = lostOps.find(({ file }) => contents.has(file.id) && !ops.some((op) => places(op) && op.file.id === file.id));
  const ofFile = lostOps.filter(({ file }) => file.id === inPlace?.file.id);
  // Where no kill does harm, and the disk may have all of it or nothing, it is written in place by design.
  const isByDesign = trees.every((_, at) => judged(at) === false) && ofFile.every((op) => isWhollyLost(trace, unit, op.index, lost));
  if (inPlace !== undefined && (isByDesign || isReferredTo(trace, inPlace)))
    return { op: ofFile.at(-1) ?? inPlace, mechanism: 'not-forced' };
  if (inPlace !== undefined) return { op: inPlace, mechanism: isAppended(trace, inPlace.index) ? 'appended' : 'written-in-place' };
  const took = takenTooEarly(loss, trace);
  if (took !== undefined) return { op: took, mechanism: 'reordered' };
  const named = lost.findLast(({ effect }) => effect.kind === 'names')?.op;
  const waitedFor = named ?? lostOps.at(-1);
  return waitedFor && { op: waitedFor, mechanism: 'not-forced' };
}

type Loss = Pick<LossState, 'at' | 'unit'> & { readonly loss: Pick<LossState['loss'], 'lost'> };

/** Ops from the first lost one on that changed something on disk. */
function landedSince({ index: first }: Op, { at, loss: { lost }, unit }: Loss, trace: Trace): Op[] {
  return trace.ops
    .slice(first - 1, at.op)
    .filter(({ index }) => trace.trees[index] !== trace.trees[index - 1] && !isWhollyLost(trace, unit, index, lost));
}

/** An op that landed, and took away a file that was there when the step began, or its process, though something before it was lost. */
function takenTooEarly(loss: Loss, trace: Trace, begins: readonly number[] = []): Op | undefined {
  const [first] = loss.loss.lost.map(({ op }) => op).sort((one, other) => one.index - other.index);
  if (first === undefined) return undefined;
  const began = Math.max(promisedBefore(trace, first.index), ...begins.filter((at) => at < first.index));
  const promised = trace.trees[began] ?? new Map();
  return landedSince(first, loss, trace).findLast(
    ({ call, file }) => (call === 'unlink' || call === 'rename') && promised.has(file.actual),
  );
}

/**
 * What a real file system lost is not known, only what it kept. A file that was renamed into place and is another one now lost its data; one that is
 * as before lost its new name. Undefined if every file is as the process left it.
 */
function culpritOfCut({ at, tree }: CutState, trace: Trace): Culprit | undefined {
  const { ops, trees } = trace;
  const done = ops.slice(0, at.op);
  const isOther = (path: string | undefined): boolean => {
    const left = path === undefined ? undefined : trees[at.op]?.get(path);
    return path !== undefined && left !== undefined && !equalEntries(left, tree.get(path));
  };
  const placed = done.findLast((op) => places(op) && isOther(op.to?.actual));
  if (placed?.to !== undefined) {
    const before = trees[placed.index - 1]?.get(placed.to.actual);
    const wasKept = equalEntries(before, tree.get(placed.to.actual));
    return { op: placed, mechanism: wasKept ? 'not-forced' : 'renamed-unsynced' };
  }
  const written = done.findLast(({ index, file }) => trees[index] !== trees[index - 1] && isOther(file.actual));
  return written && { op: written, mechanism: mechanismOf(written, trace) };
}

/**
 * Whether the file that an op is about is there when its step has resolved, or was before it: locks are not, and what they lose loses nothing.
 */
function staysUntilResolved(trace: Trace, { index, file, to, call }: Op): boolean {
  if (call === 'unlink') return trace.trees[promisedBefore(trace, index)]?.has(file.actual) === true;
  const end = trace.trees[resolvedAfter(trace, index - 1)];
  const placed = trace.ops.filter((op) => op.index > index && places(op) && op.file.id === file.id && op.file.actual === file.actual);
  const paths = placed.length === 0 ? [to?.actual ?? file.actual] : placed.map((op) => op.to?.actual ?? '');
  return paths.some((path) => end?.has(path));
}

/** Whether a file is new, and something else that stays comes after it in the same step: until then nobody looks for it, so to write it in place is right. */
function isReferredTo(trace: Trace, { index, file }: Op): boolean {
  const { ops, trees } = trace;
  if (trees[promisedBefore(trace, index)]?.has(file.actual) === true) return false;
  const until = resolvedAfter(trace, index - 1);
  return ops.some(
    (op) =>
      op.index > index &&
      op.index <= until &&
      op.file.id !== file.id &&
      trees[op.index] !== trees[op.index - 1] &&
      staysUntilResolved(trace, op),
  );
}

function windowIfViolating(trace: Trace, boundary: number, known: Known): Culprit | undefined {
  return known.judged(boundary) === true ? windowAt(trace, boundary, known) : undefined;
}

/** A recovery saves like any save: what it does at the same line is to blame on that line. What it does at another line is its own. */
async function culpritOfTwo({ second, trace }: TwiceState, subject: RecordedSubject, known: Known): Promise<Culprit | undefined> {
  const ofLoss = second.how === 'power-lost' ? culpritOfLossIn(second, trace, known) : undefined;
  const op = ofLoss?.op ?? destroyerOf(second, trace, subject.trace);
  if (op === undefined) return undefined;
  const site = (await trace.sites()).sites.get(op.index);
  const same = site === undefined ? sameIn(subject.trace, op, trace) : await sameLine(subject, op, site);
  if (same !== undefined) return { op: same, mechanism: ofLoss?.mechanism ?? mechanismIn(same, subject.trace, known) };
  return { op, mechanism: ofLoss?.mechanism === 'reordered' ? 'reordered' : 'recovery-not-repeatable', ...(site && { site }) };
}

/** An op of the run that the same line asked for. */
async function sameLine({ trace, sites }: RecordedSubject, { call }: Op, { file, line, column }: Site): Promise<Op | undefined> {
  const ofRun = (await sites()).sites;
  const isThere = (other: Site | undefined): boolean => other?.file === file && other.line === line && other.column === column;
  return trace.ops.find((op) => op.call === call && isThere(ofRun.get(op.index)));
}

/** The op to blame on a loss in a recovery. Undefined where nothing was lost. */
function culpritOfLossIn(second: LossState, recovery: Trace, { isOfValue }: Known): Culprit | undefined {
  if (second.loss.lost.length === 0) return undefined;
  return orTakenTooEarly(culpritOfLoss(second, recovery, { ...NOTHING_KNOWN, isOfValue }), second, recovery);
}

/** Where nobody knows what kills do there: what undoes or completes a save writes in place by design, and then the journal went too early. */
function orTakenTooEarly(culprit: Culprit | undefined, loss: Loss, trace: Trace, begins: readonly number[] = []): Culprit | undefined {
  const took = culprit?.mechanism === 'written-in-place' ? takenTooEarly(loss, trace, begins) : undefined;
  return took === undefined ? culprit : { op: took, mechanism: 'reordered' };
}

/** The op of a recovery that took away what was on disk. Locks do not count: they exist only during a save. */
function destroyerOf(second: TwiceState['second'], recovery: Trace, first: Trace): Op | undefined {
  const done = recovery.ops.slice(0, second.at.op);
  const kept = new Set(
    [first.trees[0], first.trees.at(-1)]
      .flatMap((tree) => [...(tree?.keys() ?? [])])
      .map((path) => canonicalPath(path, first.variation.names)),
  );
  const changed = done.findLast(
    ({ index, file, to }) => recovery.trees[index] !== recovery.trees[index - 1] && kept.has(to?.path ?? file.path),
  );
  return destroyerBefore(recovery, second.at.op, (path) => kept.has(path)) ?? changed ?? done.at(-1);
}
