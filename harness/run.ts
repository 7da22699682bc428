/**
 * A whole run: every store with every scenario it supports, several cells side by side, results in order.
 */
import { type Benches, type BenchOptions, openBenches } from './bench.ts';
import { type Cell, check, type Findings } from './check.ts';
import { type CheckedCell, cellResult, unjudgedCell } from './explain/cell-result.ts';
import { type Explanation, explain } from './explain/explanation.ts';
import { matchSites, type SiteMatch } from './explain/sites.ts';
import type { NamedState } from './explore/explore.ts';
import { modelName } from './models.ts';
import { sitesOf } from './record/binding/sites.ts';
import { eventsOf, type NotRecorded, record } from './record/record.ts';
import type { Recorder, RunReport } from './record/recorder.ts';

export interface RunOptions extends BenchOptions {
  /** Tells which line of the store asked for an op. */
  readonly siteRecorder: Recorder;
  /** Every case, not only the telling ones. */
  readonly allCases: boolean;
  /** Stop at the first broken claim. */
  readonly bail: boolean;
  /** The command that replays a case. */
  readonly replay: (cell: Cell, id: string) => string;
}

/** What was found in a cell, with the source line of each op. */
export interface Located {
  readonly found: Findings;
  readonly sites: SiteMatch;
  /** Of power loss: the smallest loss, the missing barrier, and the barriers that buy nothing. */
  readonly explanation?: Explanation;
}

/** Stores and scenarios that run side by side: while one records, which uses one core, another kills. */
const SCENARIOS_AT_ONCE = 3;

/** Rejects only if the harness itself failed. */
export async function runCells(cells: readonly Cell[], options: RunOptions): Promise<CheckedCell[]> {
  const benches = openBenches(options);
  const results: CheckedCell[] = [];
  const waiting = groupsOf(cells);
  let done = 0;
  let stopped = false;
  const runCell = async (cell: Cell, index: number, check: (cell: Cell) => Promise<Located | NotRecorded>): Promise<void> => {
    if (stopped) return;
    const { store, scenario } = cell;
    options.onProgress({
      kind: 'cell-started',
      store: store.name,
      scenario: scenario.name,
      model: modelName(cell),
      done,
      of: cells.length,
    });
    const started = performance.now();
    const found = await check(cell);
    const result = resultOf(cell, found, performance.now() - started, options);
    results[index] = result;
    done += 1;
    options.onProgress({ kind: 'cell-done', done, of: cells.length, violations: result.cell.violations });
    stopped ||= options.bail && (result.cell.status === 'broken' || result.cell.status === 'missed-bug');
  };
  const work = async (): Promise<void> => {
    for (let group = waiting.shift(); group !== undefined && !stopped; group = waiting.shift()) {
      const [[, first]] = group;
      await withRecording(first, benches, options, async (check) => {
        for (const [index, cell] of group) await runCell(cell, index, check);
      });
    }
  };
  try {
    await Promise.all(Array.from({ length: SCENARIOS_AT_ONCE }, work));
  } finally {
    await benches.close();
  }
  return results.filter((result) => result !== undefined);
}

type Group = [readonly [number, Cell], ...(readonly [number, Cell])[]];

/** The cells of one store and scenario, which share its recording, with their places in the list. */
function groupsOf(cells: readonly Cell[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [index, cell] of cells.entries()) {
    const key = `${cell.store.name}/${cell.scenario.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [[index, cell]]);
    else group.push([index, cell]);
  }
  return [...groups.values()];
}

function resultOf(cell: Cell, result: Located | NotRecorded, durationMs: number, options: RunOptions): CheckedCell {
  if ('reason' in result) return unjudgedCell(cell, result.reason, durationMs);
  return cellResult(cell, result, {
    observed: options.observe,
    durationMs,
    allCases: options.allCases,
    replay: (id) => options.replay(cell, id),
  });
}

/** One state of one cell, with everything that replay shows of it. */
export async function runNamed(cell: Cell, options: RunOptions, named: NamedState): Promise<Located | NotRecorded> {
  const benches = openBenches(options);
  try {
    return await withRecording(cell, benches, options, (check) => check(cell, named));
  } finally {
    await benches.close();
  }
}

/**
 * Records a scenario once for all its cells and, beside that, once more with stacks, where the store runs in Node and the recorder does
 * not take them itself.
 */
async function withRecording<T>(
  { store, scenario }: Cell,
  benches: Benches,
  { recorder, siteRecorder, cwd }: RunOptions,
  work: (check: (cell: Cell, named?: NamedState) => Promise<Located | NotRecorded>) => Promise<T>,
): Promise<T> {
  const bench = await benches.forScenario(store, scenario);
  let withStacks: Promise<RunReport> | undefined;
  try {
    withStacks =
      store.kind === 'module' && recorder.kind === 'ptrace'
        ? siteRecorder.run({ ...bench.prepare(), plan: { kind: 'observe' } })
        : undefined;
    withStacks?.catch(() => {}); // told where it is awaited
    const recording = await record(bench.recorder, bench);
    return await work(async (cell, named) => {
      if ('reason' in recording) return recording;
      const found = await check(cell, bench, recording, named);
      if ('reason' in found) return found;
      const { trace } = recording;
      const seen = await withStacks;
      const other = recorder.kind === 'binding' ? trace : seen && eventsOf(seen.events, trace.variation);
      const sites = matchSites(trace, other, sitesOf(store.bundle, cwd));
      const explained = cell.model === 'power-loss' && named === undefined;
      const explanation = explained ? await explain(cell, bench, found, (op) => sites.sites.get(op)) : undefined;
      return { found, sites, ...(explanation && { explanation }) };
    });
  } finally {
    await withStacks?.catch(() => {}); // it still uses its directory
    bench.dispose();
  }
}
