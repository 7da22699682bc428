/**
 * From what was found in a cell to its lines in the report: the grade and its status, and for each case what was lost, after
 * which op, until when, and how to see it again.
 */
import type { Cell, Findings, Verdict } from '../check.ts';
import { caseId } from '../check.ts';
import type { CrashPoint } from '../explore/process-kill.ts';
import { isViolation, statusOf, worstGrade } from '../judge/grade.ts';
import { gradeOf } from '../judge/outcome.ts';
import { canonicalPath } from '../record/names.ts';
import { type CaseResult, type CellResult, type OpLine, PICTURE } from '../result.ts';
import type { Outcome } from '../store/define.ts';
import { treeKey } from '../tree.ts';
import { describeFound } from './found.ts';
import { opText } from './op-text.ts';
import type { SiteMatch } from './sites.ts';
import { describePromised } from './values.ts';

export interface CellOptions {
  readonly observed: boolean;
  readonly durationMs: number;
  /** How the case is replayed, given its id. */
  readonly replay: (id: string) => string;
}

export interface CheckedCell {
  readonly cell: CellResult;
  readonly cases: readonly CaseResult[];
}

export function cellResult(cell: Cell, found: Findings, sites: SiteMatch, options: CellOptions): CheckedCell {
  const { verdicts, doubts, recording, points, inside } = found;
  const { trace } = recording;
  const claim = cell.store.claims[cell.model];
  const known = cell.store.knownBugs[cell.scenario.name]?.[cell.model];
  const outcomes = verdicts.map(({ outcome }) => outcome);
  const unsure = [...trace.unmeasured, ...doubts.map(({ doubt }) => doubt)];
  const grade = worstGrade([...outcomes.map((outcome) => gradeOf(outcome, cell.model)), ...unsure.map(() => 'inconclusive' as const)]);
  const status = statusOf(grade, claim, outcomes, known);
  const reason = status.status === 'missed-bug' ? status.reason : unsure[0];
  const states = verdicts.length + doubts.length;
  const killed = [...verdicts, ...doubts].filter(({ state }) => state.how === 'killed').length;
  const letters = lettersOf(found);
  const cases = verdicts.map((verdict) => caseResult(cell, found, sites, verdict, options));
  return {
    cell: {
      store: cell.store.name,
      scenario: cell.scenario.name,
      model: cell.model,
      claim,
      grade,
      status: status.status,
      points,
      states,
      folded: points - states,
      kills: options.observed ? 0 : killed,
      distinct: new Set([...verdicts, ...doubts].map(({ state }) => treeKey(state.tree))).size,
      violations: cases.filter(({ violation }) => violation).length,
      outcomes: countBy(outcomes),
      picture: letters.map(([, letter]) => letter).join(''),
      folds: letters.map(([, , folded]) => (folded ? '=' : '.')).join(''),
      notes: [...litterNotes(found), ...sites.mismatches.map((mismatch) => `recorders differ: ${mismatch}`)],
      durationMs: options.durationMs,
      ...(known !== undefined && { expected: { grade: known.grade, ...(known.outcomes && { outcomes: [...known.outcomes] }) } }),
      ...(reason !== undefined && { reason }),
      ...(inside.tried < inside.of && { sampled: inside }),
    },
    cases,
  };
}

/** A cell of which nothing could be judged. */
export function unjudgedCell(cell: Cell, reason: string, durationMs: number): CheckedCell {
  const claim = cell.store.claims[cell.model];
  const known = cell.store.knownBugs[cell.scenario.name]?.[cell.model];
  const nothing = { points: 0, states: 0, folded: 0, kills: 0, distinct: 0, violations: 0, outcomes: {}, picture: '', notes: [] };
  const { status } = statusOf('inconclusive', claim, [], known);
  const { store, scenario, model } = cell;
  return {
    cell: { store: store.name, scenario: scenario.name, model, claim, grade: 'inconclusive', status, reason, ...nothing, durationMs },
    cases: [],
  };
}

function caseResult(cell: Cell, found: Findings, sites: SiteMatch, verdict: Verdict, options: CellOptions): CaseResult {
  const { trace } = found.recording;
  const { state, outcome, recovery, promised } = verdict;
  const line = (index: number): OpLine | undefined => {
    const op = trace.ops[index - 1];
    const site = sites.sites.get(index);
    return op && { index, text: opText(op), ...(site && { site }) };
  };
  const [after, until] = [line(state.at.op), untilOp(found, verdict)];
  const grade = gradeOf(outcome, cell.model);
  const untilLine = until === undefined ? undefined : line(until);
  const id = caseId(cell, state);
  return {
    id,
    outcome,
    grade,
    violation: isViolation(grade, cell.store.claims[cell.model]),
    end: state.how === 'ended',
    found: outcome === 'exposed' ? `${verdict.exposed} by other users` : describeFound(outcome, recovery, promised),
    promised: describePromised(promised),
    onDisk: [...state.tree].map(([path, entry]) => ({
      path: canonicalPath(path, trace.variation.names),
      ...(entry.kind === 'file' && { bytes: entry.bytes.length }),
    })),
    lost: [],
    replay: options.replay(id),
    ...(after && { after }),
    ...(after?.site && { site: after.site }),
    ...(state.at.bytes !== undefined && { inside: state.at.bytes }),
    ...(untilLine && { until: untilLine }),
  };
}

/** The op after which an outcome is gone again: the first point behind the unbroken stretch of states that share it. */
function untilOp({ verdicts }: Findings, verdict: Verdict): number | undefined {
  const from = verdicts.indexOf(verdict);
  return verdicts.slice(from).find(({ outcome }) => outcome !== verdict.outcome)?.state.at.op;
}

/** For each point in order its letter, and whether it is folded into the state of the one before it. */
function lettersOf({ verdicts, doubts }: Findings): [CrashPoint, string, boolean][] {
  const lettered = [
    ...verdicts.map(({ state, outcome }) => ({ state, letter: PICTURE[outcome] })),
    ...doubts.map(({ state }) => ({ state, letter: '?' })),
  ];
  const inside = ({ bytes }: CrashPoint): number => bytes ?? Number.POSITIVE_INFINITY;
  return lettered
    .flatMap(({ state, letter }) => state.points.map((point, index): [CrashPoint, string, boolean] => [point, letter, index > 0]))
    .sort(([one], [other]) => one.op - other.op || (inside(one) < inside(other) ? -1 : 1));
}

function countBy(outcomes: readonly Outcome[]): { [outcome: string]: number } {
  const counts: { [outcome: string]: number } = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** Files that are there after a crash, recovery and the next save, and would not be there without the crash. */
function litterNotes({ verdicts, recording }: Findings): string[] {
  const names = (left: readonly string[]): string[] => left.map((path) => canonicalPath(path, recording.trace.variation.names));
  const usual = new Set(verdicts.filter(({ state }) => state.how === 'ended' || state.at.op === 0).flatMap(({ left }) => names(left)));
  const litter = new Set(verdicts.flatMap(({ left }) => names(left)).filter((name) => !usual.has(name)));
  return [...litter].sort().map((name) => `litter: after some crashes ${name} stays behind, even after the next save`);
}
