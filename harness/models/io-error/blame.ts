/**
 * Which op a violation after a fault is to blame on: none, where a run without a fault loses; the lock that is left, where others hang or are
 * blocked; the op that took the old value away before; else the op that failed.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Blame, LOST_ANYWAY, type Mechanism } from '../../domain/mechanisms.ts';
import type { Looker } from '../../domain/sighting.ts';
import type { Outcome } from '../../domain/store.ts';
import type { Mark, Op, Trace } from '../../domain/trace.ts';
import { equalEntries } from '../../domain/tree.ts';
import { destroyerBefore, effectText, finisherOf, leftAll, looks, madeAndLeft, mechanismOf, sameIn } from '../../explain/changed.ts';
import { asMeant } from '../../explain/op-text.ts';
import { BY_OUTCOME, culpritOf, NOTHING_KNOWN, writtenLate } from '../crash/blame.ts';
import { killedAt } from '../crash/crash-state.ts';
import { violates } from '../held.ts';
import type { Findings } from '../model.ts';
import type { FaultExplored } from './explore.ts';
import type { FaultCase, OpFault } from './fault-id.ts';
import { opOf } from './fsync-faults.ts';
import type { FaultVerdict, WhatFails } from './trial.ts';

export async function blameFault(verdict: FaultVerdict, { cell, explored }: Findings<FaultExplored>): Promise<Blame | undefined> {
  const {
    case: { subject, fails },
    run,
    outcome,
    sighting,
  } = verdict;
  const { trace } = subject;
  const breaks = violates(cell);
  // With nothing failing, too, it loses.
  const undisturbed = await verdict.case.trial.undisturbed();
  if (undisturbed.some(breaks)) return blameOfEnd(verdict);
  if (remembersFailure(verdict, explored, breaks)) return { mechanism: 'remembers-failure', op: 'save' };
  if (fails.kind === 'then-crash') return blameCrashAfter(verdict);
  const isEnough = (first: FaultCase): boolean =>
    explored.verdicts.some((one) => breaks(one.outcome) && isDeepStrictEqual(one.case.fails, first));
  const { fault, op: failed, at: failedAt } = blamedFault(fails, trace, run.trace, isEnough);
  if (failed === undefined) return undefined;
  const ofFailure = mechanismOfFailure(verdict, failed, failedAt, fault);
  const lock = STOPS_OTHERS.has(outcome) ? madeAndLeft(trace, run.trace, sighting.tree) : undefined;
  if (lock !== undefined) return blameOfRun(lock, verdict, ofFailure);
  const { who } = sighting.looker;
  // Fresh processes have looked first, and found nothing wrong; but what a close loses after the save resolved, they have not seen.
  const isInMemory = IN_MEMORY.has(who) && (STOPS_OTHERS.has(outcome) || ofFailure === 'failure-not-undone');
  if (who === 'a fresh process after a second try' || isInMemory) return { mechanism: 'remembers-failure', op: 'save' };
  const at = failed.index - 1;
  // What the failed call left behind stops the next save, whatever became of the value.
  const isOfValue = BY_OUTCOME[outcome] === undefined;
  const taken = outcome === 'false-ack' || !isOfValue ? undefined : destroyerBefore(trace, at);
  // What was lost when the step began was lost by another one: in a history, by a call of which there is no trace.
  if (taken === undefined && OF_CONTENTS.has(outcome) && sighting.seen === undefined && leftAll(trace, at, sighting.tree)) return undefined;
  // With nothing failing, too, a store may lose its value.
  const mayLoseAnyway = taken === undefined && isOfValue && undisturbed.length === 0;
  const lostAnyway = mayLoseAnyway ? finisherOf(trace, at, sighting.tree) : undefined;
  const killed =
    ofFailure === 'failure-not-undone' && lostAnyway === undefined && taken === undefined ? await asKilled(verdict, at) : undefined;
  if (killed !== undefined) return blameOfRun(killed.op, verdict, killed.mechanism);
  const isOnTheWay = taken === undefined && (ofFailure === 'failure-not-undone' || ofFailure === 'read-failure-taken-for-empty');
  const removed = isOnTheWay ? removedAfter(run.trace, failedAt, trace) : undefined;
  if (removed !== undefined) return blameRemoval(removed, verdict);
  const op = taken ?? lostAnyway ?? failed;
  const mechanism = op === failed ? ofFailure : outcome === 'false-ack' ? 'not-what-was-saved' : mechanismOf(op, trace);
  return blameOfRun(op, verdict, mechanism);
}

/** Native code that copies a file removes it again where that fails. Then the line is that of the call that opened it. */
async function blameRemoval(removed: Op, verdict: FaultVerdict): Promise<Blame> {
  const blame = await blameOfRun(removed, verdict, 'removed-on-error');
  const { ops } = verdict.run.trace;
  const opened = ops.findLast(({ call, index, file }) => call === 'open' && index < removed.index && file.actual === removed.file.actual);
  if (blame.site !== undefined || opened === undefined) return blame;
  const { site } = await blameOfRun(opened, verdict, 'removed-on-error');
  return { ...blame, ...(site && { site }) };
}

/** The op that took away a file of those that the undisturbed run begins or ends with, in the step in which a call had failed. */
function removedAfter({ ops, trees, marks }: Trace, index: number, { trees: undisturbed }: Trace): Op | undefined {
  const settled = marks.find(({ afterOp }) => afterOp >= index)?.afterOp ?? ops.length;
  const isKept = (path: string): boolean => [undisturbed[0], undisturbed.at(-1)].some((tree) => tree?.has(path));
  return ops
    .slice(index, settled)
    .find(
      (op) =>
        op.call === 'unlink' &&
        op.error === undefined &&
        isKept(op.file.actual) &&
        trees[op.index - 1]?.has(op.file.actual) &&
        trees[op.index]?.has(op.file.actual) === false,
    );
}

/** Where it loses with nothing failing: what is only there once the store is closed came too late. */
async function blameOfEnd(verdict: FaultVerdict): Promise<Blame> {
  const { trial, subject } = verdict.case;
  const isThereInTheEnd = (await trial.whenKilled()).at(-1) === false;
  const late = isThereInTheEnd ? await asKilled(verdict, subject.trace.marks.at(-1)?.afterOp ?? 0) : undefined;
  return late === undefined ? LOST_ANYWAY : blameOfRun(late.op, verdict, late.mechanism);
}

/** What a kill before the failed call is to blame on, where that loses something, too: then the call only comes too late. */
async function asKilled({ case: { trial, subject } }: FaultVerdict, boundary: number): Promise<ReturnType<typeof culpritOf>> {
  const lost = await trial.whenKilled();
  if (lost[boundary] !== true) return undefined;
  const { trace } = subject;
  const state = killedAt(trace, boundary);
  const judged = (op: number): boolean | undefined => lost[op];
  return writtenLate(state, subject, judged) ?? culpritOf(state, trace, { judged, isOfValue: true, endsWell: lost.at(-1) === false });
}

/** The first step that was rejected, where the violation is of a later one: a crash in it, or a disk that is still full. */
function rejectedBefore({ case: { fails, left }, run: { trace } }: FaultVerdict): Mark | undefined {
  if (left === undefined && (fails.kind !== 'faults' || fails.faults[0].kind !== 'full')) return undefined;
  const [rejected, later] = trace.marks.filter(({ kind }) => kind === 'rejected');
  if (rejected === undefined || rejected.afterOp < opOf(fails)) return undefined;
  if (left === undefined) return later && rejected;
  return left.boundary > rejected.afterOp ? rejected : undefined;
}

/**
 * Whether a step was rejected and left each file as it was, and a crash in the next one loses all the same what no crash takes where nothing has
 * failed: the process does not know what the disk holds.
 */
function remembersFailure(one: FaultVerdict, { verdicts }: FaultExplored, breaks: (outcome: Outcome) => boolean): boolean {
  if (losesInNextStep(one)) return true;
  const rejected = rejectedBefore(one);
  if (rejected === undefined) return false;
  // What one failed call takes by itself is no matter of memory.
  const isOfOneStep = (other: FaultVerdict): boolean =>
    breaks(other.outcome) &&
    other.case.fails.kind === 'faults' &&
    opOf(other.case.fails) === opOf(one.case.fails) &&
    other.run !== one.run &&
    rejectedBefore(other) === undefined;
  if (verdicts.some(isOfOneStep)) return false;
  return verdicts.some((other) => {
    const mark = other.case.fails.kind === 'then-crash' && other.case.subject === one.case.subject ? rejectedBefore(other) : undefined;
    return mark !== undefined && breaks(other.outcome) && leftAsItWas(mark, other.run.trace);
  });
}

/**
 * Whether calls failed in one step alone, which was rejected and left each file as it was, and what a fresh process misses after a later step was
 * lost there.
 */
function losesInNextStep({ case: { fails }, run: { trace }, sighting: { looker } }: FaultVerdict): boolean {
  if (looker.who !== 'a fresh process' || (fails.kind !== 'dropped' && (fails.kind !== 'faults' || !fails.faults.every(endsWithItsStep))))
    return false;
  const rejected = trace.marks.find(({ kind }) => kind === 'rejected');
  if (rejected === undefined || !trace.marks.some(({ kind, step }) => kind === 'resolved' && step > rejected.step)) return false;
  const failed = fails.kind === 'dropped' ? [fails.op] : fails.faults.map(({ op }) => op);
  const isOfStep = (op: number): boolean => {
    const failing = trace.ops[op - 1];
    return op <= rejected.afterOp && failing !== undefined && !looks(failing);
  };
  return failed.every(isOfStep) && leftAsItWas(rejected, trace);
}

const endsWithItsStep = (fault: OpFault): boolean =>
  fault.kind === 'full' ? fault.until === 'settled' : fault.kind !== 'read-only' && fault.kind !== 'in-use';

/** Whether a step that settled left each file as it had been before it, whatever else it left. */
function leftAsItWas({ step, afterOp }: Mark, { marks, trees }: Trace): boolean {
  const before = trees[marks.findLast((mark) => mark.step === step - 1)?.afterOp ?? 0] ?? new Map();
  return [...before].every(([path, entry]) => equalEntries(entry, trees[afterOp]?.get(path)));
}

/** The op of the run with the fault that a crash there is to blame on. */
async function blameCrashAfter(verdict: FaultVerdict): Promise<Blame | undefined> {
  const {
    case: { trial, fails, left },
    outcome,
  } = verdict;
  if (left === undefined) return undefined;
  const { trace, boundary, tree, loss } = left;
  const at = { at: { op: boundary }, tree, promisedAt: boundary, points: [{ op: boundary }] } as const;
  const state = loss === undefined ? ({ ...at, how: 'killed' } as const) : ({ ...at, how: 'power-lost', loss, unit: 4096 } as const);
  const lost = await trial.whenKilled();
  // Until the call that fails, both runs are the same.
  const judged = (at: number): boolean | undefined => (at < opOf(fails) ? lost[at] : undefined);
  const culprit = culpritOf(state, trace, { ...NOTHING_KNOWN, judged, isOfValue: BY_OUTCOME[outcome] === undefined });
  if (culprit === undefined) return undefined;
  return blameOfRun(culprit.op, verdict, BY_OUTCOME[outcome] ?? culprit.mechanism);
}

/** An op of the run with the fault, or of the one without. */
async function blameOfRun(op: Op, { case: { trial, subject }, run }: FaultVerdict, mechanism: Mechanism): Promise<Blame> {
  const same = sameIn(subject.trace, op, run.trace);
  const site = same === undefined ? await trial.lineOf(op, run) : (await subject.sites()).sites.get(same.index);
  return { mechanism, op: textOf(op), ...(site && { site }) };
}

/** What the failure left behind is in the way of others. */
const STOPS_OTHERS: ReadonlySet<Outcome> = new Set(['hung', 'blocked']);

/** Who finds what a fresh process did not. */
const IN_MEMORY: ReadonlySet<Looker['who']> = new Set(['the same process', 'the same process that tries again']);

/** Outcomes that the files alone decide; whether a save resolved is another matter. */
const OF_CONTENTS: ReadonlySet<Outcome> = new Set(['empty', 'stale', 'mixed', 'unreadable']);

interface Blamed {
  readonly op: Op | undefined;
  /** Its number in the run with the faults. */
  readonly at: number;
  /** Absent for an fsync that drops pages or lies. */
  readonly fault?: OpFault | undefined;
}

/** Of two faults the second, unless the first is enough. Its op is that of the undisturbed run which does the same, if one does. */
function blamedFault(fails: WhatFails, undisturbed: Trace, run: Trace, isEnough: (first: FaultCase) => boolean): Blamed {
  if (fails.kind !== 'faults') return { op: undisturbed.ops[opOf(fails) - 1], at: opOf(fails) };
  const [first, second] = fails.faults;
  if (second === undefined || isEnough({ kind: 'faults', faults: [first] }))
    return { fault: first, op: undisturbed.ops[first.op - 1], at: first.op };
  const failed = run.ops[second.op - 1];
  return { fault: second, op: failed && (sameIn(undisturbed, failed, run) ?? failed), at: second.op };
}

const textOf = (op: Op): string => effectText(asMeant(op));

function mechanismOfFailure(
  {
    outcome,
    case: {
      fails,
      subject: { trace: undisturbed },
    },
    run: { trace: run },
    sighting: { looker },
  }: FaultVerdict,
  failed: Op,
  failedAt: number,
  fault: OpFault | undefined,
): Mechanism {
  if (outcome === 'exposed') return 'exposed';
  if (outcome === 'hung') return 'waits-forever';
  if (outcome === 'blocked' && looker.who !== 'a fresh process that tries again') return 'blocks';
  if (fault?.kind === 'short' && failed.call === 'read') return 'short-read';
  // A call may fail when all steps have resolved, in close: what was acknowledged until then is not there.
  const settled = run.marks.find(({ afterOp }) => afterOp >= failedAt) ?? (outcome === 'false-ack' ? run.marks.at(-1) : undefined);
  const hasResolved = settled?.kind === 'resolved';
  const changes = ({ index }: Op): boolean =>
    index > failedAt && index <= (settled?.afterOp ?? index) && run.trees[index] !== run.trees[index - 1];
  const goesOn = hasResolved || run.ops.some(changes);
  if (looks(failed) && !isForced(failed, undisturbed)) return goesOn ? 'read-failure-taken-for-empty' : 'failure-not-undone';
  if (fault?.kind === 'short') return 'short-write';
  if (hasResolved && isRestLost(fault, failed, fails)) return 'short-write';
  return hasResolved && (outcome === 'false-ack' || fault?.kind === 'lost' || !goesAnotherWay(run, failedAt, undisturbed))
    ? 'error-swallowed'
    : 'failure-not-undone';
}

/** Whether what was to be opened is only forced then, as a directory is. */
function isForced({ index, call, file }: Op, { ops }: Trace): boolean {
  const next = call === 'open' ? ops.find((op) => op.index > index && op.file.id === file.id) : undefined;
  return next?.call === 'fsync' || next?.call === 'fdatasync';
}

/** Whether a store answered a failure with something that it does not do without it. */
function goesAnotherWay(run: Pick<Trace, 'ops'>, failedAt: number, undisturbed: Trace): boolean {
  const usual = new Set(undisturbed.ops.map(textOf));
  return run.ops.some((op) => op.index > failedAt && !looks(op) && !usual.has(textOf(op)));
}

/**
 * Whether a write was cut short, and then the rest of it failed. libuv tries the rest itself; where that fails, Node answers with the number of
 * bytes that were written, and without the error.
 */
function isRestLost(fault: OpFault | undefined, { call }: Op, fails: WhatFails): boolean {
  if (fault?.kind === 'full') return fault.room !== undefined;
  const [first, second] = fails.kind === 'faults' ? fails.faults : [];
  return call === 'write' && first?.kind === 'short' && second?.op === first.op + 1;
}
