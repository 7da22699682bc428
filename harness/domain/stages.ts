/** Where the time of a cell goes, stage by stage. */
import * as z from 'zod';

const ms = z.number().nonnegative();

/** Milliseconds of a cell by stage. */
export const stageTimesSchema = z.object({
  record: ms.describe('Runs of the scenario, of histories and of recoveries, recorded'),
  explore: ms.describe('Cases enumerated, and what the model works out itself'),
  'carry-out': ms.describe('Kills, faults and cuts carried out'),
  recover: ms.describe('Trees and directories recovered'),
  confirm: ms.describe('Losses confirmed, each in a process of its own'),
  explain: ms.describe('Causes, barriers and smaller histories looked for'),
});

export type StageTimes = z.infer<typeof stageTimesSchema>;
export type Stage = keyof StageTimes;

export const STAGE_NAMES = Object.keys(stageTimesSchema.shape) as Stage[];

/** Runs work as part of a stage. */
export type Timed = <T>(stage: Stage, work: () => Promise<T>) => Promise<T>;

/** Measures nothing. */
export const untimed: Timed = (_, work) => work();

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
