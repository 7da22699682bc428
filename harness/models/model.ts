/**
 * A model: one way in which things go wrong. Everything about it stands in its folder; the pipeline (`check.ts`), the reports and the
 * command line know models only by this interface, and by the list in `all.ts`.
 *
 *   subjects  what happens without the model: a recorded run, executed histories, tasks
 *   explore   which cases there are; it gets verdicts on them, and may explore further by what they are
 *   carryOut  one case for real: the trees that it leaves, each with the oracle that judges it
 *   describe  a verdict in words
 */
import type { Bench } from '../bench/bench.ts';
import type { RecordedSubject, Subject } from '../bench/subject.ts';
import type { Likeness } from '../domain/alike.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import type { Blame } from '../domain/mechanisms.ts';
import type { Met } from '../domain/met.ts';
import type { CaseResult, Tried } from '../domain/result.ts';
import type { Scenario } from '../domain/scenario.ts';
import type { ScheduleEnd } from '../domain/schedule.ts';
import { isNotMeasured, type NotMeasured } from '../domain/sighting.ts';
import type { Claim, Grade, Outcome } from '../domain/store.ts';
import type { Mark, Op, Step, Task, Trace, Tree, Variation } from '../domain/trace.ts';
import type { Machine } from '../machine/machine.ts';
import type { Recorder } from '../record/recorder.ts';
import type { BelieveOptions, CarriedOut, Judged, Unmeasured, Verdict } from '../recover/believe.ts';

/** One store, one scenario, one model. */
export interface Cell {
  readonly store: LoadedStore;
  readonly scenario: Scenario;
  // biome-ignore lint/suspicious/noExplicitAny: the pipeline hands a model's own cases back to it, and looks into none of them.
  readonly model: Model<any, any, any>;
  readonly profile?: string | undefined;
  /** What of the command line holds it to its claim where that is otherwise only shown. */
  readonly heldBy?: 'name' | 'strict';
}

/** A variant of a model: the file system, or another system's rules. */
export interface Profile {
  /** Absent: the model itself is a variant beside the named ones. */
  readonly name?: string;
  /** Whether a claim for the whole model is held here. Elsewhere it is shown. */
  readonly gates: boolean;
  /** Whether it runs although nobody named it. */
  readonly byDefault: boolean;
  /** Its rules were never held against a real one: it runs where it is named itself, and no claim is ever held there. */
  readonly uncalibrated?: true;
  /** The profile of the model in `claim.borrows` that this one is held to. */
  readonly heldTo?: string;
  /** Cells with a loss that are found in one second, in the matrix of the built-in stores: see `likeliest.ts`. 0: they are only shown, and can wait. Absent: not measured. */
  readonly lossesPerSecond?: number;
  /** What a cell takes beside those of other models, in seconds, in the matrix of the built-in stores: see `shards.ts`. Absent: not measured. */
  readonly seconds?: number;
  /** The same of a cell of random histories. */
  readonly historiesSeconds?: number;
}

interface ModelWords {
  /** For `--help`, `doctor` and the README: what goes wrong, in one line. */
  readonly help: string;
  /** What the Markdown report says of it: after "What a fresh process finds after …". `observed`: kills were taken from one run. */
  readonly report: (observed: boolean) => string;
  /** The crash in a failure's first row: `killed`, `power lost`. */
  readonly crashed: string;
}

/** A machine with the recorder that a run uses on it. */
export interface EquippedMachine extends Machine {
  readonly recorder: Recorder;
}

/** A case is a plain object with the subject that it happens to. */
export interface Case<S extends Subject = Subject> {
  readonly subject: S;
  /** It comes after another case of the cell and is counted beside it: its passes are not counted again. */
  readonly second?: true;
}

/** Carries cases out, recovers what they leave, and believes what is found. */
export type Judge<C extends Case, R> = (cases: readonly C[], options?: Pick<BelieveOptions, 'confirm'>) => Promise<Judged<C, R>>;

export interface Exploration<C extends Case, R, Named> {
  readonly cell: Cell;
  readonly bench: Bench;
  readonly judge: Judge<C, R>;
  /** Only the case that a case id names. */
  readonly only?: Named | undefined;
}

/** Counts of a cell. Outcomes count cases; trees are counted once for each subject. */
export interface Tally {
  readonly states: number;
  readonly distinct: number;
  readonly violations: number;
  readonly outcomes: { readonly [outcome in Outcome]?: number };
}

/** What was explored, and what came of it. */
export interface Explored<C extends Case = Case, R = unknown> {
  /** The cases that count. */
  readonly verdicts: readonly Verdict<C, R>[];
  readonly unmeasured: readonly Unmeasured<C>[];
  /** What could not be measured beside single cases, in words. */
  readonly doubts: readonly string[];
  /** Places at which a case was tried. */
  readonly points: number;
  /** Absent for one named state, which is no measure of what there is. */
  readonly tried?: Tried;
  readonly notes: readonly string[];
  /** Kinds of state that its cases were in, where that was looked at. */
  readonly met?: Met;
  /** Counts, where `verdicts` is not all that was judged. */
  readonly tally?: Tally;
}

/** A letter of a cell's picture. */
export interface Letter {
  readonly letter: string;
  /** Judged together with the letter before it, because nothing on disk changed in between. */
  readonly folded: boolean;
}

/** What the pipeline found in a cell. */
export interface Findings<E extends Explored = Explored> {
  readonly cell: Cell;
  readonly subjects: readonly Subject[];
  readonly explored: E;
  readonly tally: Tally;
  /** What a value that the store loads may differ in from the one that it saved. */
  readonly likeness: Likeness;
}

/** A case in words; the rest of its lines in the report is the same for all models. */
export type CaseWords = Omit<
  CaseResult,
  'id' | 'outcome' | 'grade' | 'violation' | 'found' | 'promised' | 'differs' | 'onDisk' | 'lost' | 'blame' | 'replay'
> & {
  readonly lost?: CaseResult['lost'];
  /** What recovery found, where the model has better words. */
  readonly found?: string;
};

/** What led to a case, op by op, for `replay`. */
export type Timeline =
  | { readonly kind: 'ops'; readonly parts: readonly TimelinePart[] }
  | { readonly kind: 'schedule'; readonly end: ScheduleEnd; readonly tasks: readonly Task[] };

export interface TimelinePart {
  readonly title?: string;
  readonly ops: readonly Op[];
  readonly marks: readonly Mark[];
  readonly trees: readonly Tree[];
  readonly steps?: readonly Step[];
  readonly at: { readonly op: number; readonly bytes?: number };
  /** `killed here`, `the power went here`; absent where the run ended by itself. */
  readonly crash?: string;
  /** Numbers of ops of which something is not on disk. */
  readonly lost?: ReadonlySet<number>;
}

/** What else a power cut at the same place may have left. */
export interface PendingLoss {
  /** The persistence profile. */
  readonly rules: string;
  readonly boundary: number;
  /** What was not certainly on disk. `takes`: places in this list of what is lost with it. */
  readonly pieces: readonly { readonly text: string; readonly takes: readonly number[] }[];
  readonly certain: number;
  readonly states: readonly {
    readonly lost: ReadonlySet<number>;
    readonly tree: Tree;
    readonly judged?: { readonly outcome: Outcome; readonly found: string };
  }[];
  readonly isWhole: boolean;
  /** The places of what the case lost. */
  readonly lost: readonly number[];
}

export interface Model<C extends Case = Case, R = unknown, Named = unknown, E extends Explored<C, R> = Explored<C, R>> {
  readonly name: string;
  /** What it counts; see the result schema. */
  readonly tries: Tried['kind'];
  /** At least one. */
  readonly profiles: readonly [Profile, ...Profile[]];
  readonly words: ModelWords;
  /** Its cases follow from a trace alone, so that a trace file has them without a run. */
  readonly ofTrace?: true;
  /** Its cells run each time, because something that decides them cannot be seen. */
  readonly neverKept?: true;
  readonly claim: {
    readonly byDefault: Claim;
    /** The model whose claims and known bugs hold for this one too. */
    readonly borrows?: string;
    /** How good it is to find an earlier value. */
    readonly staleIs: Exclude<Grade, 'inconclusive'>;
  };
  appliesTo(scenario: Scenario, profile: Profile): boolean;
  /** Whether a scenario runs although nobody named the model. Absent: every scenario that it applies to. */
  byDefaultOn?(scenario: Scenario): boolean;
  /** Why it cannot run: on this machine or, if one is given, with this store. In words that continue `--model x …`. */
  missing(machine: EquippedMachine, profile: Profile): string | undefined;
  unfitFor?(store: LoadedStore): string | undefined;
  /** What a case id has after the model: `@<boundary>[~detail]`. What is written can be read. */
  readonly id: {
    write(one: C): string;
    /** Undefined if it names no case of this model. */
    read(op: number, detail: string, profile: string | undefined): Named | undefined;
  };
  /** Ids, after the model, of cases that a run tries of a subject, as far as they are known without carrying one out: those near one that is not there are named. */
  listed?(subject: Subject, cell: Cell, bench: Bench): readonly string[];
  subjects(cell: Cell, bench: Bench, only: Named | undefined): Promise<readonly Subject[] | NotMeasured>;
  explore(subjects: readonly Subject[], exploration: Exploration<C, R, Named>): Promise<E | NotMeasured>;
  carryOut(
    cases: readonly C[],
    bench: Bench,
    cell: Cell,
    onDone: (done: number) => void,
  ): Promise<readonly (CarriedOut<C, R> | Unmeasured<C>)[]>;
  /** Explains what was found: barriers that would mend it, smaller histories. Not for a single case. */
  explain?(explored: E, exploration: Exploration<C, R, Named>): Promise<E>;
  picture(findings: Findings<E>): readonly Letter[];
  /** The verdicts that a report shows; `all`: every one. */
  selected(findings: Findings<E>, isViolation: (verdict: Verdict<C, R>) => boolean, all: boolean): readonly Verdict<C, R>[];
  describe(verdict: Verdict<C, R>, findings: Findings<E>): Promise<CaseWords>;
  /** The op that a violation is to blame on; undefined if none can be named. */
  blame(verdict: Verdict<C, R>, findings: Findings<E>): Promise<Blame | undefined>;
  /** What made-up names in the case's tree look like. */
  variation(verdict: Verdict<C, R>): Variation;
  timeline(verdict: Verdict<C, R>, findings: Findings<E>): Promise<Timeline>;
  /** What else might have landed; undefined of a case that has no such choice. */
  pending?(verdict: Verdict<C, R>, findings: Findings<E>): PendingLoss | undefined;
  /** Notes that need all verdicts. */
  notes?(findings: Findings<E>): Promise<readonly string[]>;
}

/** The run that a case happens to. Throws if it happens to tasks. */
export function recordedOf(subject: Subject): RecordedSubject {
  if (subject.kind !== 'recorded') throw new Error('this model runs steps, not tasks');
  return subject;
}

/** The subject of a model that needs one run of the steps. */
export async function recordedOnce(bench: Bench): Promise<readonly [RecordedSubject] | NotMeasured> {
  const recorded = await bench.recorded();
  return isNotMeasured(recorded) ? recorded : [recorded];
}

/** That subject again. */
export function onlyRecorded([subject]: readonly Subject[]): RecordedSubject {
  if (subject === undefined) throw new Error('a recorded scenario is one subject');
  return recordedOf(subject);
}

/** Ops with the source lines that asked for them. */
export async function opsWithSites(subject: RecordedSubject, trace: Trace = subject.trace): Promise<Op[]> {
  const { sites } = await subject.sites();
  return trace.ops.map((op) => {
    const site = sites.get(op.index);
    return site === undefined ? op : { ...op, site };
  });
}
