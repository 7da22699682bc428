/**
 * The smallest loss that still fails: what must be missing after a power cut for the store to break its promise.
 *
 * Method: if a complete tree of the run fails, nothing has to be lost. Otherwise the search starts from the failing state with the
 * fewest lost ops and restores as much as possible, first whole ops, then parts, wherever the profile allows the remaining loss. Then
 * it finds the earliest boundary at which that loss fails. The op or acknowledgement at that boundary made the loss visible: it is
 * what landed without the rest. The result is minimal: nothing more can be restored. A loss of other ops may be equally small.
 */
import { NoSuchCase } from '../../../domain/errors.ts';
import type { Op, Tree } from '../../../domain/trace.ts';
import { acknowledgedAt } from '../../../judge/promise.ts';
import { diskOf, hashOfTree } from '../../../persistence/disk.ts';
import { hashText } from '../../../persistence/hash.ts';
import type { MicroOp } from '../../../persistence/micro-op.ts';
import { Names } from '../../../persistence/namespace.ts';
import { powerLossStates, rebuild } from '../../../persistence/power-loss.ts';
import type { PowerLossState } from '../../../persistence/state.ts';
import { detailOf } from '../../../persistence/state-id.ts';
import { smallestPart } from './minimise.ts';
import { type LossQuestion, marksAt } from './question.ts';
import type { VerdictCache } from './verdict-cache.ts';

/** What an op changes of a file or directory, and what can be lost. */
type Aspect = 'data' | 'size' | 'name' | 'mode';

/** An op that did not reach the disk, or only in part. */
export interface LostOp {
  readonly op: Op;
  readonly extent: 'whole' | 'part';
  readonly aspects: readonly Aspect[];
}

/** What made a loss visible: the last event before the power failed. */
export type Landed =
  | { readonly kind: 'op'; readonly op: Op }
  /** The rest of the op is among what is lost. */
  | { readonly kind: 'part of op'; readonly op: Op }
  /** The step was acknowledged, after this op if any. Before that, the same tree did not fail. */
  | { readonly kind: 'acknowledgement'; readonly step: number; readonly after: Op | undefined }
  /** It fails before the first op. */
  | { readonly kind: 'start' };

export type SmallestLoss =
  /** Ops are lost though a later op landed, or the step was acknowledged. */
  | { readonly kind: 'lost'; readonly state: PowerLossState; readonly lost: readonly LostOp[]; readonly landed: Landed }
  /** Nothing is lost, and the complete tree fails. `until`: the op after which it no longer fails. */
  | { readonly kind: 'crash-alone'; readonly state: PowerLossState; readonly landed: Landed; readonly until: Op | undefined };

/** Lost parts are restored one by one only up to this number: each costs one rebuilt state. */
const MAX_PARTS = 64;

/** `failing`: all failing states of the cell, at least one. `verdicts`: pass it if you already have it. */
export async function smallestLoss(
  question: LossQuestion,
  failing: readonly PowerLossState[],
  verdicts: VerdictCache,
): Promise<SmallestLoss> {
  const [first] = failing;
  if (first === undefined) throw new Error('only a failing state can be explained');
  const reduction = new Reduction(question, verdicts);
  return (await reduction.crashAlone()) ?? reduction.from(failing.reduce(simpler, first));
}

/** The state that is easier to explain: with fewer lost ops, then fewer lost parts, then an earlier boundary. */
export function simpler(a: PowerLossState, b: PowerLossState): PowerLossState {
  const [weightsA, weightsB] = [weightOf(a), weightOf(b)];
  const at = weightsA.findIndex((weight, index) => weight !== weightsB[index]);
  return at < 0 || (weightsA[at] ?? 0) < (weightsB[at] ?? 0) ? a : b;
}

function weightOf(state: PowerLossState): readonly (number | string)[] {
  const { lost } = state;
  return [opsOf(lost).length, lost.length, state.boundary, partsOf(lost)]; // not the hash: it differs from run to run, because contents do
}

class Reduction {
  readonly #question: LossQuestion;
  readonly #verdicts: VerdictCache;
  readonly #actions: ReturnType<typeof powerLossStates>['history']['actions'];

  constructor(question: LossQuestion, verdicts: VerdictCache) {
    const { trace, profile, options } = question;
    this.#question = question;
    this.#verdicts = verdicts;
    this.#actions = powerLossStates(trace, profile, options).history.actions;
  }

  async crashAlone(): Promise<SmallestLoss | undefined> {
    const { trace } = this.#question;
    const fails = await this.#verdicts.fails(
      this.#boundaries(0).map((boundary) => ({
        state: this.#stateOf(boundary, [], trace.trees[boundary] ?? new Map()),
        acknowledged: acknowledgedAt(trace, boundary),
      })),
    );
    const boundary = fails.indexOf(true);
    if (boundary < 0) return undefined;
    const state = this.#stateOf(boundary, [], trace.trees[boundary] ?? new Map());
    const mended = fails.indexOf(false, boundary);
    return { kind: 'crash-alone', state, landed: await this.#landed(state), until: mended < 0 ? undefined : trace.ops[mended - 1] };
  }

  async from(start: PowerLossState): Promise<SmallestLoss> {
    let state = start;
    for (let before = ''; before !== `${state.boundary} ${partsOf(state.lost)}`; ) {
      before = `${state.boundary} ${partsOf(state.lost)}`;
      state = await this.#withFewerOps(state);
      state = await this.#withFewerParts(state);
      state = await this.#earliest(state);
    }
    return { kind: 'lost', state, lost: this.lostOps(state.lost), landed: await this.#landed(state) };
  }

  lostOps(lost: readonly MicroOp[]): readonly LostOp[] {
    return lostOps(lost, (op) => this.#actions[op.index - 1]?.microOps.length ?? 0);
  }

  async #withFewerOps(state: PowerLossState): Promise<PowerLossState> {
    const { boundary, lost } = state;
    const partsLost = (ops: readonly Op[]): readonly MicroOp[] => lost.filter(({ op }) => ops.includes(op));
    const ops = await smallestPart(opsOf(lost), (kept) => this.#fails(boundary, partsLost(kept)));
    return this.#tryState(boundary, partsLost(ops)) ?? state;
  }

  async #withFewerParts(state: PowerLossState): Promise<PowerLossState> {
    const { boundary, lost } = state;
    if (lost.length === opsOf(lost).length || lost.length > MAX_PARTS) return state;
    let parts = await smallestPart(lost, (kept) => this.#fails(boundary, kept));
    const smallest = this.#tryState(boundary, parts);
    if (smallest === undefined) return state;
    // Parts that the profile loses together and invisible parts stay lost: only visible parts count as restored.
    for (const part of lost.filter(({ op }) => parts.some((other) => other.op === op))) {
      if (parts.includes(part)) continue;
      const more = lost.filter((other) => other === part || parts.includes(other));
      if (this.#tryState(boundary, more)?.hash === smallest.hash) parts = more;
    }
    return this.#tryState(boundary, parts) ?? state;
  }

  async #earliest(state: PowerLossState): Promise<PowerLossState> {
    const { trace } = this.#question;
    const earlier = this.#boundaries(state.lost.at(-1)?.op.index ?? 0, state.boundary)
      .map((boundary) => this.#tryState(boundary, state.lost))
      .filter((found) => found !== undefined);
    const fails = await this.#verdicts.fails(
      earlier.map((found) => ({ state: found, acknowledged: acknowledgedAt(trace, found.boundary) })),
    );
    return earlier[fails.indexOf(true)] ?? state;
  }

  async #landed(state: PowerLossState): Promise<Landed> {
    const { trace } = this.#question;
    const { boundary, lost } = state;
    const op = trace.ops[boundary - 1];
    const mark = trace.marks.find(({ kind, afterOp }) => kind === 'resolved' && afterOp === boundary);
    if (mark !== undefined) {
      const before = acknowledgedAt(trace, boundary) - marksAt(trace, boundary);
      const [failedBefore] = await this.#verdicts.fails([{ state, acknowledged: before }]);
      if (failedBefore !== true) return { kind: 'acknowledgement', step: mark.step, after: op };
    }
    if (op === undefined) return { kind: 'start' };
    return { kind: lost.some((part) => part.op.index === op.index) ? 'part of op' : 'op', op };
  }

  #boundaries(from: number, to = this.#question.trace.ops.length): number[] {
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  }

  async #fails(boundary: number, lost: readonly MicroOp[]): Promise<boolean> {
    const state = this.#tryState(boundary, lost);
    return state !== undefined && this.#verdicts.stateFails(state);
  }

  /** Undefined if the profile does not allow exactly these to be lost. */
  #tryState(boundary: number, lost: readonly MicroOp[]): PowerLossState | undefined {
    const { trace, profile, options } = this.#question;
    try {
      const tree = rebuild(trace, profile, boundary, idOf(lost, options.unit ?? 4096), options);
      return this.#stateOf(boundary, lost, tree);
    } catch (error) {
      if (error instanceof NoSuchCase) return undefined;
      throw error;
    }
  }

  #stateOf(boundary: number, lost: readonly MicroOp[], tree: Tree): PowerLossState {
    const { unit = 4096 } = this.#question.options;
    const hash = hashText(hashOfTree(tree, unit));
    return {
      boundary,
      lost,
      hash,
      detail: detailOf(lost, this.#actions, unit, () => hash),
      get disk() {
        return diskOf(tree, unit, new Names(), []);
      },
      toTree: () => tree,
    };
  }
}

/**
 * The loss, op by op. `partsIn`: how many micro-ops an op has.
 * @internal
 */
export function lostOps(lost: readonly MicroOp[], partsIn: (op: Op) => number): readonly LostOp[] {
  return opsOf(lost).map((op) => {
    const parts = lost.filter((part) => part.op === op);
    const aspects = new Set(parts.map(({ effect }) => aspectOf(effect.kind)));
    return { op, extent: parts.length === partsIn(op) ? 'whole' : 'part', aspects: [...aspects] };
  });
}

function aspectOf(kind: MicroOp['effect']['kind']): Aspect {
  switch (kind) {
    case 'data':
    case 'mode':
      return kind;
    case 'grow':
    case 'resize':
      return 'size';
    case 'names':
      return 'name';
    default:
      return kind satisfies never;
  }
}

const opsOf = (lost: readonly MicroOp[]): readonly Op[] => [...new Set(lost.map(({ op }) => op))];
const partsOf = (lost: readonly MicroOp[]): string => lost.map(({ op, part }) => `${op.index}.${part}`).join('+');

/** As in a case id, but never abbreviated to a tree hash, which is not known yet. */
function idOf(lost: readonly MicroOp[], unit: number): string {
  if (lost.length === 0) return '';
  return `${unit === 512 ? 'lost512' : 'lost'}=${partsOf(lost)}`;
}
