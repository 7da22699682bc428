/** One tree that may be on disk after one crash, however it came about, and what a case id says of it. */
import type { RecordedRecovery, RecordedSubject } from '../../bench/subject.ts';
import type { TimeOf } from '../../domain/file-times.ts';
import type { Trace, Tree } from '../../domain/trace.ts';
import { timesAt } from '../../domain/tree-times.ts';
import type { Oracle } from '../../judge/oracle.ts';
import type { Unit } from '../../persistence/micro-op.ts';
import type { PowerLossState } from '../../persistence/state.ts';
import type { ForcePoint } from '../../record/recorder.ts';
import type { Verdict } from '../../recover/believe.ts';
import type { Case } from '../model.ts';

/** A place where a crash can come: after `op` ops or, with `bytes`, inside op `op`. */
export interface CrashPoint {
  readonly op: number;
  readonly bytes?: number;
}

interface AnyState {
  /** The first of the points that this state stands for. */
  readonly at: CrashPoint;
  readonly tree: Tree;
  /** Steps that settled before this op ended, or right after it, were promised. */
  readonly promisedAt: number;
  /** All points that this state stands for, in order. */
  readonly points: readonly CrashPoint[];
}

/** The process was killed there or, at the last boundary, ended by itself. */
export interface KillState extends AnyState {
  readonly how: 'killed' | 'ended';
}

/** The power went there, as a persistence profile has it. */
export interface LossState extends AnyState {
  readonly how: 'power-lost';
  readonly loss: PowerLossState;
  /** The unit of the blocks in it, in bytes. */
  readonly unit: Unit;
}

/** The power went there on a real file system. */
export interface CutState extends AnyState {
  readonly how: 'cut';
  /** What the machine did beside the store's calls, and after which op; absent: nothing. */
  readonly force?: ForcePoint;
}

/** A process that recovered from a crash was crashed in its turn. The first crash may have come in a recovery, too. */
export interface TwiceState extends AnyState {
  readonly how: 'in-recovery';
  readonly first: KillState | LossState | TwiceState;
  readonly second: KillState | LossState;
  /** The recovery, as it went undisturbed. */
  readonly trace: RecordedRecovery;
}

export type CrashState = KillState | LossState | CutState | TwiceState;
/** A state that a trace alone gives: what recovers from it can be crashed in its turn. */
export type TraceState = KillState | LossState;

export interface CrashCase extends Case<RecordedSubject> {
  readonly state: CrashState;
  readonly oracle: Oracle;
  /** Judged by the tree that was observed there, where the model would kill a process. */
  readonly observed?: true;
}

export type CrashVerdict = Verdict<CrashCase, undefined>;

export function crashCase(subject: RecordedSubject, state: CrashState): CrashCase {
  return { subject, state, oracle: subject.oracle };
}

/** A kill at a boundary, as the directory was observed there. */
export function killedAt({ trees }: Pick<Trace, 'trees'>, op: number): KillState {
  const at = { op };
  return { how: 'killed', at, points: [at], promisedAt: op, tree: trees[op] ?? new Map() };
}

/** The directory before the first op and after the last, as it was observed. */
export function undisturbed(subject: RecordedSubject): CrashCase[] {
  const { trace } = subject;
  return [0, trace.ops.length].map((op) => ({ ...crashCase(subject, killedAt(trace, op)), observed: true }));
}

/** The crash in the subject's own run, before any recovery. */
export function firstCrash(state: CrashState): Exclude<CrashState, TwiceState> {
  return state.how === 'in-recovery' ? firstCrash(state.first) : state;
}

/** The crashes in recoveries, each in the recovery from the one before, with that recovery. */
export function crashesInRecovery(state: CrashState): readonly Pick<TwiceState, 'second' | 'trace'>[] {
  return state.how === 'in-recovery' ? [...crashesInRecovery(state.first), state] : [];
}

/** What a case id says after the model, as in `@12~lost=7`. */
export function stateId(state: CrashState): string {
  return `@${boundaryId(state)}`;
}

function boundaryId(state: CrashState): string {
  switch (state.how) {
    case 'killed':
    case 'ended':
      return `${state.at.op}${state.at.bytes === undefined ? '' : `~torn=${state.at.bytes}`}`;
    case 'power-lost':
      return `${state.at.op}${state.loss.detail === '' ? '' : `~${state.loss.detail}`}`;
    case 'cut':
      return `${state.at.op}${state.force === undefined ? '' : `~${state.force.how}=${state.force.at}`}`;
    case 'in-recovery':
      return `${boundaryId(state.first)}~then=${boundaryId(state.second)}`;
    default:
      return state satisfies never;
  }
}

/** When the files of a state of that trace were changed. */
export function timeIn(state: CrashState, trace: Trace): TimeOf {
  return state.how === 'in-recovery' ? timesAt(state.trace, state.second.at.op) : timesAt(trace, state.at.op);
}

/** Micro-ops that a state lost: fewer make a plainer case. */
export function lostIn(state: CrashState): number {
  return state.how === 'power-lost' ? state.loss.lost.length : 0;
}
