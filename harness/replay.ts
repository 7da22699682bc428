/** One case again: the pipeline with that case alone, its lines in the report, the directory that it left, and what led to it. */

import type { Bench } from './bench/bench.ts';
import { type BenchOptions, openBenches } from './bench/open-benches.ts';
import type { Subject } from './bench/subject.ts';
import { type CheckedCell, caseIdOf, cellResult } from './cell-result.ts';
import { check } from './check.ts';
import { cellName } from './domain/case-id.ts';
import { NoSuchCase } from './domain/errors.ts';
import { nearestCases } from './domain/nearest.ts';
import { isNotMeasured, type NotMeasured } from './domain/sighting.ts';
import type { Tree } from './domain/trace.ts';
import type { Cell, Timeline } from './models/model.ts';
import { NotReplayable } from './persistence/actions.ts';

export interface Replayed {
  readonly checked: CheckedCell;
  /** What was on disk in the end. */
  readonly tree: Tree;
  readonly timeline: Timeline;
}

/** A run tries no such case. `near`: ids of cases that it does. */
export interface NotTried {
  readonly notTried: string;
  readonly near: readonly string[];
}

/** `id`: what was asked for; `only`: what the model read from it. A reason: the case cannot be brought about. */
export async function replayed(
  id: string,
  cell: Cell,
  only: unknown,
  options: BenchOptions,
  replay: (id: string) => string,
): Promise<Replayed | NotMeasured | NotTried> {
  const benches = openBenches(options);
  try {
    return await benches.forScenario(cell.store, cell.scenario, async (bench) => {
      const refused = async (notTried: string): Promise<NotTried> => ({
        notTried,
        near: nearestCases(id, await listedIn(cell, bench, only)),
      });
      const findings = await check(cell, bench, only).catch((error: unknown) => {
        if (error instanceof NoSuchCase) return error;
        throw error;
      });
      if (findings instanceof NoSuchCase) return refused(findings.message);
      if (isNotMeasured(findings)) return findings;
      const { verdicts, unmeasured, doubts } = findings.explored;
      const [verdict] = verdicts;
      const [doubted] = unmeasured;
      if (doubted !== undefined) return { reason: doubted.reason };
      if (verdict === undefined) return doubts[0] === undefined ? refused('a run comes to no such case') : { reason: doubts[0] };
      const written = caseIdOf(verdict, cell);
      if (written !== id) return refused(`a run calls it ${written}`);
      const checked = await cellResult(findings, { durationMs: 0, effort: options.effort.name, allCases: true, replay });
      return { checked, tree: verdict.sighting.tree, timeline: await cell.model.timeline(verdict, findings) };
    });
  } finally {
    await benches.close();
  }
}

/** Ids of what a run tries, as far as the model knows them beforehand. */
async function listedIn(cell: Cell, bench: Bench, only: unknown): Promise<string[]> {
  const subjects = await cell.model.subjects(cell, bench, only);
  if (isNotMeasured(subjects)) return [];
  const of = (subject: Subject): readonly string[] => cell.model.listed?.(subject, cell, bench) ?? [];
  try {
    return subjects.flatMap(of).map((id) => `${cellName(cell)}${id}`);
  } catch (error) {
    if (error instanceof NotReplayable) return [];
    throw error;
  }
}
