/**
 * The hash that identifies a crash state: two independent lanes of 32 bits.
 *
 * In each lane, a tree's hash is a sum of one term per path, and a file's hash a sum of one term per block, so an update costs only
 * what changed. Among a million different trees, a collision occurs about once in 30 million runs.
 */
export interface Hash {
  readonly a: number;
  readonly b: number;
}

export const NO_HASH: Hash = { a: 0, b: 0 };

/** The last step of MurmurHash3: every bit of the input changes every bit of the output. */
function finish(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}

/** The term of `value` at `key`, one function per lane. The arguments are not interchangeable. */
const termA = (key: number, value: number): number => finish(Math.imul(key, 0x9e3779b1) ^ Math.imul(value, 0x2c1b3c6d) ^ 0x51ed270b);
const termB = (key: number, value: number): number => finish(Math.imul(key, 0x297a2d39) ^ Math.imul(value, 0x7feb352d) ^ 0x68e31da4);

export function term(key: Hash, value: Hash): Hash {
  return { a: termA(key.a, finish(value.a)), b: termB(key.b, finish(value.b)) };
}

export function plus(left: Hash, right: Hash): Hash {
  return { a: (left.a + right.a) | 0, b: (left.b + right.b) | 0 };
}

export function minus(left: Hash, right: Hash): Hash {
  return { a: (left.a - right.a) | 0, b: (left.b - right.b) | 0 };
}

/** MurmurHash3 of bytes, once per lane. */
export function hashOfBytes(bytes: Uint8Array): Hash {
  let a = 0x3c6ef372;
  let b = 0x1b873593;
  const whole = bytes.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24) | 0;
    a = mixWord(a, Math.imul(word, 0xcc9e2d51));
    b = mixWord(b, Math.imul(word ^ 0x5bd1e995, 0x38b34ae5));
  }
  let rest = 0;
  for (let at = whole; at < bytes.length; at += 1) rest = (rest << 8) | (bytes[at] ?? 0);
  a = mixWord(a, Math.imul(rest, 0xcc9e2d51));
  b = mixWord(b, Math.imul(rest ^ 0x5bd1e995, 0x38b34ae5));
  return { a: finish(a ^ bytes.length), b: finish(b ^ Math.imul(bytes.length, 0x27d4eb2f)) };
}

function mixWord(hash: number, word: number): number {
  const mixed = hash ^ Math.imul((word << 15) | (word >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

export function hashOfText(text: string): Hash {
  return hashOfBytes(Buffer.from(text));
}

/** 16 hex digits. */
export function hashText({ a, b }: Hash): string {
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0');
}
