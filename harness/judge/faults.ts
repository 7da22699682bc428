/**
 * The model of failing calls: every fault of a recorded run, each in a run of its own, and what became of the store.
 *
 * Allows   each op to fail with each errno that it can return; writes and copies cut short; a disk that is full from an op on; and, on each
 *          way that a store takes after such a fault, each op of that way to fail too.
 * Forbids  a third fault. When the steps have settled nothing fails any more: what does not work then does not work.
 * Real     the calls fail for real, in a child that lives on.
 */
import type { Bench, FaultCell } from '../check.ts';
import { DROPPING_ERRNO, type FaultCase, type OpFault } from '../explore/io-error/fault-id.ts';
import { type FaultLab, type FaultyRun, type NotRun, runAlone, runFaults } from '../explore/io-error/fault-runs.ts';
import { fsyncsOf } from '../explore/io-error/fsync-edits.ts';
import { secondFaults, wasReached } from '../explore/io-error/second-faults.ts';
import { singleFaults, windowsFaults } from '../explore/io-error/single-faults.ts';
import { ON_WINDOWS, windowsRecording } from '../explore/io-error/windows.ts';
import type { Fault } from '../record/fault.ts';
import type { NotRecorded, Recording } from '../record/record.ts';
import { doubtedLosses } from './confirm.ts';
import { confirmRun, type FaultJudge, type FaultVerdict, faultJudge, judgeRuns } from './fault-verdict.ts';
import { dropsPages, type FsyncFindings, judgeDrops, judgeFsyncs, judgeNamedCut } from './fsync-faults.ts';

/** A fault whose run could not be made, and why. */
interface FaultDoubt {
  readonly case: FaultCase;
  readonly doubt: string;
}

export interface FaultFindings {
  readonly recording: Recording;
  /** In the order of the ops. */
  readonly verdicts: readonly FaultVerdict[];
  readonly doubts: readonly FaultDoubt[];
  /** Faults on the ways that follow a first one: tried, and how many there are. */
  readonly twice: { readonly tried: number; readonly of: number };
  /** What power loss leaves where an fsync lied; shown, not held against the store. */
  readonly lying?: FsyncFindings['lying'];
  readonly notes: readonly string[];
}

/** Second faults that are tried in one cell. */
const TWICE_PER_CELL = 48;

const NOT_ASKED = 'the process that lived on is not asked: with no fault at all it does not find what it saved';

const REJECTS_ON_WINDOWS = 'by the rules of Windows alone, with no file in use, a step is rejected';

type OneFault = Extract<FaultCase, { kind: 'faults' }>;

/** All faults of a cell, or the one that is named. Throws NoSuchState for a power cut that the named one cannot end in. */
export async function checkFaults(
  cell: FaultCell,
  bench: Bench,
  recorded: Recording,
  named?: FaultCase,
): Promise<FaultFindings | NotRecorded> {
  const isWindows = cell.profile === 'windows';
  const recording = isWindows ? windowsRecording(recorded, await runAlone(labOf(cell, bench, recorded), [])) : recorded;
  if ('reason' in recording) return recording;
  const lab = labOf(cell, bench, recording);
  const control = runAlone(lab, []);
  const judging = controlled(control, faultJudge(cell, bench));
  judging.catch(() => {}); // told where it is awaited
  const rejects = recording.trace.marks.some(({ kind }) => kind === 'rejected');
  const none = { recording, verdicts: [], doubts: [], twice: { tried: 0, of: 0 }, notes: [] };
  if (named !== undefined)
    return { ...none, ...(await tryNamed({ lab, control, onProgress: bench.onProgress }, await judging, recording, named)) };

  const faults = isWindows ? windowsFaults(recording.trace) : singleFaults(recording.trace);
  const singles = faults.map((fault): OneFault => ({ kind: 'faults', faults: [fault] }));
  bench.onProgress({ kind: 'cell-recorded', points: singles.length, states: singles.length });
  const means = { lab, control, onProgress: bench.onProgress };
  const first = await tryFaults(means, judging, singles);
  const judge = await judging;
  const late = recorded.late === undefined ? [] : [recorded.late];
  const notes = [...late, ...(judge.warm ? [] : [NOT_ASKED]), ...(rejects ? [REJECTS_ON_WINDOWS] : [])];
  if (isWindows) return { ...none, ...first, notes };
  const followed = first.verdicts.map(({ run, case: one }) => ({ run, first: firstOf(one) }));
  const second = secondFaults(followed, TWICE_PER_CELL);
  const [again, fsyncs] = await Promise.all([
    tryFaults(
      means,
      judge,
      second.faults.map((two): OneFault => ({ kind: 'faults', faults: two })),
    ),
    judgeFsyncs(
      judge,
      recording,
      first.verdicts.filter(({ case: one }) => isDropping(firstOf(one), recording)),
    ),
  ]);
  const reached = again.verdicts.filter(({ run }) => wasReached(run));
  return {
    ...none,
    verdicts: [...first.verdicts, ...fsyncs.dropped, ...reached],
    doubts: [...first.doubts, ...again.doubts],
    twice: { tried: reached.length + again.doubts.length, of: second.of },
    notes: [...notes, ...fsyncs.notes],
    ...(fsyncs.lying && { lying: fsyncs.lying }),
  };
}

function isDropping(fault: Fault, { trace }: Pick<Recording, 'trace'>): boolean {
  return fault.kind === 'errno' && fault.errno === DROPPING_ERRNO && dropsPages(trace, fault.op);
}

/** No verdict and no doubt is a name that names none. */
async function tryNamed(
  means: Means,
  judge: FaultJudge,
  recording: Recording,
  named: FaultCase,
): Promise<Pick<FaultFindings, 'verdicts' | 'doubts'>> {
  const { trace } = recording;
  const none = { verdicts: [], doubts: [] };
  if (named.kind === 'faults') {
    const isOp = firstOf(named).op >= 1 && firstOf(named).op <= trace.ops.length;
    return isOp ? tryFaults(means, judge, [named]) : none;
  }
  if (named.kind === 'lie') {
    if (named.cut === undefined || !fsyncsOf(trace).includes(named.op)) return none;
    const undisturbed = { faults: [], alone: true, trace, ending: { kind: 'settled' }, settled: trace.trees.at(-1) ?? new Map() } as const;
    return { ...none, verdicts: [await judgeNamedCut(judge, { ...named, cut: named.cut }, undisturbed)] };
  }
  if (!dropsPages(trace, named.op)) return none;
  const failed: OneFault = { kind: 'faults', faults: [{ kind: 'errno', op: named.op, errno: DROPPING_ERRNO }] };
  const run = await runAlone(means.lab, failed.faults);
  if (!('trace' in run)) return { ...none, doubts: [{ case: named, doubt: run.doubt }] };
  if (named.cut !== undefined) return { ...none, verdicts: [await judgeNamedCut(judge, { ...named, cut: named.cut }, run)] };
  return { ...none, verdicts: await judgeDrops(judge, recording, await judgeRuns(judge, [[failed, run]])) };
}

function firstOf(one: FaultCase): OpFault {
  if (one.kind !== 'faults') throw new Error('only faults of ops are followed by others');
  return one.faults[0];
}

function labOf({ scenario, profile }: FaultCell, { recorder, prepareFaults, complaint }: Bench, recording: Recording): FaultLab {
  const [standing, platform] = profile === 'windows' ? [ON_WINDOWS, 'win32' as const] : [[], undefined];
  return { recorder, prepare: (runs) => prepareFaults(runs, platform), complaint, recording, steps: scenario.steps.length, standing };
}

/** Asks the process that lives on only where it finds its own without a fault. */
async function controlled(running: Promise<FaultyRun | NotRun>, judge: FaultJudge): Promise<FaultJudge> {
  const control = await running;
  if (!('trace' in control)) return { ...judge, warm: false };
  const one: FaultCase = { kind: 'faults', faults: [{ kind: 'errno', op: 0, errno: '' }] };
  const [cold, warm] = [await judgeRuns({ ...judge, warm: false }, [[one, control]]), await judgeRuns(judge, [[one, control]])];
  return { ...judge, warm: cold[0]?.outcome === warm[0]?.outcome };
}

/** What runs with faults need. */
interface Means {
  readonly lab: FaultLab;
  readonly control: Promise<FaultyRun | NotRun>;
  readonly onProgress: Bench['onProgress'];
}

/** Runs and judges faults; losses are confirmed, kind by kind, by runs in processes of their own. */
async function tryFaults(
  { lab, control, onProgress }: Means,
  controlled: FaultJudge | Promise<FaultJudge>,
  cases: readonly OneFault[],
): Promise<{ readonly verdicts: FaultVerdict[]; readonly doubts: FaultDoubt[] }> {
  const onDone = (done: number): void => onProgress({ kind: 'state-judged', of: cases.length, done });
  const runs = await runFaults(
    lab,
    cases.map(({ faults }) => faults),
    { control, onDone, isWhole: ([fault]) => fault !== undefined && isDropping(fault, lab.recording) },
  );
  const judge = await controlled;
  const judged = await judgeRuns(
    judge,
    runs.flatMap((run, index) => ('trace' in run ? [[cases[index] as OneFault, run] as const] : [])), // one run for each case
  );
  const doubts = runs.flatMap((run, index): FaultDoubt[] => ('trace' in run ? [] : [{ case: cases[index] as OneFault, doubt: run.doubt }]));
  const confirm = async (verdict: FaultVerdict): Promise<FaultVerdict | NotRun> => {
    const run = verdict.run.alone ? verdict.run : await runAlone(lab, verdict.run.faults);
    return 'trace' in run ? confirmRun(judge, [verdict.case, run]) : run;
  };
  const doubted = await doubtedLosses(judged, kindOf, async (verdict) => {
    const again = await confirm(verdict);
    return 'outcome' in again ? again.outcome : undefined;
  });
  const verdicts: FaultVerdict[] = [];
  for (const verdict of judged) {
    const sure = doubted.has(verdict) ? await confirm(verdict) : verdict;
    if ('outcome' in sure) verdicts.push(sure);
    else doubts.push({ case: verdict.case, doubt: sure.doubt });
  }
  return { verdicts, doubts };
}

/** By who found it, and by runs, loads and saves that ended alike. */
function kindOf({ finder, run, recovery: { load, save, secondLoad } }: FaultVerdict): string {
  return [finder.who, run.ending.kind, load.kind, save?.kind, secondLoad?.kind].join();
}
