/**
 * Random histories under one model: each is carried out, every crash state of it is judged, and what fails is shrunk to a few steps.
 *
 * Allows   at every boundary of every process what the model allows; dying processes leave what they wrote, and what they had not
 *          forced to disk can be lost when the power goes later on.
 * Forbids  nothing beyond the model. Kills are observed and not carried out; a loss is confirmed by a process that has done nothing else.
 * Sampled  always: the cell says how many histories there were, and which seed draws them again.
 */
import type { Bench, CrashCell, Findings } from '../check.ts';
import { isViolation } from '../domain/grade.ts';
import { heldTo } from '../domain/models.ts';
import { OUTCOME_NAMES, type Outcome } from '../domain/outcomes.ts';
import type { Claim } from '../domain/store.ts';
import type { Trace } from '../domain/trace.ts';
import { treeKey } from '../domain/tree.ts';
import { counted } from '../domain/words.ts';
import type { KillState, LossState } from '../explore/crash-state.ts';
import { type Explored, exploreTrace, type NamedState } from '../explore/explore.ts';
import type { Found, Oracle, Verdict } from '../judge/oracle.ts';
import { gradeOf } from '../judge/outcome.ts';
import { judgeTrees } from '../judge/states.ts';
import { NotReplayable } from '../persistence/actions.ts';
import { type Coverage, NoSuchState } from '../persistence/power-loss.ts';
import type { NotRecorded } from '../record/record.ts';
import type { Course } from './course.ts';
import { drawHistories, HISTORIES_PER_CELL } from './draw.ts';
import { encodeHistory, type History, parseHistoryDetail } from './history.ts';
import { historyStates } from './history-states.ts';
import { oracleOfCourse } from './oracle.ts';
import { shrink } from './shrink.ts';

export type HistoryCell = Exclude<CrashCell, { model: 'power-cut' }>;

/** A history that fails, and how: as few steps as it takes, and the state that shows it. */
export interface HistoryFailure {
  readonly course: Course;
  readonly verdict: Verdict;
}

export interface HistoryFindings {
  /** Histories. */
  readonly tried: number;
  /** Processes of all histories. */
  readonly processes: number;
  readonly points: number;
  readonly states: number;
  /** Different trees, counted anew in each history. */
  readonly distinct: number;
  readonly violations: number;
  readonly outcomes: { readonly [outcome in Outcome]?: number };
  readonly coverage?: Coverage;
  /** One for each outcome that breaks the claim. */
  readonly failures: readonly HistoryFailure[];
  /** Why some histories could not be judged to their end, in words. */
  readonly doubts: readonly string[];
  readonly notes: readonly string[];
}

/** Histories that are carried out side by side: one traced child keeps a core busy half of its time. */
const AT_ONCE = 4;
/** Histories whose states are judged together. */
const PER_BATCH = 24;
/** Histories that are tried to shrink one that fails. */
const SHRINK_LIMIT = 250;

export async function checkHistories(cell: HistoryCell, bench: Bench): Promise<HistoryFindings | NotRecorded> {
  const { courses, seed, histories: count = HISTORIES_PER_CELL } = bench;
  const variation = await courses.variation();
  if ('reason' in variation) return variation;
  const histories = drawHistories(count, seed, cell.store.hasUpdate);
  const tally = new Tally(cell);
  for (let at = 0; at < histories.length; at += PER_BATCH) {
    const explored = await exploredCourses(cell, bench, histories.slice(at, at + PER_BATCH));
    const points = explored.reduce((sum, one) => sum + one.points, 0);
    bench.onProgress({ kind: 'cell-recorded', points, states: explored.reduce((sum, { states }) => sum + states.length, 0) });
    tally.add(
      explored,
      await judgeTrees(
        cell,
        bench,
        oracleOfAll(cell, bench, explored),
        explored.flatMap(({ states }) => states),
      ),
    );
  }
  const search = new Search(cell, bench);
  const failures = await search.smallestOf([...tally.failures.values()]);
  const doubts = await search.doubtsOf(tally.troubled);
  const notes = [`histories: ${counted(histories.length, 'history', 'histories')}, drawn with seed ${seed}`, ...search.notes];
  return { ...tally.counts(), tried: histories.length, failures, doubts, notes };
}

/**
 * One state of the history that a case id names, as `check` finds one of a scenario. No verdict: the history has no such state. Throws
 * NoSuchState where it names no history, or what cannot be lost there.
 */
export async function checkNamedHistory(
  cell: HistoryCell,
  bench: Bench,
  named: NamedState,
): Promise<{ readonly course: Course; readonly found: Findings } | NotRecorded> {
  const detail = parseHistoryDetail(named.detail);
  if (detail === undefined) throw new NoSuchState('it names no history, as in @5~history=s1.u2.c3.l');
  const course = await bench.courses.of(detail.history);
  const torn = /^torn=(\d+)$/.exec(detail.rest)?.[1];
  const state: NamedState =
    torn === undefined ? { ...named, detail: detail.rest } : { at: { op: named.at.op, bytes: Number(torn) }, detail: '' };
  if (course.trouble !== undefined && state.at.op > course.trace.ops.length) return { reason: course.trouble };
  const { states, points } = exploreCourse(cell, bench, course, state);
  const verdicts = await judgeTrees(cell, bench, oracleOfCourse(cell, bench, course), states);
  const recording = { trace: course.trace, order: [], pid: 0, endDirectory: '' };
  return { course, found: { recording, points, verdicts, doubts: [], recoveries: { crashed: 0, of: 0 }, notes: [] } };
}

interface ExploredCourse extends Pick<Explored<KillState | LossState>, 'states' | 'points' | 'coverage'> {
  readonly course: Course;
  readonly trouble?: string | undefined;
}

/** Courses that were worked out with a warm process that remembers another directory are worked out anew, with fresh ones. */
async function exploredCourses(cell: HistoryCell, bench: Bench, histories: readonly History[]): Promise<ExploredCourse[]> {
  const all = (): Promise<Course[]> => inLanes(histories, AT_ONCE, (history) => bench.courses.of(history));
  let courses = await all();
  if (!(await bench.recovery.warmIsTrue())) {
    bench.courses.forget();
    courses = await all();
  }
  return courses.map((course) => exploredCourse(cell, bench, course));
}

function exploredCourse(cell: HistoryCell, bench: Bench, course: Course): ExploredCourse {
  const [unmeasured] = course.trace.unmeasured;
  try {
    return { course, ...exploreCourse(cell, bench, course), trouble: course.trouble ?? unmeasured };
  } catch (error) {
    if (!(error instanceof NotReplayable)) throw error;
    const trouble = unmeasured ?? `power loss cannot be worked out from this trace: ${error.message}`;
    return { course, states: [], points: 0, trouble };
  }
}

/** All states, or the one that is named. Throws NotReplayable and NoSuchState (power loss). */
function exploreCourse(cell: HistoryCell, { limit, seed }: Bench, course: Course, named?: NamedState): Explored<KillState | LossState> {
  const trace = withoutLoads(course);
  if (named !== undefined) return exploreTrace(cell, trace, { limit, seed, wholePages: true }, named);
  const ends = course.calls.filter(({ kind, resolved }) => kind === 'save' && resolved).map(({ until }) => until);
  return historyStates(cell, trace, ends, { limit, seed });
}

/** A tree need not be told anew after a load: after a kill it is the one that was loaded, and nothing is promised that the power could take. */
function withoutLoads({ trace, calls }: Course): Trace {
  const settled = calls.filter(({ resolved }) => resolved); // in the order of the marks
  return { ...trace, marks: trace.marks.filter((_, at) => settled[at]?.kind === 'save') };
}

function oracleOfAll(cell: HistoryCell, bench: Bench, explored: readonly ExploredCourse[]): Oracle {
  const oracles = new Map<Verdict['state'], Oracle>();
  for (const { course, states } of explored) {
    const oracle = oracleOfCourse(cell, bench, course);
    for (const state of states) oracles.set(state, oracle);
  }
  return {
    next: cell.scenario.next,
    judge: (state, found) => {
      const oracle = oracles.get(state);
      if (oracle === undefined) throw new Error('a state has the oracle of its history');
      return oracle.judge(state, found);
    },
  };
}

/** The steps of a history up to the one that was under way after `op` ops. */
function stepsUpTo({ history, calls }: Course, op: number): History {
  const last = calls.findLast(({ from, until }) => from < op || until <= op);
  return history.slice(0, (last?.step ?? 0) + 1);
}

const stepsOf = ({ course, verdict }: HistoryFailure): History => stepsUpTo(course, verdict.state.at.op);
const byLength = (one: HistoryFailure, other: HistoryFailure): number => stepsOf(one).length - stepsOf(other).length;
const claimOf = (cell: HistoryCell): Claim => heldTo(cell.store.claims, cell, cell.strict).claim;

/** What was found in all histories, without keeping them. */
class Tally {
  readonly failures = new Map<Outcome, HistoryFailure>();
  readonly troubled: History[] = [];
  readonly #cell: HistoryCell;
  readonly #outcomes: { [outcome in Outcome]?: number } = {};
  #processes = 0;
  #points = 0;
  #states = 0;
  #distinct = 0;
  #violations = 0;
  #coverage: Coverage | undefined;

  constructor(cell: HistoryCell) {
    this.#cell = cell;
  }

  /** `verdicts` of all states, in their order. */
  add(explored: readonly ExploredCourse[], verdicts: readonly Verdict[]): void {
    let at = 0;
    for (const { course, states, points, coverage, trouble } of explored) {
      this.#processes += course.processes.length;
      this.#points += points;
      this.#states += states.length;
      this.#distinct += new Set(states.map(({ tree }) => treeKey(tree))).size;
      if (coverage !== undefined) this.#coverage = both(this.#coverage, coverage.pages);
      if (trouble !== undefined) this.troubled.push(course.history);
      for (const verdict of verdicts.slice(at, at + states.length)) this.#addOne(course, verdict);
      at += states.length;
    }
  }

  counts(): Omit<HistoryFindings, 'tried' | 'failures' | 'doubts' | 'notes'> {
    const coverage = this.#coverage;
    return {
      processes: this.#processes,
      points: this.#points,
      states: this.#states,
      distinct: this.#distinct,
      violations: this.#violations,
      outcomes: this.#outcomes,
      ...(coverage && { coverage }),
    };
  }

  #addOne(course: Course, verdict: Verdict): void {
    const { outcome } = verdict;
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
    if (!isViolation(gradeOf(outcome, this.#cell.model), claimOf(this.#cell))) return;
    this.#violations += 1;
    const known = this.failures.get(outcome);
    const failure = { course, verdict };
    if (known === undefined || byLength(failure, known) < 0) this.failures.set(outcome, failure);
  }
}

function both(one: Coverage | undefined, other: Coverage): Coverage {
  if (one === undefined) return other;
  return {
    kind: one.kind === 'sampled' ? 'sampled' : other.kind,
    states: one.states + other.states,
    distinct: one.distinct + other.distinct,
    boundaries: one.boundaries + other.boundaries,
    limit: other.limit,
  };
}

/** What is wrong with a history: each outcome with the steps that it takes, and the trouble that it met. */
interface Wrong {
  readonly failures: ReadonlyMap<Outcome, HistoryFailure>;
  readonly trouble: string | undefined;
  readonly history: History;
}

/** Looks for the smallest histories that fail. What it has tried for one outcome it knows for the others. */
class Search {
  readonly notes: string[] = [];
  readonly #cell: HistoryCell;
  readonly #bench: Bench;
  readonly #known = new Map<string, Promise<Wrong>>();

  constructor(cell: HistoryCell, bench: Bench) {
    this.#cell = cell;
    this.#bench = bench;
  }

  /**
   * Each fails with the same outcome in as few steps as that takes; those with the fewest first. Where fewer still break the claim in another
   * way, that comes before them.
   */
  async smallestOf(failures: readonly HistoryFailure[]): Promise<HistoryFailure[]> {
    const smallest = await Promise.all(failures.map((failure) => this.#smallest(failure, [failure.verdict.outcome])));
    const [first] = smallest.sort(byLength);
    if (first === undefined) return [];
    const any = await this.#smallest(
      first,
      OUTCOME_NAMES.filter((outcome) => this.#breaksClaim(outcome)),
    );
    return smallest.some(({ verdict }) => verdict.outcome === any.verdict.outcome) ? smallest : [any, ...smallest];
  }

  #breaksClaim(outcome: Outcome): boolean {
    return isViolation(gradeOf(outcome, this.#cell.model), claimOf(this.#cell));
  }

  /** Fails with one of these outcomes. */
  async #smallest(failure: HistoryFailure, outcomes: readonly Outcome[]): Promise<HistoryFailure> {
    const failureIn = async (history: History): Promise<HistoryFailure | undefined> => {
      const { failures } = await this.#wrongIn(history);
      return outcomes.flatMap((outcome) => failures.get(outcome) ?? []).sort(byLength)[0];
    };
    const start = stepsOf(failure);
    const history = await this.#shrunk(start, async (one) => {
      const found = await failureIn(one);
      return found && stepsOf(found);
    });
    const found = await failureIn(history);
    if (found === undefined) return failure; // it takes more steps than those up to the crash
    const oracle = oracleOfCourse(this.#cell, this.#bench, found.course);
    const [confirmed] = await judgeTrees(this.#cell, this.#bench, oracle, [found.verdict.state]);
    return confirmed?.outcome === found.verdict.outcome ? found : failure;
  }

  /** In words, what came in the way, in the smallest history in which it does. */
  async doubtsOf(troubled: readonly History[]): Promise<string[]> {
    const [first] = [...troubled].sort((one, other) => one.length - other.length);
    if (first === undefined) return [];
    const failing = async (history: History): Promise<History | undefined> => {
      const wrong = await this.#wrongIn(history);
      return wrong.trouble === undefined ? undefined : wrong.history;
    };
    const history = await this.#shrunk(first, failing);
    const { trouble } = await this.#wrongIn(history);
    return [`in history ${encodeHistory(history)}: ${trouble}; of ${counted(troubled.length, 'history', 'histories')}`];
  }

  async #shrunk(history: History, failing: (history: History) => Promise<History | undefined>): Promise<History> {
    const shrunk = await shrink(history, failing, { atOnce: AT_ONCE, limit: SHRINK_LIMIT });
    if (!shrunk.isSmallest)
      this.notes.push(`histories: ${encodeHistory(shrunk.history)} may not be the smallest; ${shrunk.tried} were tried`);
    return shrunk.history;
  }

  #wrongIn(history: History): Promise<Wrong> {
    const key = encodeHistory(history);
    const known = this.#known.get(key) ?? this.#look(history);
    this.#known.set(key, known);
    return known;
  }

  async #look(history: History): Promise<Wrong> {
    const course = await this.#bench.courses.of(history);
    const { states, trouble } = exploredCourse(this.#cell, this.#bench, course);
    const oracle = oracleOfCourse(this.#cell, this.#bench, course);
    const found = await this.#bench.recovery.recoverTrees(
      states.map(({ tree }) => tree),
      oracle.next,
    );
    const failures = new Map<Outcome, HistoryFailure>();
    for (const [at, state] of states.entries()) {
      const verdict = oracle.judge(state, found[at] as Found); // one answer for each tree
      const known = failures.get(verdict.outcome);
      if (known === undefined || isPlainer(verdict, known.verdict)) failures.set(verdict.outcome, { course, verdict });
    }
    return { failures, trouble, history: course.history };
  }
}

/** Of two states of a history with the same outcome: the one that comes earlier, by steps and then by what was lost. */
function isPlainer({ state: one }: Verdict, { state: other }: Verdict): boolean {
  const lost = (state: Verdict['state']): number => (state.how === 'power-lost' ? state.loss.lost.length : 0);
  return one.at.op === other.at.op && lost(one) < lost(other);
}

/** The results in the order of the items. */
async function inLanes<Item, Result>(items: readonly Item[], lanes: number, work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  const lane = async (): Promise<void> => {
    for (const [at, item] of waiting) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
