/**
 * Power loss: every tree that a persistence profile allows at every boundary of a trace.
 *
 *   trace ─▶ actions.ts  each op as micro-ops on inodes, the same for all profiles
 *         ─▶ pieces.ts   which of them a profile keeps or loses together, what each requires, and what an fsync forces
 *         ─▶ file-versions.ts, name-versions.ts   every version of one file, every set of names, at one boundary
 *         ─▶ frontier.ts   their products: the states, each enumerated once; or, if there are too many, sampler.ts
 *
 * Allows   what the profile allows (`profiles/`); data that was not forced may be missing, reordered and torn at pages or sectors.
 * Forbids  what the profile forbids; nothing is skipped silently: `coverage` says whether all states were enumerated, and how many.
 * Real     as far as the profile is; hard links made before the first op are not recognised as links.
 *
 * A tree is yielded once per set of acknowledged steps: at the first boundary where a power cut can leave it.
 */
import { NoSuchCase } from '../domain/errors.ts';
import type { Trace, Tree } from '../domain/trace.ts';
import { Frontier, TooMany } from './frontier.ts';
import { HashSet } from './hash-set.ts';
import type { Action, Unit } from './micro-op.ts';
import { historyOf, type MicroOpHistory } from './micro-op-history.ts';
import { lostWith, type Piece } from './piece.ts';
import { Pieces } from './pieces.ts';
import type { Profile } from './profile.ts';
import { Sampler } from './sampler.ts';
import type { PowerLossState } from './state.ts';
import { detailOf, parseDetail } from './state-id.ts';

/** Up to this many distinct states, all are enumerated. If there are more, about this many are sampled. */
export const STATE_LIMIT = 50_000;
/** The least number of states to sample per boundary. */
const MIN_PER_BOUNDARY = 8;
/** Up to this many states are kept where they were enumerated to count them: a cell has fewer, and millions would fill the memory. */
const MOST_KEPT = 10_000;
/** The enumeration gives up after this many combinations per allowed distinct state. */
const REPEATS = 20;

export interface PowerLossOptions {
  /** Distinct states up to which the exploration is exhaustive. Default: STATE_LIMIT. */
  readonly limit?: number;
  /** For sampling beyond the limit. Default: 1. */
  readonly seed?: number;
  /** Bytes that are written atomically: a page (the default) or, when tearing, a sector. */
  readonly unit?: Unit;
}

/** What was enumerated so far; complete once the iteration ends. */
export interface Coverage {
  readonly kind: 'exhaustive' | 'sampled';
  /** Combinations enumerated. */
  readonly states: number;
  /** Different trees, counted separately after each acknowledgement. */
  readonly distinct: number;
  readonly boundaries: number;
  readonly limit: number;
}

/** A boundary with the op before it, and whether a step was acknowledged there. */
interface Boundary {
  readonly action: Action | undefined;
  readonly promiseIsNew: boolean;
}

/** The states of a trace, in boundary order, enumerated lazily. */
export class PowerLossStates implements Iterable<PowerLossState> {
  readonly history: MicroOpHistory;
  readonly #trace: Trace;
  readonly #profile: Profile;
  readonly #options: Required<PowerLossOptions>;
  #coverage: Coverage | undefined;

  constructor(trace: Trace, profile: Profile, { limit = STATE_LIMIT, seed = 1, unit = 4096 }: PowerLossOptions) {
    this.history = historyOf(trace, unit);
    this.#trace = trace;
    this.#profile = profile;
    this.#options = { limit, seed, unit };
  }

  /** Of the current or last iteration; before the first one, the states are counted for it. */
  get coverage(): Coverage {
    this.#coverage ??= this.#count().coverage;
    return this.#coverage;
  }

  *[Symbol.iterator](): Generator<PowerLossState> {
    const { coverage, first } = this.#count();
    this.#coverage = coverage;
    if (coverage.kind === 'sampled') yield* this.#sampled();
    else if (first.length === coverage.distinct) yield* first;
    else yield* this.#exhaustive();
  }

  /** Counts the states, until it is clear whether there are too many. `first`: those that are worth keeping. */
  #count(): { readonly coverage: Coverage; readonly first: readonly PowerLossState[] } {
    const states = this.#exhaustive();
    const first: PowerLossState[] = [];
    try {
      for (let distinct = 0; distinct <= this.#options.limit; distinct += 1) {
        const next = states.next();
        if (next.done) return { coverage: next.value, first };
        if (distinct < MOST_KEPT) first.push(next.value);
      }
    } catch (error) {
      if (!(error instanceof TooMany)) throw error;
    }
    return { coverage: this.#covered('sampled', 0, 0), first: [] };
  }

  *#exhaustive(): Generator<PowerLossState, Coverage> {
    const { limit } = this.#options;
    const seen = new HashSet();
    const frontier = new Frontier(this.history, this.#profile, seen, { versions: limit, combinations: limit * REPEATS });
    let distinct = 0;
    for (const { action, promiseIsNew } of this.#boundaries()) {
      if (promiseIsNew) {
        seen.clear();
        if (action !== undefined) frontier.pass(action);
      }
      const states = promiseIsNew || action === undefined ? frontier.allStates(action) : frontier.states(action);
      for (const state of states) {
        distinct += 1;
        yield state;
      }
    }
    return this.#covered('exhaustive', frontier.enumerated, distinct);
  }

  *#sampled(): Generator<PowerLossState> {
    const { limit, seed } = this.#options;
    const seen = new HashSet();
    const sampler = new Sampler(this.history, this.#profile, seen, seed);
    const boundaries = this.#boundaries();
    const { fsyncFile, fsyncDirectory } = this.#profile;
    const forcesAhead = fsyncFile === 'file-and-names' || fsyncDirectory === 'entries-and-path';
    const addsStates = ({ action, promiseIsNew }: Boundary): boolean =>
      promiseIsNew || (action?.microOps.length ?? 0) > 0 || (forcesAhead && (action?.events ?? []).some(({ kind }) => kind === 'fsync'));
    const share = Math.max(MIN_PER_BOUNDARY, Math.floor(limit / boundaries.filter(addsStates).length));
    let distinct = 0;
    for (const boundary of boundaries) {
      const { action, promiseIsNew } = boundary;
      if (action !== undefined) sampler.pass(action);
      if (promiseIsNew) seen.clear();
      if (!addsStates(boundary)) continue;
      for (const state of sampler.states(action?.op.index ?? 0, share, promiseIsNew ? undefined : action?.op)) {
        distinct += 1;
        this.#coverage = this.#covered('sampled', sampler.enumerated, distinct);
        yield state;
      }
    }
  }

  #covered(kind: Coverage['kind'], states: number, distinct: number): Coverage {
    return { kind, states, distinct, boundaries: this.history.actions.length + 1, limit: this.#options.limit };
  }

  #boundaries(): readonly Boundary[] {
    const marks = new Set(this.#trace.marks.map(({ afterOp }) => afterOp));
    return [undefined, ...this.history.actions].map((action) => {
      const boundary = action?.op.index ?? 0;
      return { action, promiseIsNew: boundary === 0 || marks.has(boundary) };
    });
  }
}

/** Every distinct tree that the profile allows. Throws NotReplayable where the model cannot follow the trace. */
export function powerLossStates(trace: Trace, profile: Profile, options: PowerLossOptions = {}): PowerLossStates {
  return new PowerLossStates(trace, profile, options);
}

/** Every distinct tree that the profile allows at one boundary, including those possible at earlier ones. Samples beyond the limit. */
export function* statesAt(trace: Trace, profile: Profile, boundary: number, options: PowerLossOptions = {}): Generator<PowerLossState> {
  const { limit = STATE_LIMIT, seed = 1, unit = 4096 } = options;
  const history = historyOf(trace, unit);
  const actions = history.actions.slice(0, boundary);
  try {
    const frontier = new Frontier(history, profile, new HashSet(), { versions: limit, combinations: limit * REPEATS });
    for (const action of actions) frontier.pass(action);
    const states: PowerLossState[] = [];
    for (const state of frontier.allStates(actions.at(-1))) if (states.push(state) > limit) throw new TooMany();
    yield* states;
    return;
  } catch (error) {
    if (!(error instanceof TooMany)) throw error;
  }
  const sampler = new Sampler(history, profile, new HashSet(), seed);
  for (const action of actions) sampler.pass(action);
  yield* sampler.states(boundary, limit);
}

/**
 * The tree of a state, by its boundary and the detail in its case id. Throws NoSuchCase. `options` are those of the exploration;
 * only a detail with a tree hash depends on them.
 */
export function rebuild(trace: Trace, profile: Profile, boundary: number, detail: string, options: PowerLossOptions = {}): Tree {
  const id = parseDetail(detail);
  if (id === undefined) throw new NoSuchCase(`"${detail}" is not a list of lost ops such as "lost=7.2+9"`);
  if (!Number.isInteger(boundary) || boundary < 0 || boundary > trace.ops.length)
    throw new NoSuchCase(`there is no boundary ${boundary}: the trace has ${trace.ops.length} ops`);
  if (id.kind === 'tree') {
    for (const state of powerLossStates(trace, profile, options)) {
      if (state.boundary === boundary && state.hash === id.hash) return state.toTree();
      if (state.boundary > boundary) break;
    }
    throw new NoSuchCase(`${profile.name} leaves no tree ${id.hash} at boundary ${boundary}`);
  }
  const history = historyOf(trace, id.unit);
  const pieces = new Pieces(history.start, profile);
  for (const action of history.actions.slice(0, boundary)) for (const _ of pieces.carryOut(action));
  const wanted = new Set<string>();
  for (const { op, part } of id.parts) {
    const parts = history.actions[op - 1]?.microOps.map((microOp) => microOp.part) ?? [];
    if (op > boundary || (part === 'all' ? parts.length === 0 : !parts.includes(part)))
      throw new NoSuchCase(`op ${op}${part === 'all' ? '' : `.${part}`} has nothing to lose at boundary ${boundary}`);
    for (const number of part === 'all' ? parts : [part]) wanted.add(`${op}.${number}`);
  }
  const lost = new Set<Piece>();
  for (const piece of pieces.all) {
    if (piece.forced || !piece.microOps.some(({ op, part }) => wanted.delete(`${op.index}.${part}`))) continue;
    for (const { op, part } of piece.microOps) wanted.delete(`${op.index}.${part}`);
    lost.add(piece);
  }
  const [durable] = wanted;
  if (durable !== undefined) throw new NoSuchCase(`${profile.name} cannot lose op ${durable} at boundary ${boundary}: it is on disk`);
  const closed = lostWith(pieces.all, lost);
  const implied = [...closed].find((piece) => !lost.has(piece) && piece.microOps.length > 0)?.microOps[0];
  if (implied !== undefined)
    throw new NoSuchCase(`${profile.name} cannot lose "${detail}" at boundary ${boundary} and keep op ${implied.op.index}.${implied.part}`);
  const forgone = [...closed].flatMap(({ microOps }) => microOps).sort((a, b) => a.op.index - b.op.index || a.part - b.part);
  const written = detailOf(forgone, history.actions, id.unit, () => '');
  if (written !== detail)
    throw new NoSuchCase(`"${detail}" is written ${written === 'tree=' ? 'as the hash of its tree' : `"${written}"`}`);
  return pieces.diskWithout(closed).toTree();
}
