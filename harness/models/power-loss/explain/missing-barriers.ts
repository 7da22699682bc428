/**
 * The mend: the fewest fsyncs that, put into the trace, leave no state that fails.
 *
 * Method: every failing state is a loss that some barrier must rule out. The fewest candidates that together rule out all of
 * them are looked for, put into the trace, and the trace is explored again. A state that fails all the same becomes one more to
 * rule out, and the search goes on. Only what came out of an exploration with no failing state is told as a mend.
 *
 * Where a state fails that no candidate rules out, nothing of this kind helps, and that state is the proof.
 */

import type { FileRef, Op, Trace } from '../../../domain/trace.ts';
import type { MicroOpHistory } from '../../../persistence/actions.ts';
import type { EditedTrace } from '../../../persistence/barriers.ts';
import { powerLossStates } from '../../../persistence/power-loss.ts';
import type { PowerLossState } from '../../../persistence/state.ts';
import {
  type Candidate,
  candidatesFor,
  distanceOf,
  MicroOpIds,
  makesNoDifference,
  ruledOut,
  targetsOf,
  type Witness,
} from './candidates.ts';
import { type Row, smallestCover } from './cover.ts';
import { acknowledgedAt, type LossQuestion, marksAt } from './question.ts';
import { type SmallestLoss, simpler } from './smallest-loss.ts';
import { type PlacedBarrier, withBarriers } from './trace-edits.ts';
import type { SearchResult, VerdictCache } from './verdict-cache.ts';

/** A mend of more barriers than this is no hint any more. */
const MAX_BARRIERS = 8;
/** Sets of barriers that are explored before the search gives up. */
const MAX_TRIES = 24;
/** States that may be looked at to find out how far a barrier can be moved. */
const STATES_FOR_RANGES = 40_000;

/** Where the same barrier does as well: after op `first` at the earliest, after op `last` at the latest. Numbers of ops. */
export interface MissingBarrier {
  readonly file: FileRef;
  readonly target: 'file' | 'directory';
  /** The most natural place among them. */
  readonly after: number;
  readonly first: number;
  readonly last: number;
}

export type Mend =
  | { readonly kind: 'nothing-to-mend' }
  | {
      readonly kind: 'mended';
      readonly barriers: readonly MissingBarrier[];
      /** `proven`: no fewer barriers do. */
      readonly fewest: 'proven' | 'greedy';
      /** Of the exploration with the barriers, in which nothing failed. */
      readonly coverage: 'exhaustive' | 'sampled';
    }
  | {
      readonly kind: 'unmendable';
      /** `crash-alone`: nothing is lost in it. `cut-short`: only of the last op, which no barrier can come before and after. */
      readonly because: 'crash-alone' | 'cut-short' | 'no-place';
      /** It fails whatever barriers there are. */
      readonly remaining: PowerLossState;
    }
  /** `too-many`: more barriers than MAX_BARRIERS. `not-found`: the search gave up, or met more new trees than it may judge. */
  | { readonly kind: 'undecided'; readonly because: 'too-many' | 'not-found' };

/** `failing`: all states of the cell that fail. `smallest`: the loss that the mend is told for. */
export async function missingBarriers(
  question: LossQuestion,
  failing: readonly PowerLossState[],
  smallest: SmallestLoss,
  verdicts: VerdictCache,
): Promise<Mend> {
  if (failing.length === 0) return { kind: 'nothing-to-mend' };
  if (smallest.kind === 'crash-alone') return { kind: 'unmendable', because: 'crash-alone', remaining: smallest.state };
  return new MendSearch(question, failing, smallest, verdicts).run();
}

/** Explores a trace with barriers: a mend is one after which this finds nothing. */
export async function verifyMend(
  question: LossQuestion,
  barriers: readonly PlacedBarrier[],
  verdicts: VerdictCache,
): Promise<SearchResult> {
  const search = await verdicts.search(withBarriers(question.trace, barriers).trace);
  // Of a cell that is known by a sample, a mend cannot be known by more; where every state could be told, it must be.
  if (search.kind !== 'undecided' || verdicts.coverage === 'exhaustive') return search;
  return { kind: 'none', coverage: 'sampled', states: search.states };
}

interface StateWitness extends Witness {
  /** As told: of the cell, or of the cell with some barriers. */
  readonly state: PowerLossState;
}

class MendSearch {
  readonly #question: LossQuestion;
  readonly #failing: readonly PowerLossState[];
  readonly #smallest: SmallestLoss;
  readonly #verdicts: VerdictCache;
  readonly #history: MicroOpHistory;
  readonly #ids: MicroOpIds;
  #witnesses: readonly StateWitness[];
  /** The most natural first. */
  #candidates: readonly Candidate[] = [];
  /** Sets of barriers that were explored, and leave something that fails or cannot be judged. */
  readonly #tried = new Set<string>();
  #allJudged = true;
  #statesForRanges = STATES_FOR_RANGES;

  constructor(question: LossQuestion, failing: readonly PowerLossState[], smallest: SmallestLoss, verdicts: VerdictCache) {
    const { trace, profile, options } = question;
    this.#question = question;
    this.#failing = failing;
    this.#smallest = smallest;
    this.#verdicts = verdicts;
    this.#history = powerLossStates(trace, profile, options).history;
    this.#ids = new MicroOpIds(this.#history);
    this.#witnesses = minimalWitnesses([smallest.state, ...failing].map((state) => this.#witness(state)));
  }

  async run(): Promise<Mend> {
    await this.#judgeBeforeAcknowledgements();
    this.#findCandidates();
    while (this.#tried.size < MAX_TRIES) {
      const { rows, columns } = this.#matrix();
      const barriers = rows.map(([candidate]) => candidate);
      const cover = smallestCover(
        rows.map(([, row]) => row),
        columns.length,
        MAX_BARRIERS,
        (chosen) => this.#tried.has(keyOf(pick(barriers, chosen))),
      );
      if (cover.kind === 'none') return { kind: 'undecided', because: cover.because === 'too-large' ? 'too-many' : 'not-found' };
      if (cover.kind === 'uncovered') return this.#unmendable(columns.filter((_, column) => !rows.some(([, row]) => row[column] === 1)));
      const mend = pick(barriers, cover.chosen);
      const search = await verifyMend(this.#question, mend, this.#verdicts);
      if (search.kind === 'none') {
        const fewest = this.#allJudged ? cover.smallest : 'greedy';
        return { kind: 'mended', barriers: await this.#ranges(mend), fewest, coverage: search.coverage };
      }
      this.#tried.add(keyOf(mend));
      if (search.kind === 'undecided') this.#allJudged = false;
      else this.#addWitness(search.state, withBarriers(this.#question.trace, mend));
    }
    return { kind: 'undecided', because: 'not-found' };
  }

  /** For each candidate what it rules out, of candidates and witnesses that differ in it. */
  #matrix(): { readonly rows: readonly (readonly [Candidate, Row])[]; readonly columns: readonly StateWitness[] } {
    const all = this.#candidates.map((candidate) => ruledOut(candidate, this.#witnesses));
    const columns = new Map<string, number>();
    for (const at of this.#witnesses.keys()) {
      const column = all.map((row) => row[at]).join('');
      if (!columns.has(column)) columns.set(column, at);
    }
    const kept = [...columns.values()];
    const rows = new Map<string, readonly [Candidate, Row]>();
    for (const [index, candidate] of this.#candidates.entries()) {
      const row = Uint8Array.from(kept, (at) => all[index]?.[at] ?? 0);
      if (!rows.has(row.join(''))) rows.set(row.join(''), [candidate, row]);
    }
    return { rows: [...rows.values()], columns: kept.flatMap((at) => this.#witnesses[at] ?? []) };
  }

  /** `edited`: the trace that it is a state of, if that has some barriers more. */
  #witness(state: PowerLossState, edited?: EditedTrace): StateWitness {
    const { trace } = this.#question;
    const oldIndex = (index: number): number | undefined => (edited === undefined ? index : edited.oldIndex[index]);
    const lost = state.lost.flatMap(({ op, part }) => {
      const index = oldIndex(op.index);
      return index === undefined ? [] : [this.#ids.of(index, part)];
    });
    let last = state.boundary;
    while (oldIndex(last) === undefined) last -= 1;
    const boundary = oldIndex(last) ?? 0;
    // Where a step was acknowledged, a barrier at that very place comes before it, and before the states that follow it.
    const isAcknowledged = acknowledgedAt(edited?.trace ?? trace, state.boundary) === acknowledgedAt(trace, boundary);
    return { state, until: isMarked(trace, boundary) && isAcknowledged ? boundary + 1 : boundary, lost };
  }

  /** What fails after an acknowledgement may fail just before it: then a barrier between the two is too late. */
  async #judgeBeforeAcknowledgements(): Promise<void> {
    const { trace } = this.#question;
    const late = this.#witnesses.filter(({ state, until }) => until > state.boundary);
    const fails = await this.#verdicts.fails(
      late.map(({ state }) => ({ state, acknowledged: acknowledgedAt(trace, state.boundary) - marksAt(trace, state.boundary) })),
    );
    const early = new Set(late.filter((_, at) => fails[at]));
    this.#witnesses = minimalWitnesses(
      this.#witnesses.map((witness) => (early.has(witness) ? { ...witness, until: witness.until - 1 } : witness)),
    );
  }

  /** A state that fails in spite of some barriers. */
  #addWitness(state: PowerLossState, edited: EditedTrace): void {
    this.#witnesses = [...this.#witnesses, this.#witness(state, edited)];
    this.#findCandidates();
  }

  #findCandidates(): void {
    const { trace, profile } = this.#question;
    const targets = targetsOf(this.#witnesses.flatMap(({ state }) => state.lost));
    const missing = targets.filter(
      ({ inode, kind }) => !this.#candidates.some(({ target }) => target.inode === inode && target.kind === kind),
    );
    const ranked = [...this.#candidates, ...candidatesFor(trace, this.#history, profile, missing)].map(
      (candidate): readonly [Candidate, readonly number[]] => [candidate, this.#rankOf(candidate)],
    );
    this.#candidates = ranked.sort(([, one], [, other]) => compare(one, other)).map(([candidate]) => candidate);
  }

  /** A barrier is natural if it forces what it is asked for: the data of its file, or the names in its directory. */
  #rankOf(candidate: Candidate): readonly number[] {
    const { target, forces, after } = candidate;
    const isOwn = ({ op, part, inode, effect }: PowerLossState['lost'][number]): boolean =>
      forces[this.#ids.of(op.index, part)] === 1 &&
      (target.kind === 'file'
        ? effect.kind !== 'names' && inode === target.inode
        : effect.kind === 'names' && effect.changes.some(({ directory }) => directory === target.inode));
    const helped = this.#ruledOutBy(candidate).filter(({ state }) => state.lost.some(isOwn));
    const rulesOutSmallest = helped.some(({ state }) => state === this.#smallest.state);
    const natural = rulesOutSmallest ? 0 : helped.length > 0 ? 1 : 2;
    const { landed } = this.#smallest;
    return [natural, distanceOf(candidate, this.#history, rulesOutSmallest ? landed : { kind: 'start' }), after, target.inode];
  }

  #ruledOutBy(candidate: Candidate): readonly StateWitness[] {
    const row = ruledOut(candidate, this.#witnesses);
    return this.#witnesses.filter((_, at) => row[at] === 1);
  }

  #unmendable(uncovered: readonly StateWitness[]): Mend {
    const states = uncovered.flatMap(({ state }) => (this.#failing.includes(state) || state === this.#smallest.state ? [state] : []));
    const [first] = states;
    if (first === undefined) return { kind: 'undecided', because: 'not-found' };
    const remaining = states.reduce(simpler, first);
    if (remaining.lost.length === 0) return { kind: 'unmendable', because: 'crash-alone', remaining };
    const cutShort = remaining.lost.every(({ op }) => op.index === remaining.boundary);
    return { kind: 'unmendable', because: cutShort ? 'cut-short' : 'no-place', remaining };
  }

  async #ranges(mend: readonly Candidate[]): Promise<readonly MissingBarrier[]> {
    const barriers: MissingBarrier[] = [];
    for (const barrier of mend) {
      const { file, target, after } = barrier;
      const first = await this.#moved(mend, barrier, -1);
      const last = await this.#moved(mend, barrier, 1);
      barriers.push({ file, target: target.kind, after, first, last });
    }
    return barriers.sort((one, other) => one.after - other.after);
  }

  /** How far one barrier of a mend can be moved, the others staying where they are. */
  async #moved(mend: readonly Candidate[], barrier: Candidate, by: 1 | -1): Promise<number> {
    const { trace } = this.#question;
    const others = mend.filter((other) => other !== barrier);
    let at = barrier.after;
    for (;;) {
      const next = this.#candidates.find(({ target, after }) => target === barrier.target && after === at + by);
      if (next === undefined || next.file.path !== barrier.file.path) return at;
      const between: Op | undefined = trace.ops[Math.max(at, at + by) - 1];
      if (between === undefined) return at;
      if (!makesNoDifference(between, trace, this.#history) && !(await this.#worksToo([...others, next]))) return at;
      at += by;
    }
  }

  async #worksToo(mend: readonly Candidate[]): Promise<boolean> {
    const rows = mend.map((candidate) => ruledOut(candidate, this.#witnesses));
    if (this.#witnesses.some((_, at) => !rows.some((row) => row[at] === 1)) || this.#statesForRanges <= 0) return false;
    const search = await verifyMend(this.#question, mend, this.#verdicts);
    this.#statesForRanges -= search.states;
    return search.kind === 'none';
  }
}

const isMarked = (trace: Trace, boundary: number): boolean => marksAt(trace, boundary) > 0;

/** Whoever rules out a loss rules out those that lose the same and more, later: only the least are kept. */
function minimalWitnesses(witnesses: readonly StateWitness[]): readonly StateWitness[] {
  const minimal: StateWitness[] = [];
  const sorted = [...witnesses].sort((one, other) => one.lost.length - other.lost.length || one.until - other.until);
  for (const witness of sorted) {
    const lost = new Set(witness.lost);
    const implied = minimal.some((other) => other.until <= witness.until && other.lost.every((id) => lost.has(id)));
    if (!implied) minimal.push(witness);
  }
  return minimal;
}

const pick = (candidates: readonly Candidate[], chosen: readonly number[]): readonly Candidate[] =>
  chosen.flatMap((index) => candidates[index] ?? []);
const keyOf = (barriers: readonly Candidate[]): string =>
  barriers
    .map(({ after, target }) => `${after} ${target.kind} ${target.inode}`)
    .sort()
    .join(', ');

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}
