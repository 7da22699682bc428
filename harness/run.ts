/**
 * A whole run: every store with every scenario it supports, several cells side by side, results in order.
 */
import { type Benches, type BenchOptions, openBenches } from './bench.ts';
import { type Cell, check, type Findings } from './check.ts';
import { type CheckedCell, cellResult, unjudgedCell } from './explain/cell-result.ts';
import { matchSites, type SiteMatch } from './explain/sites.ts';
import type { CrashState } from './explore/process-kill.ts';
import { sitesOf } from './record/binding/sites.ts';
import { eventsOf, type NotRecorded } from './record/record.ts';
import type { Recorder } from './record/recorder.ts';

export interface RunOptions extends BenchOptions {
  /** Tells which line of the store asked for an op. */
  readonly siteRecorder: Recorder;
  /** Stop at the first broken claim. */
  readonly bail: boolean;
  /** The command that replays a case. */
  readonly replay: (cell: Cell, id: string) => string;
}

/** What was found in a cell, with the source line of each op. */
export interface Located {
  readonly found: Findings;
  readonly sites: SiteMatch;
}

/** Cells that run side by side: while one records, which uses one core, another kills. */
const CELLS_AT_ONCE = 3;

/** Rejects only if the harness itself failed. */
export async function runCells(cells: readonly Cell[], options: RunOptions): Promise<CheckedCell[]> {
  const benches = openBenches(options);
  const results: CheckedCell[] = [];
  const waiting = [...cells.entries()];
  let done = 0;
  let stopped = false;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !stopped; next = waiting.shift()) {
      const [index, cell] = next;
      options.onProgress({
        kind: 'cell-started',
        store: cell.store.name,
        scenario: cell.scenario.name,
        model: cell.model,
        done,
        of: cells.length,
      });
      const result = await runCell(cell, benches, options);
      results[index] = result;
      done += 1;
      options.onProgress({ kind: 'cell-done', done, of: cells.length });
      stopped ||= options.bail && (result.cell.status === 'broken' || result.cell.status === 'missed-bug');
    }
  };
  try {
    await Promise.all(Array.from({ length: CELLS_AT_ONCE }, work));
  } finally {
    await benches.close();
  }
  return results.filter((result) => result !== undefined);
}

async function runCell(cell: Cell, benches: Benches, options: RunOptions): Promise<CheckedCell> {
  const started = performance.now();
  const result = await investigate(cell, benches, options);
  const durationMs = performance.now() - started;
  if ('reason' in result) return unjudgedCell(cell, result.reason, durationMs);
  return cellResult(cell, result.found, result.sites, { observed: options.observe, durationMs, replay: (id) => options.replay(cell, id) });
}

/** Some states of one cell, with everything that replay shows of them. */
export async function runSome(cell: Cell, options: RunOptions, only: (state: CrashState) => boolean): Promise<Located | NotRecorded> {
  const benches = openBenches(options);
  try {
    return await investigate(cell, benches, options, only);
  } finally {
    await benches.close();
  }
}

/** Checks the cell and, beside it, records it once more with stacks, where the store runs in Node and the recorder does not take them itself. */
async function investigate(
  cell: Cell,
  benches: Benches,
  { recorder, siteRecorder, cwd }: RunOptions,
  only?: (state: CrashState) => boolean,
): Promise<Located | NotRecorded> {
  const bench = await benches.forCell(cell);
  try {
    const withStacks =
      cell.store.kind === 'module' && recorder.kind === 'ptrace'
        ? siteRecorder.run({ ...bench.prepare(), plan: { kind: 'observe' } })
        : undefined;
    const [found, seen] = await Promise.all([check(cell, bench, only), withStacks]);
    if ('reason' in found) return found;
    const { trace } = found.recording;
    const other = recorder.kind === 'binding' ? trace : seen && eventsOf(seen.events, trace.variation);
    return { found, sites: matchSites(trace, other, sitesOf(cell.store.bundle, cwd)) };
  } finally {
    bench.dispose();
  }
}
