/**
 * What is known of the states of a cell: which fail, and of which it has not been asked yet.
 *
 * Exploring the cell has judged each of its states, so a state of an edited trace, whose tree the cell has under the same
 * promise, is decided by its hash. Only trees that are new are asked about, and no more of them than a limit.
 */

import type { Trace } from '../../../domain/trace.ts';
import { powerLossStates, STATE_LIMIT } from '../../../persistence/power-loss.ts';
import type { PowerLossState } from '../../../persistence/state.ts';
import { type EnumeratedTree, promisesOf } from '../loss-space.ts';
import { type AskedState, acknowledgedAt, type LossQuestion } from './question.ts';

/** Trees that the cell does not have, and of which one search may ask. To judge one costs about 0.3 ms. */
const MAX_NEW_TREES = 1000;
/** An edited trace is explored exhaustively up to this many times the states of the cell, and at least up to the second number. */
const GROWTH = 4;
const MIN_LIMIT = 2000;
/** How many states of an edited trace are looked at where the cell itself is known by a sample. */
const SAMPLE = 1000;
/** New trees that are asked about at a time. */
const ASKED_AT_A_TIME = 64;

/** What a search for a failing state came to. `states` is how many were looked at. */
export type SearchResult =
  | { readonly kind: 'none'; readonly coverage: 'exhaustive' | 'sampled'; readonly states: number }
  | { readonly kind: 'found'; readonly state: PowerLossState; readonly states: number }
  /** More trees are new than may be asked about, and none so far fails. */
  | { readonly kind: 'undecided'; readonly states: number };

/** What the cell enumerated. */
export interface Enumerated {
  readonly trees: readonly EnumeratedTree[];
  readonly coverage: 'exhaustive' | 'sampled';
}

export class VerdictCache {
  readonly question: LossQuestion;
  /** Whether all states of the cell were judged. */
  readonly coverage: 'exhaustive' | 'sampled';
  readonly #explored: number;
  readonly #verdicts = new Map<string, boolean>();
  /** Those that the cell was found with. */
  readonly #failing: ReadonlySet<string>;

  /** `enumerated`: every tree of the cell; `failing`: every state of it that was found to fail. */
  constructor(question: LossQuestion, enumerated: Enumerated, failing: readonly PowerLossState[]) {
    this.question = question;
    const acknowledged = promisesOf(question.trace);
    for (const tree of enumerated.trees) this.#verdicts.set(keyOf(tree, acknowledged(tree.boundary)), false);
    this.#explored = this.#verdicts.size;
    this.#failing = new Set(failing.map((state) => keyOf(state, acknowledged(state.boundary))));
    for (const key of this.#failing) this.#verdicts.set(key, true);
    this.coverage = enumerated.coverage;
  }

  /** A sample of a sampled cell needs no more than the few states that can be judged. */
  get #limit(): number {
    const { limit = STATE_LIMIT } = this.question.options;
    return this.coverage === 'sampled' ? Math.min(limit, SAMPLE) : Math.min(limit, Math.max(GROWTH * this.#explored, MIN_LIMIT));
  }

  /** Whether each state fails under its promise. */
  async fails(asked: readonly AskedState[]): Promise<readonly boolean[]> {
    const unknown = asked.filter(({ state, acknowledged }) => !this.#verdicts.has(keyOf(state, acknowledged)));
    if (unknown.length > 0) {
      const answers = await this.question.fails(unknown);
      for (const [index, { state, acknowledged }] of unknown.entries())
        this.#verdicts.set(keyOf(state, acknowledged), answers[index] ?? true);
    }
    return asked.map(({ state, acknowledged }) => this.#verdicts.get(keyOf(state, acknowledged)) ?? true);
  }

  /** Whether a state of the cell fails where it stands. */
  async stateFails(state: PowerLossState): Promise<boolean> {
    const [fails = true] = await this.fails([{ state, acknowledged: acknowledgedAt(this.question.trace, state.boundary) }]);
    return fails;
  }

  /** Explores another trace until it finds a state that fails; with `besides known`, one that the cell does not have as failing. */
  async search(trace: Trace, what: 'any' | 'besides known' = 'any', maxNew = MAX_NEW_TREES): Promise<SearchResult> {
    const { profile, options } = this.question;
    const states = powerLossStates(trace, profile, { ...options, limit: this.#limit });
    const acknowledged = promisesOf(trace);
    let [looked, asked] = [0, 0];
    let pending: AskedState[] = [];
    const judgePending = async (): Promise<PowerLossState | undefined> => {
      const answers = await this.fails(pending);
      const found = pending[answers.indexOf(true)]?.state;
      asked += pending.length;
      pending = [];
      return found;
    };
    for (const state of states) {
      looked += 1;
      const item = { state, acknowledged: acknowledged(state.boundary) };
      const key = keyOf(state, item.acknowledged);
      const known = this.#verdicts.get(key);
      if (known === false || (known === true && what === 'besides known' && this.#failing.has(key))) continue;
      if (known === true) return { kind: 'found', state, states: looked };
      if (asked + pending.length >= maxNew) {
        const found = await judgePending();
        return found === undefined ? { kind: 'undecided', states: looked } : { kind: 'found', state: found, states: looked };
      }
      if (pending.push(item) < ASKED_AT_A_TIME) continue;
      const found = await judgePending();
      if (found !== undefined) return { kind: 'found', state: found, states: looked };
    }
    const found = await judgePending();
    if (found !== undefined) return { kind: 'found', state: found, states: looked };
    return { kind: 'none', coverage: states.coverage.kind, states: looked };
  }
}

const keyOf = ({ hash }: Pick<PowerLossState, 'hash'>, acknowledged: number): string => `${acknowledged} ${hash}`;
