/** Tells a real process to quit, waits for its end, and reads what it left. */
import { isDeepStrictEqual } from 'node:util';
import type { Bench } from '../../bench/bench.ts';
import { stepsOfProgram } from '../../bench/recorded-program.ts';
import { QUITS, type Quit, rowOf, signalFor } from '../../domain/quits.ts';
import { type Found, FRESH, isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import { scanTree } from '../../domain/tree.ts';
import { timesAt } from '../../domain/tree-times.ts';
import { oracleOfSteps, oracleOptions } from '../../judge/oracle.ts';
import { isLoss } from '../../judge/outcome.ts';
import { valueAfterNext } from '../../judge/promise.ts';
import { type Asked, QUIT_CODES, readQuitNotes } from '../../protocol/quit-file.ts';
import { endOf, traceOf } from '../../record/record.ts';
import type { RunReport } from '../../record/recorder.ts';
import type { CarriedOut, Unmeasured } from '../../recover/believe.ts';
import { treeOf } from '../crash/explore.ts';
import { lastChange, type QuitCase, type QuitRun } from './quit-cases.ts';
import type { QuitSubject } from './quit-subject.ts';

/** How often a run that went another way is tried. */
const TRIES = 3;

export async function carryOutQuit(one: QuitCase, bench: Bench): Promise<CarriedOut<QuitCase, QuitRun | undefined> | Unmeasured<QuitCase>> {
  const { subject, quit } = one;
  const allows = shownLater(subject, bench);
  if (one.asked === undefined) {
    const sighting = treeOf(one);
    return { case: one, run: undefined, kind: '', sightings: [{ ...sighting, judge: (found) => sighting.judge(allows(found)) }] };
  }
  const left = await quitProcess(one, one.asked, bench);
  if (isNotMeasured(left)) return { case: one, reason: left.reason };
  const { run, directory } = left;
  const tree = scanTree(directory);
  // A program promises what it says in this very run.
  const steps = subject.isProgram ? stepsOfProgram(run.trace) : subject.steps;
  const oracle = oracleOfSteps(run.trace, subject.before, steps, oracleOptions(bench));
  const judge: CarriedOut<QuitCase, QuitRun>['sightings'][number]['judge'] = (found) => {
    const judgement = oracle(run.trace.ops.length, tree, allows(found));
    return run.stays === undefined || isLoss(judgement.outcome) ? judgement : { ...judgement, outcome: 'hung' };
  };
  return {
    case: one,
    run,
    kind: quit,
    sightings: [{ tree, timeOf: timesAt(run.trace, run.trace.ops.length), directory, looker: FRESH, judge }],
  };
}

/**
 * Of a store that writes after its save has resolved: the next save need not show on a load right after it. What was found, as if it did.
 */
function shownLater({ trace, noted }: QuitSubject, { scenario: { next }, store }: Bench): (found: Found) => Found {
  const writesLater = noted.pending.includes(true) || lastChange(trace, trace.marks.at(-1)?.afterOp ?? 0) !== undefined;
  return (found) => {
    const { load, save, secondLoad } = found.recovery;
    if (!writesLater || load.kind !== 'loaded' || save?.kind !== 'saved' || secondLoad?.kind !== 'loaded') return found;
    if (!isDeepStrictEqual(load.value, secondLoad.value)) return found;
    const value = valueAfterNext(next, load.value, store.abilities.contract);
    return { ...found, recovery: { ...found.recovery, secondLoad: { kind: 'loaded', value } } };
  };
}

interface Left {
  readonly run: QuitRun;
  readonly directory: string;
}

async function quitProcess({ subject, quit, state }: QuitCase, asked: Asked, bench: Bench): Promise<Left | NotMeasured> {
  const { again, trace: recorded } = subject;
  if (again === undefined) throw new Error('a quit runs the scenario again');
  const { order } = again.recording;
  const { names } = recorded.variation;
  let reason = '';
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const run = bench.prepareQuit(quit, asked);
    const signal = asked.by === 'recorder' ? { signal: signalFor(quit) } : {};
    const report = await bench.recorder.run({ ...run, plan: { kind: 'asked', order, names, at: state.at.op, ...signal } });
    const notes = readQuitNotes(run.directory);
    const trouble = troubleIn(report, quit, subject.isProgram || notes?.learned !== undefined, () => bench.complaint(run.directory));
    if (trouble !== undefined) {
      reason = trouble;
      continue;
    }
    const stays = rowOf(quit).mayBeSurvived ? undefined : stayed(report, subject.isProgram);
    const trace = traceOf(bench.recorder.name, report, run.spool, recorded.variation);
    return { run: { trace, ...(stays !== undefined && { stays }), underWay: notes?.learned?.underWay ?? false }, directory: run.directory };
  }
  return { reason: `nondeterministic: ${reason}` };
}

/** Why a run does not show what the quit does, in words. */
function troubleIn({ events }: RunReport, quit: Quit, hasLearned: boolean, complaint: () => string | undefined): string | undefined {
  const end = endOf(events);
  if (!events.some(({ kind }) => kind === 'start')) return 'the recording did not start';
  if (end.how === 'diverged') return `event ${end.at + 1} was "${end.expected}" when recorded, "${end.got}" in a later run`;
  if (hasLearned || quit === 'end') return undefined;
  // It may have had no listener when the signal came, and be killed by it.
  if (end.how === 'crashed' && end.signal === SIGNAL_NUMBERS[quit]) return undefined;
  const because = complaint()?.split('\n')[0];
  return `the process ended before it learned of ${QUITS[quit].words}${because === undefined ? '' : `: ${because}`}`;
}

/** As wait statuses have them, on every system that has them. */
const SIGNAL_NUMBERS: { readonly [quit in Quit]?: string } = { SIGTERM: 'signal 15', SIGINT: 'signal 2' };

/** A program has exit codes of its own. */
function stayed({ events }: RunReport, isProgram: boolean): string | undefined {
  const end = endOf(events);
  if (end.how === 'timed-out') return `the process, within ${end.afterMs / 1000} s`;
  if (end.how !== 'exited' || isProgram) return undefined;
  if (end.code === QUIT_CODES.late) return 'the process, within the limit';
  return end.code === QUIT_CODES.stays ? 'the process, which stays although nothing is left to do' : undefined;
}
