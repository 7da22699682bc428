/**
 * A set of hashes without an object per hash: open addressing in one typed array, at most 16 bytes per state.
 */
const SMALLEST = 1 << 10;

export class HashSet {
  /** Two words per slot; both 0: empty. */
  #slots = new Int32Array(2 * SMALLEST);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns whether the hash is new. The hash (0, 0) is stored as (0, 1). */
  add(a: number, b: number): boolean {
    const second = a === 0 && b === 0 ? 1 : b;
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    for (let at = a & mask; ; at = (at + 1) & mask) {
      const foundA = slots[2 * at] ?? 0;
      const foundB = slots[2 * at + 1] ?? 0;
      if (foundA === 0 && foundB === 0) {
        slots[2 * at] = a;
        slots[2 * at + 1] = second;
        this.#size += 1;
        if (this.#size * 2 > mask) this.#grow();
        return true;
      }
      if (foundA === a && foundB === second) return false;
    }
  }

  clear(): void {
    this.#slots = new Int32Array(2 * SMALLEST);
    this.#size = 0;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    this.#size = 0;
    for (let at = 0; at < old.length; at += 2) {
      const [a = 0, b = 0] = [old[at], old[at + 1]];
      if (a !== 0 || b !== 0) this.add(a, b);
    }
  }
}
