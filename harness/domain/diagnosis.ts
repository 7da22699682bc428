/** Which cases leave a directory like a damaged one. */
import type { Outcome } from './outcomes.ts';
import type { CaseResult } from './result.ts';
import type { LoadForm, Sketch, SketchDifference } from './sketch.ts';

/** What a case has in common with others that leave the same: how it came about, and what is found afterwards. */
type Moment = Pick<CaseResult, 'after' | 'inside' | 'end' | 'schedule' | 'killed' | 'fault' | 'start' | 'quitBy' | 'lost'>;

/** Cases of one moment and outcome. */
export interface Suspect extends Moment {
  /** The plainest, which stands for the others. */
  readonly id: string;
  readonly model: string;
  readonly outcome: Outcome;
  readonly cases: number;
  /** `process-kill`, `power-loss:xfs`. */
  readonly models: readonly string[];
  readonly scenarios: readonly string[];
}

export interface Diagnosis {
  /** The directory, without what no run of the store makes. */
  readonly sketch: Sketch;
  readonly load: LoadForm;
  /** Names that no run of the store makes. */
  readonly leftOut: readonly string[];
  /** Cases that were compared with it. */
  readonly compared: number;
  /** In what the nearest differ from it; empty where they leave just that. */
  readonly differences: readonly SketchDifference[];
  /** The nearest: the worst outcome first, and of equal ones the plainest. */
  readonly suspects: readonly Suspect[];
  /** Why cells could not be compared, in words. */
  readonly doubts: readonly string[];
}
