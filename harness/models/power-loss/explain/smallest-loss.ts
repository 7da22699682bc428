/**
 * The smallest loss that still fails: what must be missing after a power cut for the store to break its promise.
 *
 * Method: if some whole tree of the run fails, nothing has to be lost. Otherwise it begins with the failing state that lost the
 * fewest ops and puts back what it can, whole ops first and then parts of them, as far as the profile allows the rest to be lost
 * alone; then it looks for the earliest boundary at which that loss fails. What came at that boundary, an op or an
 * acknowledgement, made the loss visible: that is what landed without the rest. The result is minimal in that nothing more can
 * be put back; a loss of other ops may be as small.
 */

import type { Op, Tree } from '../../../domain/trace.ts';
import { diskOf, hashOfTree } from '../../../persistence/disk.ts';
import { hashText } from '../../../persistence/hash.ts';
import type { MicroOp } from '../../../persistence/micro-op.ts';
import { Names } from '../../../persistence/namespace.ts';
import { NoSuchState, powerLossStates, rebuild } from '../../../persistence/power-loss.ts';
import type { PowerLossState } from '../../../persistence/state.ts';
import { detailOf } from '../../../persistence/state-id.ts';
import { smallestPart } from './minimise.ts';
import { acknowledgedAt, type LossQuestion, marksAt } from './question.ts';
import type { VerdictCache } from './verdict-cache.ts';

/** What of a file or directory an op changes, and can lose. */
type Aspect = 'data' | 'size' | 'name' | 'mode';

/** An op that did not reach the disk, or not all of it. */
export interface LostOp {
  readonly op: Op;
  readonly extent: 'whole' | 'part';
  readonly aspects: readonly Aspect[];
}

/** What made a loss visible: the last thing that came before the power went. */
export type Landed =
  | { readonly kind: 'op'; readonly op: Op }
  /** Of an op: the rest of it is among what is lost. */
  | { readonly kind: 'part of op'; readonly op: Op }
  /** The step was acknowledged, after this op if any. Until then the same tree had been fine. */
  | { readonly kind: 'acknowledgement'; readonly step: number; readonly after: Op | undefined }
  /** It fails before the first op. */
  | { readonly kind: 'start' };

export type SmallestLoss =
  /** Some ops are lost though a later one landed, or was acknowledged. */
  | { readonly kind: 'lost'; readonly state: PowerLossState; readonly lost: readonly LostOp[]; readonly landed: Landed }
  /** All that was written is there, and that is what fails. `until`: the op after which it does not fail any more. */
  | { readonly kind: 'crash-alone'; readonly state: PowerLossState; readonly landed: Landed; readonly until: Op | undefined };

/** The lost parts of an op are put back one by one only if they are no more than this: each costs one rebuilt state. */
const MAX_PARTS = 64;

/** `failing`: all states of the cell that fail, at least one. `verdicts`: if the caller has them already. */
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

/** Of two states the one that is easier to explain: fewer lost ops, fewer parts of them, an earlier boundary. */
export function simpler(one: PowerLossState, other: PowerLossState): PowerLossState {
  const [mine, theirs] = [weightOf(one), weightOf(other)];
  const at = mine.findIndex((weight, index) => weight !== theirs[index]);
  return at < 0 || (mine[at] ?? 0) < (theirs[at] ?? 0) ? one : other;
}

function weightOf(state: PowerLossState): readonly (number | string)[] {
  const { lost } = state;
  return [opsOf(lost).length, lost.length, state.boundary, partsOf(lost)]; // not its hash, which differs from run to run as contents do
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
    const ops = await smallestPart(opsOf(lost), (some) => this.#fails(boundary, partsLost(some)));
    return this.#tryState(boundary, partsLost(ops)) ?? state;
  }

  async #withFewerParts(state: PowerLossState): Promise<PowerLossState> {
    const { boundary, lost } = state;
    if (lost.length === opsOf(lost).length || lost.length > MAX_PARTS) return state;
    let parts = await smallestPart(lost, (some) => this.#fails(boundary, some));
    const smallest = this.#tryState(boundary, parts);
    if (smallest === undefined) return state;
    // Parts that the profile loses together, and parts that nobody sees, belong to what is lost: only what shows was put back.
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

  /** Undefined where the profile does not allow just these to be lost. */
  #tryState(boundary: number, lost: readonly MicroOp[]): PowerLossState | undefined {
    const { trace, profile, options } = this.#question;
    try {
      const tree = rebuild(trace, profile, boundary, idOf(lost, options.unit ?? 4096), options);
      return this.#stateOf(boundary, lost, tree);
    } catch (error) {
      if (error instanceof NoSuchState) return undefined;
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

/** What was lost, op by op. `partsIn`: how many micro-ops an op has. */
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

/** As in a case id, but never abbreviated to the hash of a tree that is not known yet. */
function idOf(lost: readonly MicroOp[], unit: number): string {
  if (lost.length === 0) return '';
  return `${unit === 512 ? 'lost512' : 'lost'}=${partsOf(lost)}`;
}
