/**
 * A ratchet: the causes of a run against those that are known. Pure.
 *
 * What is known passes. What is new, reaches another model or leaves something worse fails. What is mended must leave the file, so that it
 * cannot come back unseen.
 */
import type { Baseline, BaselineEntry } from '../domain/baseline.ts';
import { cellName } from '../domain/case-id.ts';
import { isAtLeast } from '../domain/effort.ts';
import { failsRun } from '../domain/grade.ts';
import { OUTCOMES } from '../domain/outcomes.ts';
import type { Cause, Result } from '../domain/result.ts';
import { byStatus } from './causes.ts';

/** The result with known causes taken out of those that break a claim. `file`: for reports. */
export function heldAgainst(result: Result, { causes: entries }: Baseline, file: string): Result {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const causes = result.causes.map((cause): Cause => {
    const entry = byId.get(cause.id);
    if (cause.status !== 'broken' || entry === undefined) return cause;
    const beyond = beyondOf(cause, entry);
    return beyond.length === 0 ? { ...cause, status: 'known' } : { ...cause, beyond };
  });
  const found = new Set(result.causes.map(({ id }) => id));
  const gone = entries.filter(({ id }) => !found.has(id));
  const mended = gone.filter(triedIn(result));
  return {
    ...result,
    causes: causes.sort(byStatus),
    baseline: {
      file,
      known: causes.filter(({ id, status }) => status === 'known' && byId.has(id)).length,
      mended: mended.map(({ id, says }) => ({ id, says })),
      untried: gone.length - mended.length,
    },
  };
}

/** Where a cause reaches further than its entry, in words. */
function beyondOf(cause: Cause, { worst: known }: BaselineEntry): string[] {
  return Object.entries(cause.worst).flatMap(([model, outcome]) => {
    const before = known[model];
    if (before === undefined) return [`${model} is new`];
    return OUTCOMES[outcome].severity > OUTCOMES[before].severity ? [`${model} leaves ${outcome}, and left ${before}`] : [];
  });
}

/** Whether all cells of an entry ran to an end and whole, with at least its effort: then it is mended if nobody found it. */
function triedIn(result: Result): (entry: BaselineEntry) => boolean {
  const measured = new Set(result.cells.filter(({ grade }) => grade !== 'inconclusive').map(cellName));
  return ({ cells, effort }) =>
    result.faults === undefined && isAtLeast(result.effort, effort) && cells.every((cell) => measured.has(cell));
}

/** What a run makes of the file: the causes that break a claim, and what it did not try. */
export function baselineOf(result: Result, { causes: before }: Baseline = { schema: 'crash-matrix-baseline/1', causes: [] }): Baseline {
  const found = new Set(result.causes.map(({ id }) => id));
  const wasTried = triedIn(result);
  const kept = before.filter((entry) => !found.has(entry.id) && !wasTried(entry));
  const broken = result.causes
    .filter(({ status }) => status === 'broken')
    .map(({ id, says, worst, cells }): BaselineEntry => ({ id, says, worst, cells, effort: result.effort }));
  const causes = [...kept, ...broken].sort((one, other) => (one.id < other.id ? -1 : 1));
  return { schema: 'crash-matrix-baseline/1', causes };
}

/** Whether a run fails: a claim is broken by what is not known, something could not be shown, or the baseline has what is mended. */
export function failsGate({ cells, causes, baseline }: Result): boolean {
  if (baseline === undefined) return cells.some(failsRun);
  return (
    baseline.mended.length > 0 ||
    causes.some(({ status }) => status === 'broken') ||
    cells.some((cell) => failsRun(cell) && (cell.status === 'missed-bug' || cell.grade === 'inconclusive'))
  );
}
