/**
 * A fault followed by a crash: the process is killed, or the power goes, at each boundary after the call that failed. What a store does
 * instead of a call that failed is the code that nobody kills. So is the next step of a process in which a step was rejected: what it noted
 * of that step in memory, such as which of two files comes next, may not be true of the disk.
 *
 * Allows   one fault, and after it a kill at each later boundary, or what a power cut leaves there on the file systems where claims about
 *          power loss gate.
 * Forbids  a crash after a fault that the store did not answer with changes that it makes at no other time, unless a step that was rejected
 *          is followed by another; one after which a step never settled; one after two faults.
 * Real     the trees that the run with the fault went through, observed op by op; nothing is killed.
 *
 * A crash is held to the claim of its own model. What the same kind of crash loses with no fault is not charged to the fault, nor is what
 * the fault loses with no crash charged to the crash.
 */
import { NoSuchCase } from '../../domain/errors.ts';
import type { NotMeasured } from '../../domain/sighting.ts';
import type { Outcome } from '../../domain/store.ts';
import type { Trace } from '../../domain/trace.ts';
import { isLoss } from '../../judge/outcome.ts';
import { NotReplayable } from '../../persistence/actions.ts';
import { rebuild } from '../../persistence/power-loss.ts';
import { PROFILES } from '../../persistence/profiles.ts';
import type { Judged, Unmeasured } from '../../recover/believe.ts';
import { violates } from '../held.ts';
import type { Cell } from '../model.ts';
import { leftoversOf } from '../second-tries.ts';
import type { FaultCase, OpFault } from './fault-id.ts';
import { type FaultyRun, runAlone, runFaults } from './fault-runs.ts';
import { CUT_ON, CUT_RUN, cutsOf, undisturbed } from './fsync-faults.ts';
import { changed, changesOn, type ErrorPath, errorPaths } from './second-faults.ts';
import { caseOf, type FaultVerdict, type FaultyCase, type Trial, unmeasured } from './trial.ts';
import { keyOf } from './windows.ts';

/** The models whose crashes follow, for what stores claim under them. */
export interface CrashModels {
  readonly kill: Cell['model'];
  readonly cut: Cell['model'];
}

export interface CrashedFaults {
  /** For each fault the first crash that it is to blame for, if there is one: a kill before a power cut. */
  readonly verdicts: readonly FaultVerdict[];
  readonly unmeasured: readonly Unmeasured<FaultyCase>[];
  /** Faults that were followed by crashes, and those that could have been. */
  readonly tried: number;
  readonly of: number;
  readonly notes: readonly string[];
}

type ThenCrash = Extract<FaultCase, { kind: 'then-crash' }>;

/** A run with a fault, and what came of it. */
export interface Way extends ErrorPath {
  readonly outcome: Outcome;
}

/** Throws for what is no fault of an op. */
export function followed({ run, case: { fails }, outcome }: FaultVerdict): Way {
  if (fails.kind !== 'faults') throw new Error('only faults of ops are followed by others');
  return { run, first: fails.faults[0], outcome };
}

/**
 * Runs whose fault the store answered with changes that it does not make without the fault; one for each way that it took. A store that only
 * leaves something out, such as an fsync of the directory, went no way of its own.
 */
function waysOfItsOwn(runs: readonly Way[], undisturbedRun: Pick<Trace, 'ops'>): readonly Way[] {
  const usual = new Set(undisturbedRun.ops.map(keyOf));
  return errorPaths(runs).filter((way) => way.run.ending.kind === 'settled' && changesOn(way).some((key) => !usual.has(key)));
}

/** Runs that went on after a step was rejected and lost nothing; one for each kind of what that step left and of what the later steps did. */
function waysOn(runs: readonly Way[], undisturbedRun: Pick<Trace, 'trees' | 'variation'>): readonly Way[] {
  const ways = new Map<string, Way>();
  for (const way of runs) {
    const { ops, marks, trees } = way.run.trace;
    const rejected = marks.find(({ kind, afterOp }) => kind === 'rejected' && afterOp >= way.first.op);
    const later = rejected === undefined ? [] : ops.slice(rejected.afterOp).filter(changed).map(keyOf);
    if (way.run.ending.kind !== 'settled' || isLoss(way.outcome) || rejected === undefined || later.length === 0) continue;
    const key = JSON.stringify([rejected.step, leftoversOf(trees[rejected.afterOp] ?? new Map(), undisturbedRun), later]);
    if (!ways.has(key)) ways.set(key, way);
  }
  return [...ways.values()];
}

/** At most `most` of each of two kinds of ways. */
export function waysToCrash(
  runs: readonly Way[],
  undisturbedRun: Pick<Trace, 'ops' | 'trees' | 'variation'>,
  most: number,
): { readonly ways: readonly Way[]; readonly of: number } {
  const own = waysOfItsOwn(runs, undisturbedRun);
  const on = waysOn(runs, undisturbedRun).filter((way) => !own.includes(way));
  return { ways: [...own.slice(0, most), ...on.slice(0, most)], of: own.length + on.length };
}

export async function crashAfterFaults(
  trial: Trial,
  { ways: chosen, of }: { readonly ways: readonly Way[]; readonly of: number },
  cell: Pick<Cell, 'store' | 'heldBy'>,
  { kill, cut }: CrashModels,
  judge: (cases: readonly FaultyCase[]) => Promise<Judged<FaultyCase, FaultyRun>>,
): Promise<CrashedFaults> {
  const nothing = { verdicts: [], unmeasured: [], tried: 0, of, notes: [] };
  if (chosen.length === 0) return nothing;
  const made = await runFaults(
    trial.lab,
    chosen.map(({ first }) => [first]),
    { control: trial.control(), isWhole: () => true },
  );
  const runs = made.flatMap((run, at) => {
    const way = chosen[at];
    return way === undefined ? [] : [{ run, first: way.first, alone: way.outcome }];
  });
  const doubted = runs.flatMap(({ run, first }) => ('trace' in run ? [] : [unmeasured(caseOf(trial, [first]), run.doubt)]));
  const whole = runs.flatMap(({ run, ...rest }) => ('trace' in run ? [{ run, ...rest }] : []));
  try {
    const plain = undisturbed(trial);
    const alone = [
      ...killsOf(trial, plain, 0, (boundary) => ({ kind: 'kill-alone', boundary })),
      ...CUT_ON.flatMap((name) =>
        cutsOf({ trial, run: plain, trace: plain.trace, from: 0 }, name, PROFILES[name], (one) => ({ kind: 'cut-alone', cut: one })),
      ),
    ];
    const crashed = whole.map(({ run, first }) => casesAfter(trial, run, first));
    const { verdicts, unmeasured: unsure } = await judge([...alone, ...crashed.flat()]);
    const breaks = new Map<string, (outcome: Outcome) => boolean>([
      [KILLED, violates({ ...cell, model: kill, profile: undefined })],
      ...CUT_ON.map((profile) => [profile as string, violates({ ...cell, model: cut, profile })] as const),
    ]);
    const isAlone = ({ case: { fails } }: FaultVerdict): boolean => fails.kind === 'kill-alone' || fails.kind === 'cut-alone';
    const lostAnyway = new Set(verdicts.filter(isAlone).map((one) => `${crashOf(one)} ${one.outcome}`));
    const isToBlame = (one: FaultVerdict): boolean =>
      one.case.fails.kind === 'then-crash' &&
      breaks.get(crashOf(one))?.(one.outcome) === true &&
      !lostAnyway.has(`${crashOf(one)} ${one.outcome}`);
    const losses = whole.flatMap(
      ({ run, alone: withoutCrash }) => verdicts.find((one) => one.run === run && one.outcome !== withoutCrash && isToBlame(one)) ?? [],
    );
    return { ...nothing, verdicts: losses, unmeasured: [...doubted, ...unsure], tried: whole.length };
  } catch (error) {
    if (!(error instanceof NotReplayable)) throw error;
    return { ...nothing, unmeasured: doubted, notes: [`crashes after faults were not judged: ${error.message}`] };
  }
}

/** One crash by its id. Throws NoSuchCase. */
export async function namedCrash(trial: Trial, fails: ThenCrash): Promise<FaultyCase | NotMeasured> {
  const { fault, crash } = fails;
  const run = await runAlone(trial.lab, [fault]);
  if (!('trace' in run)) return { reason: run.doubt };
  const boundary = crash.how === 'kill' ? crash.boundary : crash.cut.boundary;
  const observed = boundary < fault.op ? undefined : run.trace.trees[boundary];
  if (observed === undefined) throw new NoSuchCase(`after that fault there is no boundary ${boundary}`);
  const tree = crash.how === 'kill' ? observed : rebuild(run.trace, PROFILES[crash.cut.profile], boundary, crash.cut.detail, CUT_RUN);
  return { trial, subject: trial.subject, fails, left: { run, trace: run.trace, boundary, tree } };
}

const KILLED = 'killed';

/** What crashed: the process, or the power on a file system. */
function crashOf({ case: { fails } }: FaultVerdict): string {
  if (fails.kind === 'cut-alone') return fails.cut.profile;
  return fails.kind === 'then-crash' && fails.crash.how === 'cut' ? fails.crash.cut.profile : KILLED;
}

function casesAfter(trial: Trial, run: FaultyRun, fault: OpFault): FaultyCase[] {
  const then = (crash: ThenCrash['crash']): ThenCrash => ({ kind: 'then-crash', fault, crash });
  return [
    ...killsOf(trial, run, fault.op, (boundary) => then({ how: 'kill', boundary })),
    ...CUT_ON.flatMap((name) =>
      cutsOf({ trial, run, trace: run.trace, from: fault.op }, name, PROFILES[name], (cut) => then({ how: 'cut', cut })),
    ),
  ];
}

/** A kill at each boundary from one on at which the tree or the promise is another than before. */
function killsOf(trial: Trial, run: FaultyRun, from: number, fails: (boundary: number) => FaultyCase['fails']): FaultyCase[] {
  const { trace } = run;
  return trace.trees.flatMap((tree, boundary) => {
    const isNew = tree !== trace.trees[boundary - 1] || trace.marks.some(({ afterOp }) => afterOp === boundary);
    if (boundary < from || (boundary > from && !isNew)) return [];
    return [{ trial, subject: trial.subject, fails: fails(boundary), left: { run, trace, boundary, tree } }];
  });
}
