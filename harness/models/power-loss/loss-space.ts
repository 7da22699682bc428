/**
 * What a profile allows of one trace, enumerated once: judging, pictures and explanations ask this value.
 *
 * The states of whole pages come first, then those in which a write is torn at sectors and that pages alone do not give.
 */
import type { Trace } from '../../domain/trace.ts';
import { hashOfTree } from '../../persistence/disk.ts';
import { hashText } from '../../persistence/hash.ts';
import type { Unit } from '../../persistence/micro-op.ts';
import { historyOf } from '../../persistence/micro-op-history.ts';
import { type Coverage, powerLossStates, rebuild, statesAt } from '../../persistence/power-loss.ts';
import type { Profile } from '../../persistence/profile.ts';
import type { PowerLossState } from '../../persistence/state.ts';
import { parseDetail } from '../../persistence/state-id.ts';
import type { NamedState } from '../crash/crash-id.ts';
import type { LossState } from '../crash/crash-state.ts';
import type { StateOptions, StatesOfTrace } from '../crash/explore.ts';

/** How much of what a profile allows was enumerated: by whole pages, and torn at sectors. */
export interface LossCoverage {
  readonly pages: Coverage;
  readonly sectors?: Coverage;
}

/** A state, by its tree and the boundary at which it was first enumerated. */
export interface EnumeratedTree {
  readonly boundary: number;
  readonly hash: string;
}

/** Throws NotReplayable where the model cannot follow the trace. */
export class LossSpace implements StatesOfTrace<LossState> {
  readonly trace: Trace;
  readonly profile: Profile;
  readonly options: StateOptions;
  readonly states: readonly LossState[];
  readonly points: number;
  readonly coverage: LossCoverage;
  readonly #trees: { readonly [unit in Unit]: readonly EnumeratedTree[] };
  readonly #hashesAt = new Map<number, readonly string[]>();

  constructor(trace: Trace, profile: Profile, options: StateOptions) {
    const { limit, seed, wholePages = false } = options;
    const pages = powerLossStates(trace, profile, { limit, seed, unit: 4096 });
    const sectors = wholePages ? undefined : powerLossStates(trace, profile, { limit, seed, unit: 512 });
    const promises = promisesOf(trace);
    const states: LossState[] = [];
    const known = new Set<string>();
    const trees: { [unit in Unit]: EnumeratedTree[] } = { 4096: [], 512: [] };
    for (const state of pages) {
      trees[4096].push({ boundary: state.boundary, hash: state.hash });
      known.add(`${promises(state.boundary)} ${state.hash}`);
      states.push(lossState(state, 4096));
    }
    for (const state of sectors ?? []) {
      trees[512].push({ boundary: state.boundary, hash: state.hash });
      // The hash of a tree depends on the unit: by pages, it shows whether the tree was there before.
      const torn = lossState(state, 512);
      if (!known.has(`${promises(state.boundary)} ${hashText(hashOfTree(torn.tree))}`)) states.push(torn);
    }
    states.sort((one, other) => one.at.op - other.at.op);
    this.trace = trace;
    this.profile = profile;
    this.options = options;
    this.states = states;
    this.points = trace.ops.length + 1;
    this.coverage = { pages: pages.coverage, ...(sectors && { sectors: sectors.coverage }) };
    this.#trees = trees;
  }

  get isSampled(): boolean {
    return this.coverage.pages.kind === 'sampled';
  }

  /** Every tree that was enumerated with this unit, also where `states` has it from whole pages. */
  trees(unit: Unit): readonly EnumeratedTree[] {
    return this.#trees[unit];
  }

  /** Hashes of all trees of whole pages that may be left at a boundary, also those enumerated at an earlier one. */
  hashesAt(boundary: number): readonly string[] {
    const known = this.#hashesAt.get(boundary) ?? [...statesAt(this.trace, this.profile, boundary)].map(({ hash }) => hash);
    this.#hashesAt.set(boundary, known);
    return known;
  }
}

/** One state by its boundary and the rest of its case id. Throws NoSuchCase. */
export function lossStateNamed(trace: Trace, profile: Profile, { at, detail }: NamedState, options: StateOptions): LossState {
  const unit: Unit = detail.startsWith('lost512=') ? 512 : 4096;
  const tree = rebuild(trace, profile, at.op, detail, { ...options, unit });
  const { actions, start } = historyOf(trace, unit);
  const id = parseDetail(detail);
  const parts = id?.kind === 'lost' ? id.parts : [];
  const lost = parts.flatMap(({ op, part }) =>
    (actions[op - 1]?.microOps ?? []).filter((microOp) => part === 'all' || microOp.part === part),
  );
  return lossState({ boundary: at.op, detail, lost, hash: hashText(hashOfTree(tree, unit)), disk: start, toTree: () => tree }, unit);
}

export function lossState(loss: PowerLossState, unit: Unit): LossState {
  const at = { op: loss.boundary };
  return { how: 'power-lost', at, loss, unit, tree: loss.toTree(), promisedAt: loss.boundary, points: [at] };
}

/** How many steps had resolved at each boundary. A mark between two ops belongs to the boundary where it stands. */
export function promisesOf({ ops, marks }: Trace): (boundary: number) => number {
  const resolved = marks.filter(({ kind }) => kind === 'resolved');
  const counts = Array.from({ length: ops.length + 1 }, (_, boundary) => resolved.filter(({ afterOp }) => afterOp <= boundary).length);
  return (boundary) => counts[boundary] ?? 0;
}
