/**
 * Failing calls in random histories: the last call of each is made to fail as `faults.ts` has it, in a process that has done all that comes
 * before it, in a directory that the processes before that one left.
 */
import type { Bench, FaultCell } from '../check.ts';
import { isViolation } from '../domain/grade.ts';
import { heldTo } from '../domain/models.ts';
import type { Outcome } from '../domain/store.ts';
import { counted } from '../domain/words.ts';
import { gradeOf } from '../judge/outcome.ts';
import type { FaultCase, OpFault } from '../models/io-error/fault-id.ts';
import type { FaultVerdict } from '../models/io-error/fault-verdict.ts';
import { checkFaults, type FaultFindings } from '../models/io-error/faults.ts';
import { singleFaults } from '../models/io-error/single-faults.ts';
import { type NotRecorded, type Recording, record } from '../record/record.ts';
import type { Course } from './course.ts';
import { drawHistories, HISTORIES_PER_CELL } from './draw.ts';
import { encodeHistory, type History } from './history.ts';
import { lastCallOf, upToLast } from './last-call.ts';
import { shrink } from './shrink.ts';

/** What failing calls do to the last call of a history. */
export interface HistoryFaults {
  readonly course: Course;
  /** With that call as the only step. */
  readonly cell: FaultCell;
  readonly found: FaultFindings;
}

export interface FaultHistoryFindings {
  readonly checked: readonly HistoryFaults[];
  /** For each outcome that breaks the claim the shortest history, and the fault that it takes. */
  readonly failures: readonly (HistoryFaults & { readonly verdict: FaultVerdict })[];
  readonly doubts: readonly string[];
  readonly notes: readonly string[];
}

/** A history costs two hundred runs here, and a few otherwise: so many times fewer are drawn. */
const FEWER = 8;
/** What the histories end with, in turn; those that never do it, with whatever call comes last. */
const LAST_STEPS = ['update', 'save', 'reset', 'unchanged'] as const;
/** Histories that are tried to shrink one that fails. */
const SHRINK_LIMIT = 40;
/** Faults like the one that failed, by which a smaller history is tried. */
const ALIKE = 2;

export async function checkFaultHistories(cell: FaultCell, bench: Bench): Promise<FaultHistoryFindings | NotRecorded> {
  const { courses, seed, histories = HISTORIES_PER_CELL } = bench;
  const variation = await courses.variation();
  if ('reason' in variation) return variation;
  const drawn = drawHistories(Math.ceil(histories / FEWER), seed, cell.store.hasUpdate).map((history, at) =>
    upToLast(history, LAST_STEPS[at % LAST_STEPS.length]),
  );
  const checked: HistoryFaults[] = [];
  const doubts: string[] = [];
  for (const history of drawn) {
    const result = await faultsIn(cell, bench, history);
    if (result === undefined) continue; // lost before its last call: the other models tell
    if ('reason' in result) doubts.push(`in history ${encodeHistory(history)}: ${result.reason}`);
    else checked.push(result);
  }
  const failures = [];
  for (const [outcome, first] of failuresIn(cell, checked)) failures.push(await smallest(cell, bench, first, outcome));
  const notes = [`histories: ${counted(drawn.length, 'history', 'histories')}, drawn with seed ${seed}`];
  return { checked, failures, doubts, notes };
}

/** All faults of the last call of a history, or the one that is named. Undefined where there is no such call. */
export async function faultsIn(
  cell: FaultCell,
  bench: Bench,
  history: History,
  named?: FaultCase,
): Promise<HistoryFaults | NotRecorded | undefined> {
  const prepared = await lastOf(cell, bench, history);
  if (prepared === undefined || 'reason' in prepared) return prepared;
  const found = await checkFaults(prepared.cell, prepared.bench, prepared.recording, named);
  return 'reason' in found ? found : { course: prepared.course, cell: prepared.cell, found };
}

interface Prepared {
  readonly course: Course;
  readonly cell: FaultCell;
  readonly bench: Bench;
  readonly recording: Recording;
}

async function lastOf(cell: FaultCell, bench: Bench, history: History): Promise<Prepared | NotRecorded | undefined> {
  const course = await bench.courses.of(history);
  if (course.trouble !== undefined) return { reason: course.trouble };
  const last = lastCallOf(course, history);
  if (last === undefined) return undefined;
  const own: Bench = { ...bench, ...bench.prepareLast(last) };
  const before = last.stored === undefined ? [] : [{ kind: 'save', value: last.stored } as const];
  const recording = await record(bench.recorder, own);
  if ('reason' in recording) return recording;
  return { course, cell: { ...cell, scenario: { ...cell.scenario, before, steps: [last.step] } }, bench: own, recording };
}

type Failing = readonly [outcome: Outcome, first: HistoryFaults & { readonly verdict: FaultVerdict }];

function failuresIn(cell: FaultCell, checked: readonly HistoryFaults[]): Failing[] {
  const { claim } = heldTo(cell.store.claims, cell, cell.strict);
  const first = new Map<Outcome, Failing[1]>();
  for (const one of [...checked].sort((a, b) => a.course.history.length - b.course.history.length)) {
    for (const verdict of one.found.verdicts) {
      const { outcome } = verdict;
      if (isViolation(gradeOf(outcome, cell.model), claim) && !first.has(outcome)) first.set(outcome, { ...one, verdict });
    }
  }
  return [...first];
}

/** Faults of one op lead; what takes two of them, or a power cut, is told as it was drawn. */
async function smallest(cell: FaultCell, bench: Bench, failing: Failing[1], outcome: Outcome): Promise<Failing[1]> {
  const { verdict, found, course } = failing;
  const [fault, ...more] = verdict.case.kind === 'faults' ? verdict.case.faults : [];
  if (fault === undefined || more.length > 0) return failing;
  const call = found.recording.trace.ops[fault.op - 1];
  const failureOf = async (history: History): Promise<Failing[1] | undefined> => {
    const prepared = await lastOf(cell, bench, upToLast(history));
    if (prepared === undefined || 'reason' in prepared) return undefined;
    const { ops } = prepared.recording.trace;
    const alike = singleFaults(prepared.recording.trace)
      .filter((one) => isAlike(one, fault) && ops[one.op - 1]?.call === call?.call && ops[one.op - 1]?.file.path === call?.file.path)
      .slice(0, ALIKE);
    for (const one of alike) {
      const again = await checkFaults(prepared.cell, prepared.bench, prepared.recording, { kind: 'faults', faults: [one] });
      const same = 'reason' in again ? undefined : again.verdicts.find((each) => each.outcome === outcome);
      if (same !== undefined && !('reason' in again)) return { course: prepared.course, cell: prepared.cell, found: again, verdict: same };
    }
    return undefined;
  };
  const { history } = await shrink(course.history, async (one) => (await failureOf(one))?.course.history, {
    atOnce: 2,
    limit: SHRINK_LIMIT,
  });
  return (await failureOf(history)) ?? failing;
}

function isAlike(one: OpFault, other: OpFault): boolean {
  return one.kind === other.kind && (one.kind !== 'errno' || other.kind !== 'errno' || one.errno === other.errno);
}
