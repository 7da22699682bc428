/**
 * A whole run: every store with every scenario it supports, several cells side by side, results in order.
 */
import { openBenches } from './bench/open-benches.ts';
import type { Cell } from './check.ts';
import { modelName } from './domain/models.ts';
import type { CheckedCell } from './explain/cell-result.ts';
import { type MeasureOptions, measuring } from './measure/measure.ts';

export interface RunOptions extends MeasureOptions {
  /** Stop at the first broken claim. */
  readonly bail: boolean;
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
  const runCell = async (cell: Cell, index: number, measure: (cell: Cell) => Promise<CheckedCell>): Promise<void> => {
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
    const result = await measure(cell);
    results[index] = result;
    done += 1;
    options.onProgress({ kind: 'cell-done', done, of: cells.length, violations: result.cell.violations });
    stopped ||= options.bail && (result.cell.status === 'broken' || result.cell.status === 'missed-bug');
  };
  const work = async (): Promise<void> => {
    for (let group = waiting.shift(); group !== undefined && !stopped; group = waiting.shift()) {
      const [[, first]] = group;
      await measuring(first, benches, options, async (measure) => {
        for (const [index, cell] of group) await runCell(cell, index, measure);
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
