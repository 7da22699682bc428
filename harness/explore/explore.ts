/** The crash states of one recording under one model: all of them, or the one that a case id names. */
import type { CrashChoice } from '../domain/models.ts';
import type { Trace } from '../domain/trace.ts';
import { type CutBench, cutStateNamed, cutStates } from '../models/power-cut/cut-states.ts';
import { type LossCoverage, type LossOptions, lossStateNamed, lossStates } from '../models/power-loss/loss-states.ts';
import { killStates } from '../models/process-kill/kill-states.ts';
import type { NotRecorded, Recording } from '../record/record.ts';
import type { CrashPoint, CrashState, KillState, LossState } from './crash-state.ts';

/** What a case id says of a state, after its model. */
export interface NamedState {
  readonly at: CrashPoint;
  /** `lost=7.2+9`, `tree=…`, `fsync=5`, `sync=5`; empty for none. */
  readonly detail: string;
  /** The state of the second crash, in recovery. */
  readonly second?: NamedState;
}

export interface Explored<State extends CrashState = CrashState> {
  readonly states: readonly State[];
  /** Boundaries, and places inside ops, at which a crash was tried. */
  readonly points: number;
  /** Points inside writes and copies: tried, and how many page multiples there are. */
  readonly inside?: { readonly tried: number; readonly of: number };
  readonly coverage?: LossCoverage;
  /** Cuts made on a real file system, those that left the same as another included. */
  readonly cuts?: number;
}

/** No state is a name that names none. Throws NotReplayable and NoSuchState (power-loss). */
export async function explore(
  choice: CrashChoice,
  recording: Recording,
  options: LossOptions & CutBench,
  named?: NamedState,
): Promise<Explored | NotRecorded> {
  if (choice.model === 'power-cut')
    return named === undefined ? cutStates(choice.profile, recording, options) : cutStateNamed(choice.profile, recording, options, named);
  return exploreTrace(choice, recording.trace, options, named);
}

/** The models that need nothing but a trace. */
export function exploreTrace(
  choice: Exclude<CrashChoice, { model: 'power-cut' }>,
  trace: Trace,
  options: LossOptions,
  named?: NamedState,
): Explored<KillState | LossState> {
  switch (choice.model) {
    case 'process-kill': {
      const { states, ...rest } = killStates(trace);
      return { ...rest, states: named === undefined ? states : states.filter(({ points }) => points.some((point) => isAt(point, named))) };
    }
    case 'power-loss': {
      if (named === undefined) return lossStates(trace, choice.profile, options);
      return { states: [lossStateNamed(trace, choice.profile, named.at.op, named.detail, options)], points: 1 };
    }
    default:
      return choice satisfies never;
  }
}

function isAt({ op, bytes }: CrashPoint, { at }: NamedState): boolean {
  return op === at.op && bytes === at.bytes;
}
