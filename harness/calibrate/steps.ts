/** How long the searches of `allows` may take. */

/** Steps of one search after which it gives up. */
const MAX_STEPS = 200_000;

/** It would take too long to tell whether a profile allows a tree. */
export class Undecided extends Error {
  override readonly name = 'Undecided';

  constructor(what: string) {
    super(`after ${MAX_STEPS} steps it is still open whether ${what}`);
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
