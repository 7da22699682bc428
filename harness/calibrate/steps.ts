/** The step limit of the searches of `allows`. */

/** A search gives up after this many steps. */
const MAX_STEPS = 200_000;

/** The search for whether a profile allows a tree took too long. */
export class Undecided extends Error {
  override readonly name = 'Undecided';

  constructor(what: string) {
    super(`undecided after ${MAX_STEPS} steps: whether ${what}`);
  }
}

/** Counts the steps of a search. */
export class Steps {
  #left = MAX_STEPS;
  readonly #what: string;

  constructor(what: string) {
    this.#what = what;
  }

  take(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new Undecided(this.#what);
  }
}
