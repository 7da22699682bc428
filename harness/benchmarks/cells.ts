/** Cells for benchmarks: selected as on the command line, and run in a session. */
import type { Bench } from '../bench/bench.ts';
import { openBenches } from '../bench/open-benches.ts';
import type { Again, RecordedSubject } from '../bench/subject.ts';
import type { Session } from '../cli/session.ts';
import { selectCells } from '../cli/stores.ts';
import { EFFORTS, type Limits } from '../domain/effort.ts';
import { isNotMeasured } from '../domain/sighting.ts';
import type { Cell } from '../models/model.ts';

const TIMEOUT_MS = 10_000;

interface Wanted {
  /** Names of built-in stores, or files. */
  readonly stores: readonly string[];
  readonly scenario: string;
  readonly model: string;
}

export async function cellsOf(session: Session, { stores, scenario, model }: Wanted): Promise<readonly Cell[]> {
  const selection = { stores, scenarios: [scenario], models: [model], holds: 'none', timeoutMs: TIMEOUT_MS } as const;
  return (await selectCells(session, selection, Date.now())).cells;
}

export async function withBench<T>(
  session: Session,
  { store, scenario }: Cell,
  { seed = 0, ...limits }: Partial<Limits> & { readonly seed?: number },
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  const effort = { name: 'deep', ...EFFORTS.deep, ...limits, recoveries: 0, seed } as const;
  const benches = openBenches({ ...session, effort, timeoutMs: TIMEOUT_MS, onProgress: () => {} });
  try {
    return await benches.forScenario(store, scenario, work);
  } finally {
    await benches.close();
  }
}

/** Throws if the scenario cannot be recorded. */
export async function recordedOn(bench: Bench): Promise<RecordedSubject & { readonly again: Again }> {
  const subject = await bench.recorded();
  if (isNotMeasured(subject)) throw new Error(subject.reason);
  const { again } = subject;
  if (again === undefined) throw new Error('a recorded scenario can run again');
  return { ...subject, again };
}

export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
