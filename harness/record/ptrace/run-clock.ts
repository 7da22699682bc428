/** How long a traced run may take as a whole, and how long something in it may wait. Times are in ms, on the clock of `now`. */

/** After this time without a syscall, a run with faults no longer counts as busy. */
const QUIET_AFTER_MS = 500;
/** How long calls may wait for the next one in the recorded order, with no other event, before the run counts as diverged. */
const STALL_MS = 2_000;

export class RunClock {
  readonly #timeoutMs: number;
  #deadline: number;
  #lastStop: number;
  /** Since when calls wait for the next one in the order. */
  stalledSince: number | undefined;
  /** Since when a process may not yet have learned that it is to quit. */
  unlearnedSince: number | undefined;

  constructor(now: number, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#deadline = now + timeoutMs;
    this.#lastStop = now;
  }

  /** The limit counts from now on. */
  restart(now: number): void {
    this.#deadline = now + this.#timeoutMs;
  }

  stopped(now: number): void {
    this.#lastStop = now;
  }

  isQuiet(now: number): boolean {
    return now - this.#lastStop > QUIET_AFTER_MS;
  }

  /** When something is overdue, if nothing happens until then. */
  get next(): number {
    const since = this.stalledSince ?? this.unlearnedSince;
    return since === undefined ? this.#deadline : Math.min(this.#deadline, since + STALL_MS);
  }

  overdue(now: number): 'run' | 'order' | 'learning' | undefined {
    const isStalled = (since: number | undefined): boolean => since !== undefined && now >= since + STALL_MS;
    if (now >= this.#deadline) return 'run';
    if (isStalled(this.stalledSince)) return 'order';
    return isStalled(this.unlearnedSince) ? 'learning' : undefined;
  }
}
