/**
 * Verdicts on states, cached by tree and number of acknowledged steps.
 *
 * The exploration of the cell has judged all its states, so a state of an edited trace whose tree the cell has too, after the same
 * acknowledgements, is decided by its hash. Only new trees are judged, up to a limit.
 */
import type { Trace } from '../../../domain/trace.ts';
import { acknowledgedAt } from '../../../judge/promise.ts';
import { powerLossStates, STATE_LIMIT } from '../../../persistence/power-loss.ts';
import type { PowerLossState } from '../../../persistence/state.ts';
import { type EnumeratedTree, promisesOf } from '../loss-space.ts';
import type { AskedState, LossQuestion } from './question.ts';

/** New trees to judge at most in one search. Each costs about 0.3 ms. */
const MAX_NEW_TREES = 1000;
/** An edited trace is explored exhaustively up to GROWTH times the states of the cell, and at least up to MIN_LIMIT states. */
const GROWTH = 4;
const MIN_LIMIT = 2000;
/** States of an edited trace to sample if the cell itself was sampled. */
const SAMPLE = 1000;
/** New trees to judge per call. */
const BATCH = 64;

/** The result of a search for a failing state. `states`: how many were explored. */
export type SearchResult =
  | { readonly kind: 'none'; readonly coverage: 'exhaustive' | 'sampled'; readonly states: number }
  | { readonly kind: 'found'; readonly state: PowerLossState; readonly states: number }
  /** There are more new trees than the limit, and none judged so far fails. */
  | { readonly kind: 'undecided'; readonly states: number };

/** What the cell enumerated. */
export interface Enumerated {
  readonly trees: readonly EnumeratedTree[];
  readonly coverage: 'exhaustive' | 'sampled';
}

export class VerdictCache {
  readonly question: LossQuestion;
  /** Whether all states of the cell were judged, or a sample. */
  readonly coverage: 'exhaustive' | 'sampled';
  readonly #explored: number;
  readonly #verdicts = new Map<string, boolean>();
  /** The keys of the failing states that were passed in. */
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

  /** For a sampled cell, about as many states as can be judged are enough. */
  get #limit(): number {
    const { limit = STATE_LIMIT } = this.question.options;
    return this.coverage === 'sampled' ? Math.min(limit, SAMPLE) : Math.min(limit, Math.max(GROWTH * this.#explored, MIN_LIMIT));
  }

  /** Whether each state fails after its acknowledged steps. */
  async fails(asked: readonly AskedState[]): Promise<readonly boolean[]> {
    const unknown = asked.filter(({ state, acknowledged }) => !this.#verdicts.has(keyOf(state, acknowledged)));
    if (unknown.length > 0) {
      const answers = await this.question.fails(unknown);
      for (const [index, { state, acknowledged }] of unknown.entries())
        this.#verdicts.set(keyOf(state, acknowledged), answers[index] ?? true);
    }
    return asked.map(({ state, acknowledged }) => this.#verdicts.get(keyOf(state, acknowledged)) ?? true);
  }

  /** Whether a state of the cell fails at its boundary. */
  async stateFails(state: PowerLossState): Promise<boolean> {
    const [fails = true] = await this.fails([{ state, acknowledged: acknowledgedAt(this.question.trace, state.boundary) }]);
    return fails;
  }

  /** Explores another trace for a failing state; with `besides known`, for one that does not fail in the cell already. */
  async search(trace: Trace, what: 'any' | 'besides known' = 'any', maxNew = MAX_NEW_TREES): Promise<SearchResult> {
    const { profile, options } = this.question;
    const states = powerLossStates(trace, profile, { ...options, limit: this.#limit });
    const acknowledged = promisesOf(trace);
    let [explored, judged] = [0, 0];
    let pending: AskedState[] = [];
    const judgePending = async (): Promise<PowerLossState | undefined> => {
      const answers = await this.fails(pending);
      const found = pending[answers.indexOf(true)]?.state;
      judged += pending.length;
      pending = [];
      return found;
    };
    for (const state of states) {
      explored += 1;
      const item = { state, acknowledged: acknowledged(state.boundary) };
      const key = keyOf(state, item.acknowledged);
      const known = this.#verdicts.get(key);
      if (known === false || (known === true && what === 'besides known' && this.#failing.has(key))) continue;
      if (known === true) return { kind: 'found', state, states: explored };
      if (judged + pending.length >= maxNew) {
        const found = await judgePending();
        return found === undefined ? { kind: 'undecided', states: explored } : { kind: 'found', state: found, states: explored };
      }
      if (pending.push(item) < BATCH) continue;
      const found = await judgePending();
      if (found !== undefined) return { kind: 'found', state: found, states: explored };
    }
    const found = await judgePending();
    if (found !== undefined) return { kind: 'found', state: found, states: explored };
    return { kind: 'none', coverage: states.coverage.kind, states: explored };
  }
}

const keyOf = ({ hash }: Pick<PowerLossState, 'hash'>, acknowledged: number): string => `${acknowledged} ${hash}`;
