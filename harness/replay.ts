/** One case again: the pipeline with that case alone, its lines in the report, the directory that it left, and what led to it. */
import { type BenchOptions, openBenches } from './bench/open-benches.ts';
import { type CheckedCell, cellResult } from './cell-result.ts';
import { check } from './check.ts';
import { isNotMeasured, type NotMeasured } from './domain/sighting.ts';
import type { Tree } from './domain/trace.ts';
import type { Cell, Timeline } from './models/model.ts';

export interface Replayed {
  readonly checked: CheckedCell;
  /** What was on disk in the end. */
  readonly tree: Tree;
  readonly timeline: Timeline;
}

/**
 * `only`: what the model read from the case id. A reason: the case cannot be brought about. Undefined: the run has no such place. Throws
 * NoSuchState (power loss).
 */
export async function replayed(
  cell: Cell,
  only: unknown,
  options: BenchOptions,
  replay: (id: string) => string,
): Promise<Replayed | NotMeasured | undefined> {
  const benches = openBenches(options);
  try {
    return await benches.forScenario(cell.store, cell.scenario, async (bench) => {
      const findings = await check(cell, bench, only);
      if (isNotMeasured(findings)) return findings;
      const { verdicts, unmeasured, doubts } = findings.explored;
      const [verdict] = verdicts;
      const [doubted] = unmeasured;
      if (doubted !== undefined) return { reason: doubted.reason };
      if (verdict === undefined) return doubts[0] === undefined ? undefined : { reason: doubts[0] };
      const checked = await cellResult(findings, { durationMs: 0, effort: options.effort.name, allCases: true, replay });
      return { checked, tree: verdict.sighting.tree, timeline: await cell.model.timeline(verdict, findings) };
    });
  } finally {
    await benches.close();
  }
}
