/**
 * From a cell to its lines in the report, whatever its model. The cells of one store and scenario share what is made once for them: their
 * directories and, where steps follow one another, the recording.
 */
import type { Benches, BenchOptions } from '../bench/open-benches.ts';
import { type Bench, type Cell, isCrashCell } from '../check.ts';
import { type CellOptions, type CheckedCell, cellResult, unjudgedCell } from '../explain/cell-result.ts';
import { scheduleResult } from '../explain/schedule-result.ts';
import { checkInterleaving } from '../models/interleaving/interleavings.ts';
import { faultResult } from '../models/io-error/fault-result.ts';
import { checkFaults } from '../models/io-error/faults.ts';
import { checkRace } from '../models/race/races.ts';
import type { NotRecorded } from '../record/record.ts';
import { measureFaultHistories, measureHistories } from './histories.ts';
import { locate, type Recorded, type RecordingOptions, withRecording } from './recorded.ts';

export interface MeasureOptions extends BenchOptions, RecordingOptions {
  /** Every case, not only the telling ones. */
  readonly allCases: boolean;
  /** The command that replays a case. */
  readonly replay: (cell: Cell, id: string) => string;
}

/** Lines that lack only the time that they took. */
type Result = (options: CellOptions) => CheckedCell;

/** Lends `work` what measures the cells of this one's store and scenario. */
export async function measuring<T>(
  cell: Cell,
  benches: Benches,
  options: MeasureOptions,
  work: (measure: (cell: Cell) => Promise<CheckedCell>) => Promise<T>,
): Promise<T> {
  const { store, scenario } = cell;
  const bench = await benches.forScenario(store, scenario);
  const timed = (measure: (cell: Cell) => Promise<Result | NotRecorded>) => async (one: Cell) => {
    const started = performance.now();
    const result = await measure(one);
    const durationMs = performance.now() - started;
    if (typeof result !== 'function') return unjudgedCell(one, result.reason, durationMs);
    return result({ observed: options.observe, durationMs, allCases: options.allCases, replay: (id) => options.replay(one, id) });
  };
  try {
    if (scenario.histories) return await work(timed((one) => measureHistory(one, bench, options)));
    if (scenario.tasks !== undefined) return await work(timed((one) => measureTasks(one, bench)));
    return await withRecording(cell, bench, options, (recorded) =>
      work(timed(async (one) => ('reason' in recorded ? recorded : measureSteps(one, bench, recorded)))),
    );
  } finally {
    bench.dispose();
  }
}

async function measureSteps(cell: Cell, bench: Bench, recorded: Recorded): Promise<Result | NotRecorded> {
  if (cell.model === 'io-error') {
    const found = await checkFaults(cell, bench, recorded.recording);
    const sites = await recorded.sites();
    return 'reason' in found ? found : (options) => faultResult(cell, found, sites, options);
  }
  if (!isCrashCell(cell)) return noSuchCell(cell);
  const located = await locate(cell, bench, recorded);
  return 'reason' in located ? located : (options) => cellResult(cell, located, options);
}

async function measureTasks(cell: Cell, bench: Bench): Promise<Result | NotRecorded> {
  if (cell.model !== 'interleaving' && cell.model !== 'race') return noSuchCell(cell);
  const found = await (cell.model === 'race' ? checkRace : checkInterleaving)(cell, bench);
  return 'reason' in found ? found : (options) => scheduleResult(cell, found, options);
}

function measureHistory(cell: Cell, bench: Bench, options: MeasureOptions): Promise<Result | NotRecorded> {
  if (cell.model === 'interleaving') return measureTasks(cell, bench);
  if (cell.model === 'io-error') return measureFaultHistories(cell, bench, options);
  return isCrashCell(cell) && cell.model !== 'power-cut' ? measureHistories(cell, bench, options) : noSuchCell(cell);
}

/** `runsUnder` says which model is for which scenario. */
function noSuchCell({ model, scenario }: Cell): never {
  throw new Error(`${scenario.name} says nothing under ${model}`);
}
