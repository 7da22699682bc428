/**
 * The crash states of power loss as the pipeline takes them: those of whole pages first, then those in which a write is torn
 * at sectors and that pages alone do not give.
 */

import type { Trace } from '../../domain/trace.ts';
import type { LossState } from '../../explore/crash-state.ts';
import { historyOf } from '../../persistence/actions.ts';
import { hashOfTree } from '../../persistence/disk.ts';
import { hashText } from '../../persistence/hash.ts';
import type { Unit } from '../../persistence/micro-op.ts';
import { type Coverage, powerLossStates, rebuild } from '../../persistence/power-loss.ts';
import type { ProfileName } from '../../persistence/profile.ts';
import { PROFILES } from '../../persistence/profiles.ts';
import type { PowerLossState } from '../../persistence/state.ts';
import { parseDetail } from '../../persistence/state-id.ts';

/** Distinct states of a cell up to which all are judged, unless the run says otherwise; of torn ones as many again. */
export const STATES_PER_CELL = 10_000;

export interface LossOptions {
  /** Distinct states up to which all are told. */
  readonly limit: number;
  /** For the states that are drawn beyond the limit. */
  readonly seed: number;
  /** Whole pages only: no write is torn at sectors. */
  readonly wholePages?: boolean;
}

/** How much of what a profile allows was told: by whole pages, and torn at sectors. */
export interface LossCoverage {
  readonly pages: Coverage;
  readonly sectors?: Coverage;
}

export interface LossStates {
  readonly states: readonly LossState[];
  readonly points: number;
  readonly coverage: LossCoverage;
}

/** Throws NotReplayable where the model cannot follow the trace. */
export function lossStates(trace: Trace, profile: ProfileName, { limit, seed, wholePages = false }: LossOptions): LossStates {
  const rules = PROFILES[profile];
  const pages = powerLossStates(trace, rules, { limit, seed, unit: 4096 });
  const sectors = wholePages ? undefined : powerLossStates(trace, rules, { limit, seed, unit: 512 });
  const promises = promisesOf(trace);
  const states: LossState[] = [];
  const known = new Set<string>();
  for (const state of pages) {
    known.add(`${promises(state.boundary)} ${state.hash}`);
    states.push(lossState(state, 4096));
  }
  for (const state of sectors ?? []) {
    // The hash of a tree depends on the unit: by pages, it tells whether the tree was there before.
    const torn = lossState(state, 512);
    if (!known.has(`${promises(state.boundary)} ${hashText(hashOfTree(torn.tree))}`)) states.push(torn);
  }
  states.sort((one, other) => one.at.op - other.at.op);
  return { states, points: trace.ops.length + 1, coverage: { pages: pages.coverage, ...(sectors && { sectors: sectors.coverage }) } };
}

/** One state by its boundary and the rest of its case id. Throws NoSuchState. */
export function lossStateNamed(trace: Trace, profile: ProfileName, boundary: number, detail: string, options: LossOptions): LossState {
  const unit = detail.startsWith('lost512=') ? 512 : 4096;
  const tree = rebuild(trace, PROFILES[profile], boundary, detail, { ...options, unit });
  const { actions, start } = historyOf(trace, unit);
  const id = parseDetail(detail);
  const parts = id?.kind === 'lost' ? id.parts : [];
  const lost = parts.flatMap(({ op, part }) =>
    (actions[op - 1]?.microOps ?? []).filter((microOp) => part === 'all' || microOp.part === part),
  );
  return lossState({ boundary, detail, lost, hash: hashText(hashOfTree(tree, unit)), disk: start, toTree: () => tree }, unit);
}

export function lossState(loss: PowerLossState, unit: Unit): LossState {
  const at = { op: loss.boundary };
  return { how: 'power-lost', at, loss, unit, tree: loss.toTree(), promisedAt: loss.boundary, points: [at] };
}

/** How many steps had resolved at a boundary, for whoever asks of many: a mark between two ops belongs to the boundary where it stands. */
export function promisesOf({ ops, marks }: Trace): (boundary: number) => number {
  const resolved = marks.filter(({ kind }) => kind === 'resolved');
  const counts = Array.from({ length: ops.length + 1 }, (_, boundary) => resolved.filter(({ afterOp }) => afterOp <= boundary).length);
  return (boundary) => counts[boundary] ?? 0;
}
