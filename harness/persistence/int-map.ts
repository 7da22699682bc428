/**
 * An immutable map from small integers to values: a trie with 32 branches per level.
 *
 * `with` copies one short path and shares the rest, so that thousands of versions of a large file or directory cost only their
 * differences.
 */
type Branch<Value> = readonly (Branch<Value> | Value | undefined)[];

const BITS = 5;
const MASK = 31;

export class IntMap<Value extends object | number> {
  readonly #root: Branch<Value>;
  /** The number of bits above the lowest level. */
  readonly #shift: number;

  private constructor(root: Branch<Value>, shift: number) {
    this.#root = root;
    this.#shift = shift;
  }

  static empty<Value extends object | number>(): IntMap<Value> {
    return new IntMap<Value>([], 0);
  }

  get(key: number): Value | undefined {
    if (key >>> this.#shift > MASK) return undefined;
    let branch: Branch<Value> | undefined = this.#root;
    for (let shift = this.#shift; shift > 0 && branch !== undefined; shift -= BITS) {
      branch = branch[(key >>> shift) & MASK] as Branch<Value> | undefined; // above the lowest level there are only branches
    }
    return branch?.[key & MASK] as Value | undefined; // at the lowest level there are only values
  }

  /** The map with one key set, or removed if `value` is undefined. Keys are integers from 0. */
  with(key: number, value: Value | undefined): IntMap<Value> {
    let root = this.#root;
    let shift = this.#shift;
    while (key >>> shift > MASK) {
      root = [root];
      shift += BITS;
    }
    return new IntMap<Value>(put(root, shift, key, value), shift);
  }

  /** Keys and values, in key order. */
  entries(): readonly (readonly [number, Value])[] {
    const found: (readonly [number, Value])[] = [];
    walk(this.#root, this.#shift, 0, found);
    return found;
  }
}

function put<Value>(branch: Branch<Value>, shift: number, key: number, value: Value | undefined): Branch<Value> {
  const copy = branch.slice();
  const at = (key >>> shift) & MASK;
  copy[at] = shift === 0 ? value : put((copy[at] ?? []) as Branch<Value>, shift - BITS, key, value);
  return copy;
}

function walk<Value>(branch: Branch<Value>, shift: number, prefix: number, found: (readonly [number, Value])[]): void {
  for (let at = 0; at < branch.length; at += 1) {
    const child = branch[at];
    if (child === undefined) continue;
    const key = prefix | (at << shift);
    if (shift === 0) found.push([key, child as Value]);
    else walk(child as Branch<Value>, shift - BITS, key, found);
  }
}
