/** Cells for benchmarks: selected as on the command line, and run in a session. */
import { type BenchOptions, openBenches } from '../bench/open-benches.ts';
import type { Bench, Cell } from '../check.ts';
import type { Session } from '../cli/session.ts';
import { selectCells } from '../cli/stores.ts';
import { type Recording, record } from '../record/record.ts';

const TIMEOUT_MS = 10_000;

interface Wanted {
  /** Names of built-in stores, or files. */
  readonly stores: readonly string[];
  readonly scenario: string;
  readonly model: string;
}

export async function cellsOf(session: Session, { stores, scenario, model }: Wanted): Promise<readonly Cell[]> {
  const selection = { stores, scenarios: [scenario], models: [model], strict: false, timeoutMs: TIMEOUT_MS };
  return (await selectCells(session, selection, Date.now())).cells;
}

export async function withBench<T>(
  session: Session,
  { store, scenario }: Cell,
  options: Pick<BenchOptions, 'observe' | 'limit' | 'seed' | 'histories'>,
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  const benches = openBenches({ ...session, ...options, depth: 1, timeoutMs: TIMEOUT_MS, onProgress: () => {} });
  const bench = await benches.forScenario(store, scenario);
  try {
    return await work(bench);
  } finally {
    bench.dispose();
    await benches.close();
  }
}

/** Throws where the scenario cannot be recorded. */
export async function recordingOf(bench: Bench): Promise<Recording> {
  const recording = await record(bench.recorder, bench);
  if ('reason' in recording) throw new Error(recording.reason);
  return recording;
}

export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
