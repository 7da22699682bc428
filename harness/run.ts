/** A whole run: every store with every scenario it supports, several cells side by side, results in order. */

import type { Bench } from './bench/bench.ts';
import { type BenchOptions, openBenches } from './bench/open-benches.ts';
import type { CellCache } from './cache/cell-cache.ts';
import { type CheckedCell, cellResult, unmeasuredCell } from './cell-result.ts';
import { check } from './check.ts';
import { type EffortName, provesClaims } from './domain/effort.ts';
import { failsRun } from './domain/grade.ts';
import type { LoadedStore } from './domain/loaded-store.ts';
import { modelName } from './domain/model-names.ts';
import type { Result } from './domain/result.ts';
import type { Scenario } from './domain/scenario.ts';
import { isNotMeasured } from './domain/sighting.ts';
import { Stopwatch } from './domain/stages.ts';
import { causesOf } from './explain/causes.ts';
import { usableCores } from './machine/cores.ts';
import { likeliestFirst } from './models/likeliest.ts';
import type { Cell } from './models/model.ts';

export interface RunOptions extends BenchOptions {
  /** Stop at the first broken claim. */
  readonly bail: boolean;
  /** Every case, not only those that stand for others. */
  readonly allCases: boolean;
  /** What reports show of cases beside words. */
  readonly evidence?: boolean;
  /** The command that replays a case. */
  readonly replay: (cell: Cell, id: string) => string;
  /** Cells that need not run again; absent: all run. */
  readonly cache?: CellCache | undefined;
}

/** Stores and scenarios that run side by side: one more than there are cores, because a cell often waits for one process. */
const scenariosAtOnce = (): number => usableCores() + 1;

/** Rejects only if the harness itself failed. */
export async function runCells(cells: readonly Cell[], options: RunOptions): Promise<CheckedCell[]> {
  const { cache } = options;
  const benches = openBenches({ ...options, ...(cache && { watched: (store: LoadedStore) => scenariosOf(store, cells) }) });
  const results: CheckedCell[] = [];
  const waiting = groupsOf(inOrder(cells, options.effort.name));
  let done = 0;
  let stopped = false;
  const finish = (result: CheckedCell, index: number): void => {
    results[index] = result;
    done += 1;
    options.onProgress({ kind: 'cell-done', cell: result.cell, cases: result.cases, done, of: cells.length });
    stopped ||= options.bail && failsRun(result.cell);
  };
  const runCell = async (cell: Cell, index: number, bench: Bench): Promise<void> => {
    if (stopped) return;
    const names = { store: cell.store.name, scenario: cell.scenario.name, model: modelName(cell) };
    options.onProgress({ kind: 'cell-started', ...names, done, of: cells.length });
    const result = await resultOf(cell, bench, options);
    cache?.keep(cell, result, () => benches.usedOutside(cell.store));
    finish(result, index);
  };
  /** The cells of a group that must run. */
  const notReused = (group: Group): Group[number][] => {
    const must: Group[number][] = [];
    for (const [index, cell] of group) {
      const known = stopped ? undefined : cache?.find(cell);
      if (known === undefined) must.push([index, cell]);
      else finish(known, index);
    }
    return must;
  };
  const work = async (): Promise<void> => {
    for (let group = waiting.shift(); group !== undefined && !stopped; group = waiting.shift()) {
      const [[, { store, scenario }]] = group;
      const must = notReused(group);
      if (must.length === 0 || stopped) continue;
      await benches.forScenario(store, scenario, async (bench) => {
        for (const [index, cell] of must) await runCell(cell, index, bench);
      });
    }
  };
  try {
    await Promise.all(Array.from({ length: scenariosAtOnce() }, work));
    await cache?.close();
  } finally {
    await benches.close();
  }
  return results.filter((result) => result !== undefined);
}

/** What a run found: with each case that counts, and the causes of the violations. */
export type Found = Pick<Result, 'cells' | 'cases' | 'causes'>;

/** `allCases`: also those that violate nothing. */
export function foundIn(checked: readonly CheckedCell[], allCases = false): Found {
  const cells = checked.map(({ cell }) => cell);
  const cases = checked.flatMap((one) => one.cases.filter(({ violation }) => allCases || violation));
  return { cells, cases, causes: causesOf(cells, cases) };
}

async function resultOf(
  cell: Cell,
  bench: Bench,
  { allCases, evidence = false, replay, effort: { name: effort, faults } }: RunOptions,
): Promise<CheckedCell> {
  const started = performance.now();
  const stopwatch = new Stopwatch(() => performance.now());
  const findings = await check(cell, bench, undefined, stopwatch.time);
  const times = { durationMs: performance.now() - started, stages: stopwatch.times() };
  const tried = { effort, ...(faults && { faults }) };
  if (isNotMeasured(findings)) return unmeasuredCell(cell, findings, { ...times, ...tried });
  return cellResult(findings, { ...times, ...tried, allCases, evidence, replay: (id) => replay(cell, id) });
}

/** The scenarios that a store goes through in these cells. */
function scenariosOf(store: LoadedStore, cells: readonly Cell[]): Scenario[] {
  return [...new Set(cells.filter((cell) => cell.store === store).map(({ scenario }) => scenario))];
}

type Group = [readonly [number, Cell], ...(readonly [number, Cell])[]];

/** In which order cells are tried; results stand in the order of the list. */
function inOrder(cells: readonly Cell[], effort: EffortName): readonly (readonly [number, Cell])[] {
  const listed = [...cells.entries()];
  return provesClaims(effort) ? listed : likeliestFirst(listed);
}

/** The cells of one store and scenario, which share its recording, with their places in the list. */
function groupsOf(cells: readonly (readonly [number, Cell])[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [index, cell] of cells) {
    const key = `${cell.store.name}/${cell.scenario.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [[index, cell]]);
    else group.push([index, cell]);
  }
  return [...groups.values()];
}
