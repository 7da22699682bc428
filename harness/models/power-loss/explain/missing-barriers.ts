/**
 * The mend: the fewest fsyncs that, added to the trace, leave no failing state.
 *
 * Method: each failing state is a loss that some barrier must rule out. The search finds the fewest candidates that together rule out
 * all of them, adds them to the trace, and explores it again. If a state still fails, it must be ruled out too, and the search
 * continues. A mend is reported only after an exploration without a failing state.
 *
 * If no candidate rules out some failing state, no added fsync can mend the trace, and that state is the proof.
 */
import type { FileRef, Op, Trace } from '../../../domain/trace.ts';
import { acknowledgedAt } from '../../../judge/promise.ts';
import type { EditedTrace } from '../../../persistence/barriers.ts';
import type { MicroOpHistory } from '../../../persistence/micro-op-history.ts';
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
import { type LossQuestion, marksAt } from './question.ts';
import { type SmallestLoss, simpler } from './smallest-loss.ts';
import { type PlacedBarrier, withBarriers } from './trace-edits.ts';
import type { SearchResult, VerdictCache } from './verdict-cache.ts';

/** A mend of more barriers than this is no useful hint. */
const MAX_BARRIERS = 8;
/** Sets of barriers to explore before the search gives up. */
const MAX_TRIES = 24;
/** States to explore at most to find how far barriers can be moved. */
const STATES_FOR_RANGES = 40_000;

/** A barrier, and the range where it works equally well: from after op `first` to after op `last`. Op numbers. */
export interface MissingBarrier {
  readonly file: FileRef;
  readonly target: 'file' | 'directory';
  /** The most natural place in that range. */
  readonly after: number;
  readonly first: number;
  readonly last: number;
}

export type Mend =
  | { readonly kind: 'nothing-to-mend' }
  | {
      readonly kind: 'mended';
      readonly barriers: readonly MissingBarrier[];
      /** `proven`: no smaller set of barriers works. */
      readonly fewest: 'proven' | 'greedy';
      /** The coverage of the exploration with the barriers, in which nothing failed. */
      readonly coverage: 'exhaustive' | 'sampled';
    }
  | {
      readonly kind: 'unmendable';
      /** `crash-alone`: nothing is lost in it. `cut-short`: it lost only part of the last op, and no barrier fits inside an op. */
      readonly because: 'crash-alone' | 'cut-short' | 'no-place';
      /** A state that fails with any barriers. */
      readonly remaining: PowerLossState;
    }
  /** `too-many`: more barriers than MAX_BARRIERS. `not-found`: the search gave up, or found more new trees than it may judge. */
  | { readonly kind: 'undecided'; readonly because: 'too-many' | 'not-found' };

/** `failing`: all failing states of the cell. `smallest`: the loss reported with the mend. */
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

/**
 * Explores the trace with these barriers. They are a mend if this finds nothing.
 * @internal
 */
export async function verifyMend(
  question: LossQuestion,
  barriers: readonly PlacedBarrier[],
  verdicts: VerdictCache,
): Promise<SearchResult> {
  const search = await verdicts.search(withBarriers(question.trace, barriers).trace);
  // For a sampled cell, a sample is enough to verify a mend; an exhaustive cell needs an exhaustive verification.
  if (search.kind !== 'undecided' || verdicts.coverage === 'exhaustive') return search;
  return { kind: 'none', coverage: 'sampled', states: search.states };
}

interface StateWitness extends Witness {
  /** A state of the cell, or of the cell with added barriers. */
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
  /** Sorted, the most natural first. */
  #candidates: readonly Candidate[] = [];
  /** Sets of barriers after which some state still fails or was not judged. */
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

  /** Which candidate rules out which witness, without duplicate rows and columns. */
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

  /** `edited`: the trace of the state, if it is the one with added barriers. */
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
    // A barrier at the place of an acknowledgement comes before the acknowledgement, and so before the states after it.
    const isAcknowledged = acknowledgedAt(edited?.trace ?? trace, state.boundary) === acknowledgedAt(trace, boundary);
    return { state, until: isMarked(trace, boundary) && isAcknowledged ? boundary + 1 : boundary, lost };
  }

  /** A state that fails after an acknowledgement may also fail just before it: then a barrier between the two is too late. */
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

  /** Adds a state that fails in spite of these barriers. */
  #addWitness(state: PowerLossState, edited: EditedTrace): void {
    this.#witnesses = [...this.#witnesses, this.#witness(state, edited)];
    this.#findCandidates();
  }

  #findCandidates(): void {
    const { trace, profile } = this.#question;
    const targets = targetsOf(
      this.#witnesses.flatMap(({ state }) => state.lost),
      profile,
    );
    const missing = targets.filter(
      ({ inode, kind }) => !this.#candidates.some(({ target }) => target.inode === inode && target.kind === kind),
    );
    const ranked = [...this.#candidates, ...candidatesFor(trace, this.#history, profile, missing)].map(
      (candidate): readonly [Candidate, readonly number[]] => [candidate, this.#rankOf(candidate)],
    );
    this.#candidates = ranked.sort(([, a], [, b]) => compare(a, b)).map(([candidate]) => candidate);
  }

  /** Prefers barriers that help by forcing their own target: the data of the file, or the names in the directory. */
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
    return barriers.sort((a, b) => a.after - b.after);
  }

  /** How far one barrier of a mend can be moved while the others stay. */
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

/** Keeps only minimal losses: a barrier that rules out a loss also rules out later ones that lose at least as much. */
function minimalWitnesses(witnesses: readonly StateWitness[]): readonly StateWitness[] {
  const minimal: StateWitness[] = [];
  const sorted = [...witnesses].sort((a, b) => a.lost.length - b.lost.length || a.until - b.until);
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

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
