/** From what failing calls do to the last call of random histories to a cell's lines in the report. */
import type { FaultCell } from '../check.ts';
import type { CaseResult } from '../domain/result.ts';
import type { Outcome } from '../domain/store.ts';
import type { FaultHistoryFindings, HistoryFaults } from '../generate/check-fault-histories.ts';
import { historyInWords, historyName } from '../generate/history.ts';
import { faultResult } from '../models/io-error/fault-result.ts';
import { type CellOptions, type CheckedCell, headOf } from './cell-result.ts';
import type { SiteMatch } from './sites.ts';

export function faultHistoryResult(
  cell: FaultCell,
  { checked, failures, doubts, notes }: FaultHistoryFindings,
  sitesOf: (failure: HistoryFaults) => SiteMatch,
  options: Omit<CellOptions, 'observed' | 'allCases'>,
): CheckedCell {
  const told = { ...options, observed: true, allCases: false };
  const cells = checked.map((one) => faultResult(one.cell, one.found, { sites: new Map(), mismatches: [] }, told).cell);
  const sum = (count: (one: (typeof cells)[number]) => number): number => cells.reduce((total, one) => total + count(one), 0);
  const outcomes: { [outcome: string]: number } = {};
  for (const one of cells)
    for (const [outcome, count] of Object.entries(one.outcomes)) outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  const met = Object.keys(outcomes) as Outcome[];
  const unsure = [...doubts, ...cells.flatMap(({ reason }) => reason ?? [])];
  return {
    cell: {
      ...headOf(cell, met, unsure),
      points: sum(({ points }) => points),
      states: sum(({ states }) => states),
      distinct: sum(({ distinct }) => distinct),
      violations: sum(({ violations }) => violations),
      outcomes,
      tried: {
        kind: 'faults',
        tried: sum(({ tried }) => (tried?.kind === 'faults' ? tried.tried : 0)),
        twice: {
          tried: sum(({ tried }) => (tried?.kind === 'faults' ? tried.twice.tried : 0)),
          of: sum(({ tried }) => (tried?.kind === 'faults' ? tried.twice.of : 0)),
        },
      },
      histories: { tried: checked.length, segments: checked.reduce((total, { course }) => total + course.processes.length, 0) },
      picture: '',
      notes: [...notes],
      durationMs: options.durationMs,
    },
    cases: failures.flatMap((failure) => {
      const only = { ...failure.found, verdicts: [failure.verdict] };
      const { cases } = faultResult(failure.cell, only, sitesOf(failure), told);
      return cases.map((one) => withHistory(one, failure, options.replay));
    }),
  };
}

/** The ops of the fault are those of the last call alone. */
function withHistory(one: CaseResult, { course: { history } }: HistoryFaults, replay: CellOptions['replay']): CaseResult {
  const id = one.id.replace(/@(\d+)~/, (_, op: string) => `@${op}~${historyName(history)}~`);
  return { ...one, id, replay: replay(id), history: historyInWords(history) };
}
