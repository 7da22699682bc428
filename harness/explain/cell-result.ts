/**
 * From what was found in a cell to its lines in the report: the grade and its status, and for each case what was lost, after
 * which op, until when, and how to see it again.
 */
import { type Cell, type CrashCell, caseId, type Findings } from '../check.ts';
import { isViolation, statusOf, worstGrade } from '../domain/grade.ts';
import { heldTo, knownBugOf } from '../domain/models.ts';
import { canonicalPath } from '../domain/names.ts';
import type { CaseResult, CellResult, OpLine, Tried } from '../domain/result.ts';
import type { Outcome } from '../domain/store.ts';
import type { Tree, Variation } from '../domain/trace.ts';
import { treeKey } from '../domain/tree.ts';
import { counted } from '../domain/words.ts';
import { type CrashState, stateId, type TwiceState } from '../explore/crash-state.ts';
import type { Verdict } from '../judge/oracle.ts';
import { gradeOf, isLoss } from '../judge/outcome.ts';
import type { Explanation } from '../models/power-loss/explanation.ts';
import { lostTexts } from '../models/power-loss/lost-text.ts';
import { describeFound } from './found.ts';
import { lettersOf } from './letters.ts';
import { opText } from './op-text.ts';
import type { SiteMatch } from './sites.ts';
import { describePromised } from './values.ts';

/** What was found in a cell, with the source line of each op. */
export interface Located {
  readonly found: Findings;
  readonly sites: SiteMatch;
  /** Of power loss: the smallest loss, the missing barrier, and the barriers that buy nothing. */
  readonly explanation?: Explanation;
}

export interface CellOptions {
  readonly observed: boolean;
  readonly durationMs: number;
  /** Every case, also those of power loss that a reader could tell from another only by its tree. */
  readonly allCases: boolean;
  /** How the case is replayed, given its id. */
  readonly replay: (id: string) => string;
}

export interface CheckedCell {
  readonly cell: CellResult;
  readonly cases: readonly CaseResult[];
}

export function cellResult(cell: CrashCell, located: Located, options: CellOptions): CheckedCell {
  const { found, explanation } = located;
  const { verdicts, doubts, recording, points } = found;
  const outcomes = verdicts.map(({ outcome }) => outcome);
  // What a mapped file holds is not in a trace, but it is on the disk of a real cut.
  const unmeasured = cell.model === 'power-cut' ? [] : recording.trace.unmeasured;
  const unsure = [...unmeasured, ...doubts.map(({ doubt }) => doubt)];
  const head = headOf(cell, outcomes, unsure);
  const { claim } = head;
  const states = [...verdicts, ...doubts].map(({ state }) => state);
  const firsts = states.filter(({ how }) => how !== 'in-recovery');
  const letters = lettersOf(found, cell);
  const violations = verdicts.filter(({ outcome }) => isViolation(gradeOf(outcome, cell.model), claim));
  const smallest = explanation?.smallest === undefined ? [] : [explanation.smallest];
  const told = new Set(smallest.map(({ state }) => stateId(state)));
  const others = options.allCases || cell.model === 'process-kill' ? verdicts : tellingOf(violations);
  const telling = [...smallest, ...others.filter(({ state }) => !told.has(stateId(state)))];
  const tried = triedIn(cell, located, options.observed);
  return {
    cell: {
      ...head,
      points,
      states: firsts.length,
      distinct: new Set(firsts.map(({ tree }) => treeKey(tree))).size,
      violations: violations.length,
      outcomes: countOf(verdicts.flatMap(({ state, outcome }) => (state.how !== 'in-recovery' || isLoss(outcome) ? [outcome] : []))),
      picture: letters.map(({ letter }) => letter).join(''),
      folds: letters.map(({ folded }) => (folded ? '=' : '.')).join(''),
      notes: [...found.notes, ...litterNotes(located), ...mismatchNotes(located)],
      durationMs: options.durationMs,
      ...(tried && { tried }),
    },
    cases: telling.map((verdict) => caseResult(cell, located, verdict, options)),
  };
}

/** Absent of a state that was named, and not come upon by exploring. */
function triedIn(cell: CrashCell, located: Located, observed: boolean): Tried | undefined {
  const { verdicts, doubts, points, inside, coverage, cuts, recoveries: again } = located.found;
  const states = [...verdicts, ...doubts].map(({ state }) => state);
  const firsts = states.filter(({ how }) => how !== 'in-recovery').length;
  const recoveries = again.of > 0 && { recoveries: { ...again, states: states.length - firsts } };
  switch (cell.model) {
    case 'process-kill':
      return {
        kind: 'kills',
        kills: observed ? 0 : states.filter(({ how }) => how === 'killed').length,
        folded: points - firsts,
        ...(inside !== undefined && inside.tried < inside.of && { sampled: inside }),
        ...recoveries,
      };
    case 'power-loss': {
      const line = lineOf(located);
      const barriers = located.explanation?.barriers.map(({ op, use }) => ({ ...mustBe(line(op.index)), needed: NEEDED[use] }));
      return coverage && { kind: 'states', explored: coverage, ...(barriers && { barriers }), ...recoveries };
    }
    case 'power-cut':
      return cuts === undefined ? undefined : { kind: 'cuts', cuts };
    default:
      return cell satisfies never;
  }
}

/** A cell of which nothing could be judged. */
export function unjudgedCell(cell: Cell, reason: string, durationMs: number): CheckedCell {
  const drawn = cell.scenario.histories && { histories: { tried: 0, segments: 0 } };
  const nothing = { points: 0, states: 0, distinct: 0, violations: 0, outcomes: {}, picture: '', notes: [] };
  return {
    cell: { ...headOf(cell, [], [reason]), reason, ...nothing, ...drawn, durationMs },
    cases: [],
  };
}

/** What every cell begins with: its name, its grade, what the store claims, and whether it is as it says. `unsure` is what could not be measured. */
export function headOf(cell: Cell, outcomes: readonly Outcome[], unsure: readonly string[]): Head {
  const { store, scenario, model, profile } = cell;
  const grade = worstGrade([...outcomes.map((outcome) => gradeOf(outcome, model)), ...unsure.map(() => 'inconclusive' as const)]);
  const held = heldTo(store.claims, cell, cell.strict);
  const known = knownBugOf(store.knownBugs, scenario, cell);
  const standing = statusOf(grade, held, outcomes, known);
  const reason = unsure[0];
  return {
    store: store.name,
    scenario: scenario.name,
    model,
    ...(profile !== undefined && { profile }),
    claim: held.claim,
    grade,
    ...(reason !== undefined && { reason }),
    ...standing,
    ...(known && { expected: { grade: known.bug.grade, ...(known.bug.outcomes && { outcomes: [...known.bug.outcomes] }) } }),
  };
}

type Head = Pick<CellResult, 'store' | 'scenario' | 'model' | 'profile' | 'claim' | 'grade' | 'status' | 'expected' | 'reason'>;

type LineOf = (index: number) => OpLine | undefined;

function lineOf({ found, sites }: Located): LineOf {
  return (index) => {
    const op = found.recording.trace.ops[index - 1];
    const site = sites.sites.get(index);
    return op && { index, text: opText(op), ...(site && { site }) };
  };
}

function mustBe<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('an op of the trace has a line');
  return value;
}

/** One case for each outcome at each boundary, the one that lost least. */
function tellingOf(violations: readonly Verdict[]): Verdict[] {
  const telling = new Map<string, Verdict>();
  for (const verdict of violations) {
    const { state, outcome } = verdict;
    const key = `${outcome} ${state.how} ${state.at.op}`;
    const known = telling.get(key);
    if (known === undefined || lostBy(state) < lostBy(known.state)) telling.set(key, verdict);
  }
  return [...telling.values()];
}

const lostBy = (state: CrashState): number => (state.how === 'power-lost' ? state.loss.lost.length : 0);

function caseResult(cell: CrashCell, located: Located, verdict: Verdict, options: CellOptions): CaseResult {
  const { found, explanation } = located;
  const { trace } = found.recording;
  const { state, outcome, recovery, promised } = verdict;
  const line = lineOf(located);
  const first = state.how === 'in-recovery' ? state.first : state;
  const until = cell.model === 'process-kill' && state.how !== 'in-recovery' ? untilOp(found.verdicts, verdict) : undefined;
  const untilLine = until === undefined ? undefined : line(until);
  const after = line(first.at.op);
  const id = caseId(cell, state);
  const { claim } = heldTo(cell.store.claims, cell, cell.strict);
  const isSmallest = verdict === explanation?.smallest;
  const words = isSmallest ? explanation?.words : undefined;
  const site = (isSmallest && explanation?.landed !== undefined ? line(explanation.landed)?.site : undefined) ?? after?.site;
  return {
    id,
    outcome,
    grade: gradeOf(outcome, cell.model),
    violation: isViolation(gradeOf(outcome, cell.model), claim),
    end: state.how === 'ended',
    found: outcome === 'exposed' ? `${verdict.exposed} by other users` : describeFound(outcome, recovery, promised),
    promised: describePromised(promised),
    onDisk: filesIn(state.tree, trace.variation),
    lost: words === undefined ? lostTexts(first, trace) : [...words.lost],
    replay: options.replay(id),
    ...(after && { after }),
    ...(site && { site }),
    ...(first.at.bytes !== undefined && { inside: first.at.bytes }),
    ...(state.how === 'power-cut' && state.force && { forced: `${FORCED[state.force.how]} after op ${state.force.at}` }),
    ...(state.how === 'in-recovery' && { again: secondCrash(state) }),
    ...(untilLine && { until: untilLine }),
    ...(words?.landed !== undefined && { landed: words.landed }),
    ...(words?.missingBarrier !== undefined && { missingBarrier: words.missingBarrier }),
  };
}

/** In an order that is the same in every run, whatever names the run made up. */
export function filesIn(tree: Tree, { names }: Variation): CaseResult['onDisk'] {
  const files = [...tree].map(([path, entry]) => ({
    path: canonicalPath(path, names),
    ...(entry.kind === 'file' && { bytes: entry.bytes.length }),
  }));
  return files.sort((one, other) => (one.path === other.path ? (one.bytes ?? 0) - (other.bytes ?? 0) : one.path < other.path ? -1 : 1));
}

const NEEDED = { needed: 'yes', redundant: 'no', undecided: 'undecided' } as const;
const FORCED = { fsync: 'fsync of another file', commit: 'a commit', sync: 'syncfs' } as const;

function secondCrash({ second, trace }: TwiceState): NonNullable<CaseResult['again']> {
  const op = trace.ops[second.at.op - 1];
  return {
    ...(op && { after: { index: op.index, text: opText(op) } }),
    ...(second.at.bytes !== undefined && { inside: second.at.bytes }),
    lost: lostTexts(second, trace),
  };
}

/** The op after which an outcome is gone again: the first point behind the unbroken stretch of states that share it. */
function untilOp(verdicts: readonly Verdict[], verdict: Verdict): number | undefined {
  const from = verdicts.indexOf(verdict);
  return verdicts.slice(from).find(({ outcome, state }) => outcome !== verdict.outcome && state.how !== 'in-recovery')?.state.at.op;
}

export function countOf(outcomes: readonly Outcome[]): { [outcome: string]: number } {
  const counts: { [outcome: string]: number } = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** A store that writes by native code differs in each of its ops: some are named. */
const MISMATCHES_NAMED = 2;

function mismatchNotes({ sites: { mismatches } }: Located): string[] {
  const named = mismatches.slice(0, MISMATCHES_NAMED).map((mismatch) => `recorders differ: ${mismatch}`);
  const more = mismatches.length - named.length;
  return more === 0 ? named : [...named, `recorders differ: ${counted(more, 'more op')}`];
}

/** Files that are there after a crash, recovery and the next save, and would not be there without the crash. */
function litterNotes({ found: { verdicts, recording } }: Located): string[] {
  const names = (left: readonly string[]): string[] => left.map((path) => canonicalPath(path, recording.trace.variation.names));
  const isUsual = ({ state }: Verdict): boolean => state.how === 'ended' || state.at.op === 0 || state.at.op === recording.trace.ops.length;
  const usual = new Set(verdicts.filter(isUsual).flatMap(({ left }) => names(left)));
  const litter = new Set(verdicts.flatMap(({ left }) => names(left)).filter((name) => !usual.has(name)));
  return [...litter].sort().map((name) => `litter: after some crashes ${name} stays behind, even after the next save`);
}
