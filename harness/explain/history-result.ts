/**
 * From what was found in random histories to their lines in the report: the grade, and for each outcome that breaks the claim the
 * shortest history that shows it.
 */
import { cellName } from '../check.ts';
import { isViolation } from '../domain/grade.ts';
import type { CaseResult, CellResult } from '../domain/result.ts';
import type { Outcome } from '../domain/store.ts';
import { stateId } from '../explore/crash-state.ts';
import type { HistoryCell, HistoryFailure, HistoryFindings } from '../generate/check-histories.ts';
import { historyDetail, historyInWords } from '../generate/history.ts';
import { gradeOf } from '../judge/outcome.ts';
import { lostTexts } from '../models/power-loss/lost-text.ts';
import { type CellOptions, type CheckedCell, filesIn, headOf } from './cell-result.ts';
import { describeFound } from './found.ts';
import { opText } from './op-text.ts';
import type { SiteMatch } from './sites.ts';
import { describePromised } from './values.ts';

/** `sitesOf` has the source lines of a failing history. */
export function historyResult(
  cell: HistoryCell,
  found: HistoryFindings,
  sitesOf: (failure: HistoryFailure) => SiteMatch | undefined,
  options: Omit<CellOptions, 'observed' | 'allCases'>,
): CheckedCell {
  const { outcomes, doubts, tried, processes, points, states, distinct, violations, notes } = found;
  const shown = found.failures.map(({ verdict }) => verdict.outcome); // shrinking may come upon another outcome
  const met = [...new Set([...(Object.keys(outcomes) as Outcome[]), ...shown])];
  return {
    cell: {
      ...headOf(cell, met, doubts),
      points,
      states,
      distinct,
      violations,
      outcomes,
      picture: '',
      notes: [...notes],
      durationMs: options.durationMs,
      histories: { tried, segments: processes },
      ...triedIn(cell, found),
    },
    cases: found.failures.map((failure) => historyCase(cell, failure, sitesOf(failure), options.replay)),
  };
}

function triedIn({ model }: HistoryCell, { points, states, coverage }: HistoryFindings): Pick<CellResult, 'tried'> {
  switch (model) {
    case 'process-kill':
      return { tried: { kind: 'kills', kills: 0, folded: points - states } };
    case 'power-loss':
      return coverage === undefined ? {} : { tried: { kind: 'states', explored: { pages: coverage } } };
    default:
      return model satisfies never;
  }
}

function historyCase(
  cell: HistoryCell,
  { course, verdict }: HistoryFailure,
  located: SiteMatch | undefined,
  replay: CellOptions['replay'],
): CaseResult {
  const { state, outcome, recovery, promised } = verdict;
  const op = course.trace.ops[state.at.op - 1];
  const site = op && located?.sites.get(op.index);
  const id = historyCaseId(cell, course, verdict);
  const grade = gradeOf(outcome, cell.model);
  return {
    id,
    outcome,
    grade,
    violation: isViolation(grade, headOf(cell, [outcome], []).claim),
    end: state.how === 'ended',
    history: historyInWords(course.history),
    found: outcome === 'exposed' ? `${verdict.exposed} by other users` : describeFound(outcome, recovery, promised),
    promised: describePromised(promised),
    onDisk: filesIn(state.tree, course.trace.variation),
    lost: lostTexts(state, course.trace),
    replay: replay(id),
    ...(op && { after: { index: op.index, text: opText(op), ...(site && { site }) } }),
    ...(site && { site }),
    ...(state.at.bytes !== undefined && { inside: state.at.bytes }),
  };
}

/** `@<boundary>~history=<steps>`, and what the model has to say: the boundary counts the ops of all processes of the history. */
function historyCaseId(cell: HistoryCell, { history }: HistoryFailure['course'], { state }: HistoryFailure['verdict']): string {
  const [at = '', ...rest] = stateId(state).split('~');
  return `${cellName(cell)}${at}~${historyDetail(history, rest.join('~'))}`;
}
