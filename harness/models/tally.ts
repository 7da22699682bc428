/** Counts the verdicts of a cell. */
import type { Subject } from '../bench/subject.ts';
import type { Outcome } from '../domain/store.ts';
import { treeKey } from '../domain/tree.ts';
import { isLoss } from '../judge/outcome.ts';
import type { Verdict } from '../recover/believe.ts';
import { violates } from './held.ts';
import type { Case, Cell, Tally } from './model.ts';

export class TallyCounter {
  readonly #violates: (outcome: Outcome) => boolean;
  readonly #outcomes: { [outcome in Outcome]?: number } = {};
  readonly #trees = new Map<Subject, Set<string>>();
  #states = 0;
  #violations = 0;

  constructor(cell: Cell) {
    this.#violates = violates(cell);
  }

  isViolation({ outcome }: { readonly outcome: Outcome }): boolean {
    return this.#violates(outcome);
  }

  /** A second crash is no state of its own, and counts if it loses. */
  add(verdict: Verdict<Case, unknown>): void {
    const { outcome, sighting, case: its } = verdict;
    if (!its.second || isLoss(outcome)) this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
    if (this.#violates(outcome)) this.#violations += 1;
    if (its.second) return;
    this.#states += 1;
    const trees = this.#trees.get(its.subject) ?? new Set();
    this.#trees.set(its.subject, trees.add(treeKey(sighting.tree)));
  }

  tally(): Tally {
    const distinct = [...this.#trees.values()].reduce((sum, trees) => sum + trees.size, 0);
    return { states: this.#states, distinct, violations: this.#violations, outcomes: this.#outcomes };
  }
}

export function tallyOf(cell: Cell, verdicts: readonly Verdict<Case, unknown>[]): Tally {
  const counter = new TallyCounter(cell);
  for (const verdict of verdicts) counter.add(verdict);
  return counter.tally();
}
