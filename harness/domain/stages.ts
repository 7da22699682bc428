/** Where the time of a cell goes, stage by stage. */
import { z } from 'zod';

export const STAGES = {
  record: 'runs of the scenario, of histories and of recoveries, recorded',
  explore: 'cases enumerated, and what the model works out itself',
  'carry-out': 'kills, faults and cuts carried out',
  recover: 'trees and directories recovered',
  confirm: 'losses confirmed, each in a process of its own',
  explain: 'causes, barriers and smaller histories looked for',
} as const;

export type Stage = keyof typeof STAGES;

export const STAGE_NAMES = Object.keys(STAGES) as [Stage, ...Stage[]]; // there are stages

/** Milliseconds of waiting by stage. */
export const stageTimesSchema = z.record(z.enum(STAGE_NAMES), z.number().nonnegative());

export type StageTimes = z.infer<typeof stageTimesSchema>;

/** Runs work as part of a stage. */
export type Timed = <T>(stage: Stage, work: () => Promise<T>) => Promise<T>;

/** While several stages of a cell run at the same time, the time is that of the first one here. */
const INNERMOST: readonly Stage[] = ['confirm', 'recover', 'carry-out', 'record', 'explain', 'explore'];

/** Measures the stages of one cell. Their times add up to the time in which any of them ran. */
export class Stopwatch {
  readonly #now: () => number;
  readonly #times = new Map<Stage, number>();
  readonly #works = new Map<Stage, number>();
  #at: number;

  /** `now`: milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#at = now();
  }

  readonly time: Timed = async (stage, work) => {
    this.#count(stage, 1);
    try {
      return await work();
    } finally {
      this.#count(stage, -1);
    }
  };

  times(): StageTimes {
    return Object.fromEntries(STAGE_NAMES.map((stage) => [stage, this.#times.get(stage) ?? 0])) as StageTimes; // one for each
  }

  /** Another work of a stage begins, or ends. */
  #count(stage: Stage, more: 1 | -1): void {
    const now = this.#now();
    const running = INNERMOST.find((one) => (this.#works.get(one) ?? 0) > 0);
    if (running !== undefined) this.#times.set(running, (this.#times.get(running) ?? 0) + now - this.#at);
    this.#at = now;
    this.#works.set(stage, (this.#works.get(stage) ?? 0) + more);
  }
}
