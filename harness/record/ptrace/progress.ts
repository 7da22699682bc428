/** Where a run is in the order that it follows, and where it is to be killed. */
import type { RawEnd } from '../../domain/events.ts';
import { isMapwriteKey, isMarkKey, isNext } from '../order.ts';
import type { TracerOrder, TracerPlan } from './protocol.ts';

export class Progress {
  readonly #plan: TracerPlan;
  readonly #keys: readonly string[];
  /** The op up to which a `fault` plan follows the order. */
  #firstFaulty: number;
  #events = 0;
  #ops = 0;
  /** The process goes on as it likes. */
  #isFree = false;

  constructor(plan: TracerPlan, order: TracerOrder | undefined, firstFaulty = 0) {
    this.#plan = plan;
    this.#keys = order?.keys ?? [];
    this.#firstFaulty = firstFaulty;
  }

  get ops(): number {
    return this.#ops;
  }

  /** The next event of the order. */
  get #expected(): string | undefined {
    return this.#keys[this.#events];
  }

  /** The end of a run of which these calls, and no other, want to come next. */
  divergedBy(keys: readonly string[]): RawEnd {
    return { kind: 'end', how: 'diverged', at: this.#events, expected: this.#expected ?? 'the end', got: keys.join(', or ') };
  }

  /** Whether this event may come now. */
  allows(key: string): boolean {
    const plan = this.#plan;
    if (this.#isFree) return true;
    const follows = plan.kind === 'fault' ? this.#ops < this.#firstFaulty : plan.kind !== 'observe';
    return !follows || isNext(this.#keys, this.#events, key, plan.kind === 'follow' ? plan.matching : 'same');
  }

  /** Whether files may be mapped at the start. A run that repeats a recorded one up to its kill or end has it in its order. */
  get mayBeMapped(): boolean {
    const { kind } = this.#plan;
    return (kind !== 'kill' && kind !== 'cut') || this.#keys.some((key) => /^(?:mapwrite|msync|mmap) /.test(key));
  }

  onEvent(kind: 'op' | 'mark'): void {
    this.#events += 1;
    if (kind === 'op') this.#ops += 1;
  }

  /** Whether the kill comes before the op that is about to begin. A mark that is next belongs to this boundary, so the kill waits for it. */
  get killsBeforeOp(): boolean {
    return this.#isAtKill && !this.#isMarkNext;
  }

  /**
   * The signal by which the process is asked to quit before the op that is about to begin; as with a kill. From then on the process is free, also
   * where it asks itself and gets no signal.
   */
  signalBeforeOp(): NodeJS.Signals | undefined {
    const plan = this.#plan;
    if (this.#isFree || plan.kind !== 'asked' || plan.at !== this.#ops || this.#isMarkNext) return undefined;
    this.#isFree = true;
    return plan.signal;
  }

  get #isMarkNext(): boolean {
    return this.#expected !== undefined && isMarkKey(this.#expected);
  }

  /**
   * Whether the kill comes here, because stores to a mapped file are next: they are no call at whose entry the process could be killed, so it is
   * killed where the last call before them returns.
   */
  get killsBeforeStores(): boolean {
    return this.#isAtKill && this.#expected !== undefined && isMapwriteKey(this.#expected);
  }

  get #isAtKill(): boolean {
    return this.#plan.kind === 'kill' && this.#plan.at.bytes === undefined && this.#plan.at.op === this.#ops;
  }

  /** The bytes after which the kill comes inside the last op. */
  get killsAfterBytes(): number | undefined {
    return this.#plan.kind === 'kill' && this.#plan.at.op === this.#ops ? this.#plan.at.bytes : undefined;
  }
}
