/**
 * How much is tried: three efforts, each a table of limits. Limits are counts and never seconds, so the same effort finds the same on every
 * machine. A case id replays whatever the effort was that found it.
 *
 *   quick     the likeliest losses, for the loop of edit and look; finding nothing proves nothing
 *   standard  the gate of a change
 *   deep      for the night, and for the last doubt
 */
import * as z from 'zod';

const count = z.int().nonnegative();
const some = z.int().positive();

/** The limits of a run, as its result has them. */
export const limitsSchema = z.object({
  kills: z.enum(['real', 'observed']).describe('Whether a child is killed at each boundary, or one run is copied there'),
  states: some.describe('Distinct states of power loss of a cell up to which all are judged'),
  crashes: some.describe('Crashes in a row, each in the recovery from the one before, after which no more are tried'),
  recoveries: count.describe(
    'Recoveries that are crashed, in one cell, after each crash; and half as many more from saves that are half done',
  ),
  statesInRecovery: count.describe('Distinct states of these recoveries together up to which all are judged'),
  errnos: z
    .enum(['first', 'fallbacks', 'all'])
    .describe(
      'Of the errnos that a call can fail with: the first in the list of that call, also those for which a store may go another way, or each',
    ),
  quits: count.describe('Processes of a cell that are asked to quit, where the store does something then'),
  secondFaults: count.describe('Runs of a cell in which a second call fails too'),
  lastingFaults: count.describe(
    'Runs of a cell in which what fails stays so: a call that is tried again, a disk that is full for one step, a file system that became read-only',
  ),
  crashedFaults: count.describe(
    'Failed calls of a cell after which the process is killed, and the power goes, at each later boundary; and as many more that are followed by another step',
  ),
  histories: some.describe('Random histories of a cell'),
  costlyHistories: some.describe('Random histories of a cell whose model runs each of them dozens of times'),
  killedSaves: count.describe('Kills of a save after each of which another process saves the same, and another value, and the power goes'),
  statesPerHistory: some.describe('Crash states of a history up to which all are judged'),
  smallerHistories: count.describe('Smaller histories that are tried in the place of one that fails'),
  schedules: some.describe('Schedules of a cell up to which all are enumerated'),
  schedulesPerHistory: some.describe('Schedules of a random history up to which all are enumerated'),
  preemptions: some.describe('Switches in a race from a process that could go on'),
  racedKills: count.describe('Kills of a process of a race after a switch'),
  racedCrashes: count.describe('Crashes of all processes of a race at once, in all of its orders together'),
});

export type Limits = z.infer<typeof limitsSchema>;

export const EFFORTS = {
  quick: {
    kills: 'observed',
    states: 200,
    crashes: 1,
    recoveries: 0,
    statesInRecovery: 0,
    errnos: 'first',
    quits: 12,
    secondFaults: 0,
    lastingFaults: 0,
    crashedFaults: 0,
    histories: 2,
    costlyHistories: 1,
    killedSaves: 0,
    statesPerHistory: 50,
    smallerHistories: 0,
    schedules: 400,
    schedulesPerHistory: 100,
    preemptions: 1,
    racedKills: 4,
    racedCrashes: 60,
  },
  standard: {
    kills: 'real',
    states: 2_000,
    crashes: 2,
    recoveries: 6,
    statesInRecovery: 72,
    errnos: 'fallbacks',
    quits: 200,
    secondFaults: 6,
    lastingFaults: 5,
    crashedFaults: 4,
    histories: 4,
    costlyHistories: 2,
    killedSaves: 8,
    statesPerHistory: 120,
    smallerHistories: 24,
    schedules: 2_000,
    schedulesPerHistory: 400,
    preemptions: 1,
    racedKills: 12,
    racedCrashes: 600,
  },
  deep: {
    kills: 'real',
    states: 10_000,
    crashes: 2,
    recoveries: 16,
    statesInRecovery: 192,
    errnos: 'all',
    quits: 1_000,
    secondFaults: 48,
    lastingFaults: 48,
    crashedFaults: 16,
    histories: 24,
    costlyHistories: 8,
    killedSaves: 48,
    statesPerHistory: 200,
    smallerHistories: 250,
    schedules: 5_000,
    schedulesPerHistory: 400,
    preemptions: 1,
    racedKills: 1_000,
    racedCrashes: 10_000,
  },
} as const satisfies { readonly [name: string]: Limits };

export type EffortName = keyof typeof EFFORTS;

export const EFFORT_NAMES = Object.keys(EFFORTS) as [EffortName, ...EffortName[]]; // there are efforts

/** The one that gates: a claim is said to be kept by this effort or a larger one. */
export const GATING_EFFORT: EffortName = 'standard';

/** Crashes in a row that can be asked for. */
export const MOST_CRASHES = 9;

/** Where a third crash is asked for: what is not crashed cannot be said to come to an end. */
const IN_A_ROW = { recoveries: 96, statesInRecovery: 9_600 } as const;

/** What an effort tries with so many crashes in a row. */
export function limitsOfDepth(
  name: EffortName,
  crashes: number,
): { readonly crashes: number; readonly recoveries: number; readonly statesInRecovery: number } {
  const own = EFFORTS[name];
  if (crashes === 1) return { crashes, recoveries: 0, statesInRecovery: own.statesInRecovery };
  const least = crashes === 2 ? EFFORTS[GATING_EFFORT] : IN_A_ROW;
  return {
    crashes,
    recoveries: Math.max(own.recoveries, least.recoveries),
    statesInRecovery: Math.max(own.statesInRecovery, least.statesInRecovery),
  };
}

/** Whether one effort tries as much as another, or more. */
export const isAtLeast = (one: EffortName, other: EffortName): boolean => EFFORT_NAMES.indexOf(one) >= EFFORT_NAMES.indexOf(other);

/** Whether finding nothing is enough to say that a claim is kept. */
export const provesClaims = (name: EffortName): boolean => isAtLeast(name, GATING_EFFORT);

/** The same of a run, or of a cell in it: where only some faults were tried, it is not enough. */
export const provesAll = ({ effort, faults }: { readonly effort: EffortName; readonly faults?: readonly string[] | undefined }): boolean =>
  provesClaims(effort) && faults === undefined;

/** What a run tries: its effort, with the limits that its options changed. */
export interface Effort extends Limits {
  readonly name: EffortName;
  /** For everything that is drawn. */
  readonly seed: number;
  /** Of the calls that could fail only these do, as patterns of `fault-pattern.ts`. */
  readonly faults?: readonly string[];
}
