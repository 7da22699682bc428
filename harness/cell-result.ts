/**
 * From what was found in a cell to its lines in the report, for every model: the grade and its status, and each case with what was found,
 * what had been promised, and how to see it again.
 */
import { caseEvidence } from './case-evidence.ts';
import { cellName } from './domain/case-id.ts';
import { type EffortName, provesAll } from './domain/effort.ts';
import type { Evidence } from './domain/evidence.ts';
import { CASES_WITH_EVIDENCE } from './domain/evidence-limits.ts';
import { isViolation, statusOf, worstGrade } from './domain/grade.ts';
import { neverMet } from './domain/met.ts';
import { canonicalPath } from './domain/names.ts';
import type { CaseResult, CellResult } from './domain/result.ts';
import type { NotMeasured } from './domain/sighting.ts';
import type { StageTimes } from './domain/stages.ts';
import type { Outcome } from './domain/store.ts';
import type { Tree, Variation } from './domain/trace.ts';
import { describeAcknowledged, LOOKED_BY } from './explain/checked.ts';
import { differencesIn } from './explain/differences.ts';
import { EvidenceTable } from './explain/evidence-table.ts';
import { describeFound, describeLooker } from './explain/found.ts';
import { describePromised } from './explain/values.ts';
import { gradeIn, heldTo, knownBugOf, violates } from './models/held.ts';
import type { Case, Cell, Findings } from './models/model.ts';
import type { Verdict } from './recover/believe.ts';

export interface CellOptions {
  readonly durationMs: number;
  readonly stages?: StageTimes;
  /** How much was tried: whether finding nothing says that a claim holds. */
  readonly effort: EffortName;
  readonly faults?: readonly string[];
  /** Every case, also those that differ from another one in their tree alone. */
  readonly allCases: boolean;
  /** Also what reports show of cases beside words. */
  readonly evidence?: boolean;
  /** The command that replays a case, given its id. */
  readonly replay: (id: string) => string;
}

export interface CheckedCell {
  readonly cell: CellResult;
  readonly cases: readonly CaseResult[];
  /** Set where it was asked for. Sources are of no cell. */
  readonly evidence?: Evidence;
}

export async function cellResult(findings: Findings, options: CellOptions): Promise<CheckedCell> {
  const { cell, subjects, explored, tally } = findings;
  const { model } = cell;
  const breaks = violates(cell);
  const unsure = [...explored.doubts, ...explored.unmeasured.map(({ reason }) => reason)];
  // A search for smaller histories may come upon an outcome that no drawn one had.
  const met = [...(Object.keys(tally.outcomes) as Outcome[]), ...explored.verdicts.map(({ outcome }) => outcome)];
  const letters = model.picture(findings);
  const notes = [...explored.notes, ...neverMet(explored.met ?? {}), ...((await model.notes?.(findings)) ?? [])];
  const selected: readonly Verdict<Case, unknown>[] = model.selected(findings, ({ outcome }) => breaks(outcome), options.allCases);
  const evidence = options.evidence === true ? await evidenceOf(selected, findings, options) : undefined;
  return {
    cell: {
      ...headOf(cell, met, unsure, options),
      points: explored.points,
      states: tally.states,
      distinct: tally.distinct,
      violations: tally.violations,
      outcomes: { ...tally.outcomes } as CellResult['outcomes'],
      ...(explored.tried && { tried: explored.tried }),
      ...(explored.met && { met: explored.met }),
      ...historiesIn(subjects),
      picture: letters.map(({ letter }) => letter).join(''),
      ...(letters.some(({ folded }) => folded) && { folds: letters.map(({ folded }) => (folded ? '=' : '.')).join('') }),
      notes,
      durationMs: options.durationMs,
      ...(options.stages && { stages: options.stages }),
    },
    cases: await Promise.all(selected.map((verdict) => caseResult(verdict, findings, options))),
    ...(evidence && { evidence }),
  };
}

/** Of the cases that the result will have. */
async function evidenceOf(selected: readonly Verdict<Case, unknown>[], findings: Findings, { allCases }: CellOptions): Promise<Evidence> {
  const { cell } = findings;
  const table = new EvidenceTable();
  const breaks = violates(cell);
  const shown = selected.filter(({ outcome }) => allCases || breaks(outcome));
  for (const verdict of shown.slice(0, CASES_WITH_EVIDENCE))
    table.addCase(caseIdOf(verdict, cell), await caseEvidence(verdict, findings, table));
  return { ...table.evidence(), sources: {} };
}

export const caseIdOf = (verdict: Verdict<Case, unknown>, cell: Cell): string => `${cellName(cell)}${cell.model.id.write(verdict.case)}`;

/** A cell of which nothing could be judged. */
export function unmeasuredCell(
  cell: Cell,
  { reason }: NotMeasured,
  { durationMs, stages, ...tried }: Pick<CellOptions, 'durationMs' | 'stages'> & Tried,
): CheckedCell {
  const nothing = { points: 0, states: 0, distinct: 0, violations: 0, outcomes: {}, picture: '', notes: [] };
  const drawn = cell.scenario.histories ? { histories: { tried: 0, segments: 0 } } : {};
  return { cell: { ...headOf(cell, [], [reason], tried), ...nothing, ...drawn, durationMs, ...(stages && { stages }) }, cases: [] };
}

type Tried = Pick<CellOptions, 'effort' | 'faults'>;
type Head = Pick<CellResult, 'store' | 'scenario' | 'model' | 'profile' | 'claim' | 'grade' | 'status' | 'expected' | 'reason'>;

/** What every cell begins with: its name, its grade, what the store claims, and whether it is as claimed. `unsure`: what could not be measured. */
function headOf(cell: Cell, outcomes: readonly Outcome[], unsure: readonly string[], tried: Tried): Head {
  const { store, scenario, model, profile } = cell;
  const grade = worstGrade([...outcomes.map((outcome) => gradeIn(cell, outcome)), ...unsure.map(() => 'inconclusive' as const)]);
  const held = heldTo(cell);
  const known = knownBugOf(cell);
  const [reason] = unsure;
  return {
    store: store.name,
    scenario: scenario.name,
    model: model.name,
    ...(profile !== undefined && { profile }),
    claim: held.claim,
    ...(held.heldBy !== 'profile' && held.heldBy !== 'nothing' && { heldBy: held.heldBy }),
    grade,
    ...(reason !== undefined && { reason }),
    ...statusOf(grade, held, outcomes, known, provesAll(tried)),
    ...(known && { expected: { grade: known.bug.grade, ...(known.bug.outcomes && { outcomes: [...known.bug.outcomes] }) } }),
  };
}

/** How many histories were drawn, and the processes that ran in them. */
function historiesIn(subjects: Findings['subjects']): Pick<CellResult, 'histories'> {
  const drawn = subjects.filter(({ history }) => history !== undefined);
  if (drawn.length === 0) return {};
  const segments = drawn.map((subject) => (subject.kind === 'recorded' ? (subject.history?.begins.length ?? 0) : undefined));
  return {
    histories: {
      tried: drawn.length,
      segments: segments.includes(undefined) ? 1 : segments.reduce<number>((sum, count) => sum + (count ?? 0), 0),
    },
  };
}

async function caseResult(verdict: Verdict<Case, unknown>, findings: Findings, { replay }: CellOptions): Promise<CaseResult> {
  const { cell, likeness } = findings;
  const { model } = cell;
  const { outcome, recovery, promised, exposed, sighting } = verdict;
  const { found, lost = [], ...words } = await model.describe(verdict, findings);
  const id = caseIdOf(verdict, cell);
  const differs =
    found === undefined && exposed === undefined && recovery.lookedBy === undefined
      ? differencesIn(outcome, recovery, promised, likeness)
      : undefined;
  const grade = gradeIn(cell, outcome);
  const violation = isViolation(grade, heldTo(cell).claim);
  const blame = violation ? await model.blame(verdict, findings) : undefined;
  return {
    id,
    outcome,
    grade,
    violation,
    found:
      found ??
      (exposed === undefined
        ? describeFound(outcome, recovery, promised) + describeLooker(sighting.looker, outcome)
        : `${exposed} by other users`),
    ...(recovery.lookedBy && { foundBy: LOOKED_BY[recovery.lookedBy] }),
    promised: recovery.lookedBy ? describeAcknowledged(promised) : describePromised(promised),
    ...(differs && { differs }),
    onDisk: filesIn(sighting.tree, model.variation(verdict)),
    lost,
    ...(blame && { blame }),
    replay: replay(id),
    ...words,
  };
}

/** In an order that is the same in every run, whatever names the run made up. */
function filesIn(tree: Tree, { names }: Variation): CaseResult['onDisk'] {
  const files = [...tree].map(([path, entry]) => ({
    path: canonicalPath(path, names),
    ...(entry.kind === 'file' && { bytes: entry.bytes.length }),
  }));
  return files.sort((one, other) => (one.path === other.path ? (one.bytes ?? 0) - (other.bytes ?? 0) : one.path < other.path ? -1 : 1));
}
