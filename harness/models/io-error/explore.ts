/**
 * Explores the faults of one subject: every single fault, second faults on the ways that follow, faults that last, and power cuts after failed
 * fsyncs.
 */
import type { Bench } from '../../bench/bench.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
import type { Effort } from '../../domain/effort.ts';
import { NoSuchCase } from '../../domain/errors.ts';
import type { Met } from '../../domain/met.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import type { Op, Trace } from '../../domain/trace.ts';
import { counted } from '../../domain/words.ts';
import type { History } from '../../generate/history.ts';
import { NotReplayable } from '../../persistence/actions.ts';
import type { Fault } from '../../record/fault.ts';
import type { CarriedOut, Judged, Unmeasured } from '../../recover/believe.ts';
import type { Cell, Exploration, Explored } from '../model.ts';
import { triedAgain } from '../second-tries.ts';
import { tallyOf } from '../tally.ts';
import { chosenFaults } from './chosen-faults.ts';
import { type CrashModels, crashAfterFaults, followed, namedCrash, waysToCrash } from './crash-after.ts';
import { exploreLasting, stillTrying } from './explore-lasting.ts';
import { DROPPING_ERRNO, type FaultCase, faultId, type OpFault } from './fault-id.ts';
import { type FaultyRun, runAlone, runFaults } from './fault-runs.ts';
import { fsyncsOf, isDropping } from './fsync-edits.ts';
import { judgeDrops, judgeLies, type Lying, namedCut, undisturbed } from './fsync-faults.ts';
import { failuresOf, hasLaterStep, isRefusedReadOnly, isRepeated, withoutLasting } from './lasting-faults.ts';
import { secondFaults, wasReached } from './second-faults.ts';
import { singleFaults, windowsFaults } from './single-faults.ts';
import { caseOf, type FaultVerdict, type FaultyCase, labOf, sightedCut, sightedRun, type Trial, trialOf, unmeasured } from './trial.ts';
import { tryAgainAfterFault } from './try-again.ts';
import { windowsRecording } from './windows.ts';

/** A fault that a case id names, and the history whose last call it is of. */
export interface NamedFault {
  readonly fault: FaultCase;
  readonly history?: History;
}

export interface FaultExplored extends Explored<FaultyCase, FaultyRun> {
  /** Subjects of the faults: of a drawn history, its last call. */
  readonly trials: readonly Trial[];
}

export type FaultExploration = Exploration<FaultyCase, FaultyRun, NamedFault>;

/** How much is tried of one subject. */
export interface FaultLimits {
  readonly errnos: Effort['errnos'];
  /** Limit for second faults. */
  readonly second: number;
  /** Whether reads are short, too: which function of Node reads takes a run with stacks to know. */
  readonly reads: boolean;
  /** Limit for faults that last. */
  readonly lasting: number;
  /** Whether fsyncs lie, too. */
  readonly lies: boolean;
  /** Faults that crashes follow, at most. */
  readonly crashed: number;
}

const NOT_ASKED = 'the process that lived on is not asked: with no fault at all it does not find what it saved';
const REJECTS_ON_WINDOWS = 'by the rules of Windows alone, with no file in use, a step is rejected';

/** `unmet`: patterns of the command line that no call is like. */
function nothingTried(unmet: readonly string[]): string {
  if (unmet.length === 0) return 'no call of this run is one that would be refused: nothing was tried';
  return `no call of this run is one of --fault ${unmet.join(', ')}: nothing was tried`;
}

/** Lies are of all fsyncs, and so not tried where only some faults are. */
const limitsOfScenario = ({ errnos, secondFaults, lastingFaults: lasting, crashedFaults, faults }: Effort): FaultLimits => ({
  errnos,
  second: secondFaults,
  lasting,
  reads: true,
  lies: faults === undefined,
  crashed: crashedFaults,
});

/** Throws NoSuchCase for a power cut that the named fault cannot end in. */
export async function exploreFaults(
  subject: RecordedSubject,
  exploration: FaultExploration,
  crashes: CrashModels,
  limits = limitsOfScenario(exploration.bench.effort),
): Promise<FaultExplored | NotMeasured> {
  const { bench, cell, judge, only } = exploration;
  const isWindows = cell.profile === 'windows';
  const own = await byItsRules(subject, exploration);
  if (isNotMeasured(own)) return own;
  const trial = trialOf(bench, own, cell.profile, judge);
  if (only !== undefined) return exploreNamed(trial, only.fault, exploration);

  const { trace } = own;
  if (trace.ops.length === 0) return nothingDone(trial, exploration);
  const late = own.again?.recording.late;
  const all = await faultsTried(own, cell, limits.reads);
  const { faults: single, unmet } = chosenFaults(all, trace, limits.errnos, bench.effort.faults);
  const first = await judge(single.map((fault) => caseOf(trial, [fault])));
  const alone = first.verdicts.map(followed);
  const second = isWindows ? { faults: [], of: 0 } : secondFaults(alone, limits.second);
  const twice = await judge(second.faults.map((two) => caseOf(trial, two)));
  const lasting = await exploreLasting(trial, isWindows ? [] : alone, limits.lasting, judge);
  const reached = twice.verdicts.filter(({ run }) => wasReached(run));
  const fsyncs = isWindows ? { dropped: [], notes: [] } : await exploreFsyncs(trial, first.verdicts, exploration, limits);
  const ways = waysToCrash(isWindows ? [] : alone, trace, limits.crashed);
  const crashed = await crashAfterFaults(trial, ways, cell, crashes, judge);
  const verdicts = [...first.verdicts, ...fsyncs.dropped, ...lasting.verdicts, ...crashed.verdicts, ...reached];
  const notMeasured = [...first.unmeasured, ...lasting.unmeasured, ...crashed.unmeasured, ...twice.unmeasured];
  const points = verdicts.length + notMeasured.length;
  const counted = { tried: reached.length + twice.unmeasured.length, of: second.of };
  return {
    verdicts,
    unmeasured: notMeasured,
    doubts: [...trace.unmeasured, ...(points === 0 ? [nothingTried(unmet)] : [])],
    points,
    met: metByFaults([...first.verdicts, ...lasting.verdicts, ...reached]),
    tried: {
      kind: 'faults',
      tried: points - counted.tried,
      twice: counted,
      lasting: { tried: lasting.tried, of: lasting.of },
      crashed: { tried: crashed.tried, of: crashed.of },
      ...(fsyncs.lying && { lying: fsyncs.lying }),
    },
    notes: [
      ...(late === undefined ? [] : [late]),
      ...(points === 0 ? [] : unmet.map((text) => `no call of this run is one of --fault ${text}`)),
      ...(trial.lab.isOneRun || (await trial.asksSame()) ? [] : [NOT_ASKED]),
      ...(subject.notes ?? []),
      ...(trace.marks.some(({ kind }) => kind === 'rejected') ? [REJECTS_ON_WINDOWS] : []),
      ...fsyncs.notes,
      ...lasting.notes,
      ...crashed.notes,
    ],
    trials: [trial],
  };
}

/** No call can fail of a run in which the store had nothing to do: what it leaves is all there is to judge. */
async function nothingDone(trial: Trial, { cell, judge }: FaultExploration): Promise<FaultExplored> {
  const { subject } = trial;
  const { verdicts } = await judge([{ trial, subject, fails: { kind: 'control', asksSame: false } }], { confirm: false });
  const tried = { kind: 'faults', tried: 0, twice: { tried: 0, of: 0 } } as const;
  const { unmeasured: doubts } = subject.trace;
  return {
    verdicts: [],
    unmeasured: [],
    doubts,
    points: 0,
    tried,
    notes: subject.notes ?? [],
    tally: tallyOf(cell, verdicts),
    trials: [trial],
  };
}

/** Of runs in which calls fail and nothing is crashed. */
function metByFaults(verdicts: readonly FaultVerdict[]): Met {
  const isFailed = ({ run: { trace, ending } }: FaultVerdict): boolean =>
    ending.kind !== 'settled' || trace.marks.some(({ kind }) => kind === 'rejected');
  const failed = verdicts.filter(isFailed).length;
  return { 'failed-step': failed, 'went-on': verdicts.length - failed };
}

/** The single faults of a run by the rules of the cell's profile. */
export function faultsOf(trace: Trace, { profile }: Pick<Cell, 'profile'>): readonly OpFault[] {
  return profile === 'windows' ? windowsFaults(trace) : singleFaults(trace);
}

/**
 * Without short reads of files that `fs.promises.readFile` reads: Node 20 takes what the first read of a small file returns for the whole
 * (nodejs/node#50437), which is no mistake of the store. Nor are reads short where it is not known what reads.
 */
async function faultsTried(subject: RecordedSubject, cell: Pick<Cell, 'profile'>, reads = true): Promise<readonly OpFault[]> {
  const { ops } = subject.trace;
  const all = faultsOf(subject.trace, cell);
  const isShortRead = (fault: OpFault): boolean => fault.kind === 'short' && ops[fault.op - 1]?.call === 'read';
  if (!all.some(isShortRead)) return all;
  const { readByPromises } = reads ? await subject.sites() : {};
  const isTried = ({ op }: OpFault): boolean => readByPromises?.has(ops[op - 1]?.file.path ?? '') === false;
  return all.filter((fault) => !isShortRead(fault) || isTried(fault));
}

/** The run by the rules of the cell's profile. By those of Windows it does other ops, whose source lines are not known. */
export async function byItsRules(subject: RecordedSubject, { bench, cell }: FaultExploration): Promise<RecordedSubject | NotMeasured> {
  if (cell.profile !== 'windows') return subject;
  const { again } = subject;
  if (again === undefined) throw new Error('faults need a run that can be made again');
  const recording = windowsRecording(again.recording, await runAlone(labOf(bench, subject, cell.profile), []));
  if (isNotMeasured(recording)) return recording;
  const sites = async () => ({ sites: new Map(), mismatches: [] });
  return { ...subject, trace: recording.trace, again: { ...again, recording }, sites };
}

interface FsyncFindings {
  readonly dropped: readonly FaultVerdict[];
  readonly lying?: Lying;
  readonly notes: readonly string[];
}

async function exploreFsyncs(
  trial: Trial,
  first: readonly FaultVerdict[],
  { judge }: FaultExploration,
  { lies }: FaultLimits,
): Promise<FsyncFindings> {
  const dropping = first.filter((verdict) => isDropping(followed(verdict).first, trial.subject.trace));
  try {
    const dropped = await judgeDrops(trial, dropping, judge);
    const lying = lies ? await judgeLies(trial, judge) : undefined;
    return { dropped, ...(lying && { lying }), notes: [] };
  } catch (error) {
    if (!(error instanceof NotReplayable)) throw error;
    return { dropped: [], notes: [`fsyncs that drop pages or lie were not judged: ${error.message}`] };
  }
}

/** No verdict and nothing unmeasured: the name names no fault of this run. Throws NoSuchCase where a run makes no such call fail. */
async function exploreNamed(trial: Trial, fault: FaultCase, { judge, cell }: FaultExploration): Promise<FaultExplored> {
  const { trace } = trial.subject;
  const tried = await faultsTried(trial.subject, cell);
  const explored = ({ verdicts, unmeasured: doubted }: Judged<FaultyCase, FaultyRun>): FaultExplored => ({
    verdicts,
    unmeasured: doubted,
    doubts: [],
    points: verdicts.length + doubted.length,
    tried: { kind: 'faults', tried: verdicts.length + doubted.length, twice: { tried: 0, of: 0 } },
    notes: [],
    trials: [trial],
  });
  const none = explored({ verdicts: [], unmeasured: [] });
  if (fault.kind === 'faults') {
    const [first, second] = fault.faults;
    if (second === undefined) {
      mustBeTriedAlone(first, tried, trace);
      return explored(triedAsNamed(first, await judge([caseOf(trial, [first])])));
    }
    mustBeTried(first, tried, trace);
    const run = await runAlone(trial.lab, [first]);
    if (!('trace' in run)) return explored({ verdicts: [], unmeasured: [unmeasured(caseOf(trial, [first]), run.doubt)] });
    const others = secondFaults([{ run, first }], Number.POSITIVE_INFINITY).faults.map(([, other]) => other);
    mustBeTried(second, others, run.trace, `after ${faultId({ kind: 'faults', faults: [first] })}, `);
    return explored(await judge([caseOf(trial, fault.faults)]));
  }
  if (fault.kind === 'then-crash') {
    mustBeTried(fault.fault, tried, trace);
    const crashed = await namedCrash(trial, fault);
    if (isNotMeasured(crashed)) return explored({ verdicts: [], unmeasured: [unmeasured(caseOf(trial, [fault.fault]), crashed.reason)] });
    return explored(await judge([crashed]));
  }
  const { cut } = fault;
  if (fault.kind === 'lie') {
    if (cut === undefined || !fsyncsOf(trace).includes(fault.op)) return none;
    return explored(await judge([namedCut(trial, { ...fault, cut }, undisturbed(trial))]));
  }
  const drops = { kind: 'errno', op: fault.op, errno: DROPPING_ERRNO } as const;
  if (!isDropping(drops, trace)) return none;
  const dropping = [drops] as const;
  const failed = caseOf(trial, dropping);
  if (cut === undefined) {
    const judged = await judge([failed]);
    return explored({ ...judged, verdicts: await judgeDrops(trial, judged.verdicts, judge) });
  }
  const run = await runAlone(trial.lab, dropping);
  if (!('trace' in run)) return explored({ verdicts: [], unmeasured: [unmeasured(failed, run.doubt)] });
  return explored(await judge([namedCut(trial, { ...fault, cut }, run)]));
}

/** A single fault may last. */
function mustBeTriedAlone(fault: OpFault, tried: readonly OpFault[], trace: Trace): void {
  const op = opNamed(fault, trace);
  if (fault.kind === 'read-only') {
    if (!isRefusedReadOnly(op))
      throw new NoSuchCase(`op ${fault.op}, ${op.call} ${op.file.path}, changes nothing: a read-only file system does not refuse it`);
    return;
  }
  mustBeTried(withoutLasting(fault), tried, trace);
  if (fault.kind === 'full' && fault.until !== undefined && !hasLaterStep(fault.op, trace))
    throw new NoSuchCase(`no step follows that of op ${fault.op}, in which the disk would have room again`);
}

/** Throws NoSuchCase where a call was to fail several times, and was not tried again. */
function triedAsNamed(fault: OpFault, judged: Judged<FaultyCase, FaultyRun>): Judged<FaultyCase, FaultyRun> {
  const [verdict] = judged.verdicts;
  if (verdict === undefined || !isRepeated(fault)) return judged;
  if (failuresOf(fault, verdict.run) < 2) throw new NoSuchCase(`after op ${fault.op} failed, the store does not try it again`);
  const still = stillTrying(fault, verdict.run);
  return still === undefined ? judged : { verdicts: [], unmeasured: [unmeasured(verdict.case, still)] };
}

function opNamed({ op: index }: OpFault, { ops }: Trace, when = ''): Op {
  const op = ops[index - 1];
  if (op === undefined) throw new NoSuchCase(`${when}there is no op ${index}: the run has ${counted(ops.length, 'op')}`);
  return op;
}

function mustBeTried(fault: OpFault, tried: readonly OpFault[], trace: Trace, when = ''): void {
  const idOf = (one: OpFault): string => faultId({ kind: 'faults', faults: [one] });
  const op = opNamed(fault, trace, when);
  if (!tried.some((one) => idOf(one) === idOf(fault)))
    throw new NoSuchCase(`${when}op ${fault.op}, ${op.call} ${op.file.path}, does not fail like this`);
}

/** Carries out the cases of one trial, in their order. */
export async function carryOutFaults(
  cases: readonly FaultyCase[],
  bench: Bench,
  onDone: (done: number) => void,
): Promise<(CarriedOut<FaultyCase, FaultyRun> | Unmeasured<FaultyCase>)[]> {
  const results = new Map<FaultyCase, CarriedOut<FaultyCase, FaultyRun> | Unmeasured<FaultyCase>>();
  const [trial] = cases.map((one) => one.trial);
  if (trial === undefined) return [];
  const runs: (readonly [FaultyCase, readonly Fault[]])[] = [];
  for (const one of cases) {
    const { fails, left } = one;
    if (left !== undefined) results.set(one, sightedCut(one, left));
    else if (fails.kind === 'faults') runs.push([one, fails.faults]);
    else results.set(one, await controlOf(one));
  }
  const made =
    runs.length === 0
      ? []
      : await runFaults(
          trial.lab,
          runs.map(([, faults]) => faults),
          { control: trial.control(), onDone, isWhole: ([fault]) => fault !== undefined && isDropping(fault, trial.subject.trace) },
        );
  for (const [index, [one]] of runs.entries()) {
    const run = made[index];
    if (run === undefined) throw new Error('one run for each case');
    results.set(one, 'trace' in run ? await sightedRun(one, run) : unmeasured(one, run.doubt));
  }
  const carriedOut = cases.map((one) => results.get(one) ?? unmeasured(one, 'not run'));
  return triedAgain(carriedOut, bench, tryAgainAfterFault);
}

async function controlOf(one: FaultyCase): Promise<CarriedOut<FaultyCase, FaultyRun> | Unmeasured<FaultyCase>> {
  const run = await one.trial.control();
  return 'trace' in run ? sightedRun(one, run) : unmeasured(one, run.doubt);
}
